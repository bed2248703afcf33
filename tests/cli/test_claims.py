"""`gdrun claims`: the table, one claim in full, JSON, and commands that work."""

import json
import shlex

import pytest

from gdrun.cli.options import as_options
from gdrun.insight.claims import CLAIMS


@pytest.mark.slow
def test_the_table_has_every_claim(gdrun):
    answer = gdrun("claims")
    assert (answer.code, answer.err) == (0, "")
    for name in CLAIMS:
        assert f"\n{name} " in answer.out


def test_one_claim_in_full(gdrun):
    answer = gdrun("claims", "batch-variance")
    assert (answer.code, answer.err) == (0, "")
    assert "verdict   corrected" in answer.out
    assert answer.out.endswith("\ngdrun theory dataset=iris model=softmax --noise\n")


def test_json(gdrun):
    (claim,) = json.loads(gdrun("claims", "unbiased", "--json").out)
    assert claim.keys() >= {"name", "chapter", "verdict", "numbers", "seconds"}
    assert (claim["name"], claim["chapter"], claim["verdict"]) == ("unbiased", "3B", "holds")


def test_an_unknown_claim(gdrun):
    answer = gdrun("claims", "batchvariance")
    assert answer.code == 2
    assert answer.err == (
        "error: no claim is called 'batchvariance'\nhint: did you mean batch-variance?\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_the_commands_can_be_typed(gdrun, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finding, _ = CLAIMS[name].measure()
    for command in finding.commands:
        words = shlex.split(as_options(command))
        assert words[0] == "gdrun"
        answer = gdrun(*words[1:])
        assert (answer.code, answer.err) in ((0, ""), (3, ""))
