"""`gdrun help` shows what --help shows."""

import pytest


@pytest.mark.longer
@pytest.mark.parametrize("words", [[], ["train"], ["config"], ["config", "new"], ["help"]])
def test_it_is_the_page_of_the_option(gdrun, words):
    answer = gdrun("help", *words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == gdrun(*words, "--help").out


def test_a_near_command_is_suggested(gdrun):
    answer = gdrun("help", "trian")
    assert answer.code == 2
    assert answer.err == "error: gdrun has no command 'trian'\nhint: did you mean train?\n"


def test_a_command_has_no_commands_of_its_own(gdrun):
    assert gdrun("help", "train", "lr").err == (
        "error: gdrun train has no command 'lr'\n"
        "hint: `gdrun help train` shows its arguments and options\n"
    )


def test_the_short_option_for_the_version(gdrun):
    assert gdrun("-V").out == gdrun("--version").out
