"""What `import gdrun` offers: the public names, the version, and a cheap import."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gdrun

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


def test_dir_lists_the_public_names_and_nothing_else():
    assert dir(gdrun) == sorted([*gdrun.__all__, "__version__"])
    assert not [name for name in gdrun.__all__ if name.startswith("_")]


@pytest.mark.parametrize("name", dir(gdrun))
def test_every_public_name_can_be_had(name):
    assert getattr(gdrun, name) is not None


@pytest.mark.longer
def test_the_version_is_the_projects():
    words = [sys.executable, "-m", "gdrun", "--version"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert gdrun.__version__ == PROJECT["project"]["version"]
    first, second = printed.splitlines()
    assert first == f"gdrun {gdrun.__version__}"
    assert "C compiler: " in second


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import gdrun; new = sys.modules.keys() - before; "
        "print(sorted(new & {'numpy', 'pydantic', 'importlib.metadata'}))"
    )
    words = [sys.executable, "-c", code]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"
