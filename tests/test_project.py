"""The dependencies in pyproject.toml: each extra is used, and each import is declared."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from hypothesis import settings
from test_layers import MODULES, ROOT, core_dependencies, foreign, imports_in, parse

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TESTS = ROOT / "tests"
TEST_FILES = sorted(TESTS.rglob("test_*.py"))

FOR_DEVELOPERS = {"dev": TESTS, "parity": TESTS / "parity", "bench": TESTS / "bench"}
"""Extras that no user needs, and where they are imported."""

TOOLS = {
    "pytest-xdist": "pytest -n auto",
    "ruff": "$(BIN)/ruff",
    "mypy": "$(BIN)/mypy",
    "types-pyyaml": "$(BIN)/mypy",
}
"""Packages that no test imports, and the words of the Makefile that use them."""

PROGRAMS = {"ziglang": ROOT / "gdrun" / "engine" / "compiled" / "compiler.py"}
"""Packages that gdrun runs as a program, and the module that names each."""


def requirements(lines):
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


EXTRAS = {name: requirements(lines) for name, lines in PROJECT["optional-dependencies"].items()}
FOR_USERS = {name: needed for name, needed in EXTRAS.items() if name not in FOR_DEVELOPERS}


def imported_by(paths):
    """The distributions that these files import, at once or in functions."""
    return foreign(module for path in paths for _, module in imports_in(parse(path)))


def extras_in_errors(tree):
    """The extras that errors of this module tell the user to install."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name("MissingExtraError"), args=[_, ast.Constant(value=extra), *_]
            ):
                yield extra


@pytest.mark.longer
def test_an_extra_for_users_holds_what_the_package_imports_or_runs():
    assert all(f'"{name}"' in path.read_text("utf-8") for name, path in PROGRAMS.items())
    assert set().union(*FOR_USERS.values()) <= imported_by(MODULES) | PROGRAMS.keys()


@pytest.mark.longer
def test_what_the_package_imports_is_a_core_dependency_or_of_an_extra():
    assert imported_by(MODULES) <= core_dependencies().union(*FOR_USERS.values())


@pytest.mark.longer
def test_an_extra_that_an_error_names_exists_and_every_extra_is_named():
    named = {extra for path in MODULES for extra in extras_in_errors(parse(path))}
    assert named == set(FOR_USERS)


@pytest.mark.longer
@pytest.mark.parametrize("extra", FOR_DEVELOPERS)
def test_an_extra_for_developers_holds_what_its_tests_use(extra):
    used = imported_by(FOR_DEVELOPERS[extra].rglob("*.py"))
    assert EXTRAS[extra] - TOOLS.keys() - PROGRAMS.keys() <= used


def test_the_makefile_uses_the_tools_that_no_test_imports():
    assert TOOLS.keys() <= EXTRAS["dev"]
    assert [name for name, words in TOOLS.items() if words not in MAKEFILE] == []


@pytest.mark.slow
def test_any_folders_of_tests_run_together():
    """Their other files are collected for doctests, several conftest.py among them."""
    folders = sorted({str(path.parent) for path in TEST_FILES} - {str(TESTS)})
    words = ["--collect-only", "-q", "-n0", "--ignore-glob=*/test_*.py", *folders[::-1]]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, check=False
    )
    ends = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert done.returncode in ends, done.stdout.decode()


def test_properties_share_one_profile():
    assert settings.get_current_profile_name() == "gdrun"
    assert [
        path for path in TEST_FILES if re.search(r"\bdeadline *=", path.read_text("utf-8"))
    ] == []


def test_the_licence_is_packaged():
    assert PROJECT["license-files"] == ["gdrun/LICENSE"]
    text = (ROOT / "gdrun" / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith(f"{PROJECT['license']} License\n")


def test_ci_runs_what_make_ci_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if "make" in line] == ["make ci"] == script[-1:]
    assert re.search(r"^ci: check test core\b", MAKEFILE, re.MULTILINE)


def test_the_hooks_before_a_commit_call_tools_of_the_environment():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (local,) = yaml.safe_load(text)["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert hook["language"] == "system"
        assert f"$(BIN)/{hook['entry']}" in MAKEFILE
