"""The README shows what the program prints."""

import re
import signal

import numpy as np
import pytest
import yaml
from readme import README, ROOT, blocks, masked, output_of

from gdrun.cli.gradcheck import CHECK_FAILED
from gdrun.cli.running import DIVERGED
from gdrun.config.loading import load
from gdrun.errors import GdrunError

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), blocks(TEXT), ids=lambda text: text[:40])
def test_a_command_prints_what_the_readme_shows(command, shown, tmp_path):
    assert masked(output_of(command, tmp_path)) == masked(shown)


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_a_config_of_the_readme_is_valid(text):
    load(yaml.safe_load(text))


@pytest.mark.slow
def test_the_python_of_the_readme_does_what_it_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"## From Python\n\n```python\n(.*?)```", TEXT, re.DOTALL)
    random = np.random.default_rng(0)
    names = {"X": random.normal(size=(40, 2)), "y": np.arange(40) % 2}
    exec(code, names)
    assert names["sweep"].results.shape == (9, 3)
    assert len(names["table"].ranking) == 3


def test_the_exit_codes_of_the_readme_are_the_programs():
    (codes,) = re.findall(r"^Exit codes: (.*?)\n\n", TEXT, re.DOTALL | re.MULTILINE)
    named = {int(code) for code in re.findall(r"(?:^|; | and )(\d+)(?= )", " ".join(codes.split()))}
    signals = {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert named == {0, 1, GdrunError.exit_code, DIVERGED, CHECK_FAILED, *signals}


def test_there_are_commands_to_hold():
    assert len(blocks(TEXT)) >= 2


def test_the_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", TEXT)) <= targets


def test_the_files_of_the_readme_exist():
    for name in re.findall(r"\bconfigs/[\w.-]+\.yaml", TEXT):
        assert (ROOT / name).is_file(), name
