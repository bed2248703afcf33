"""The README shows what the program prints."""

import re

import pytest
from readme import README, ROOT, blocks, masked, output_of

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), blocks(TEXT), ids=lambda text: text[:40])
def test_a_command_prints_what_the_readme_shows(command, shown, tmp_path):
    assert masked(output_of(command, tmp_path)) == masked(shown)


def test_there_are_commands_to_hold():
    assert len(blocks(TEXT)) >= 2


def test_the_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", TEXT)) <= targets


def test_the_files_of_the_readme_exist():
    for name in re.findall(r"\bconfigs/[\w.-]+\.yaml", TEXT):
        assert (ROOT / name).is_file(), name
