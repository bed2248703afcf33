"""`gdrun claims`: the table, one claim in full, JSON, and commands that work."""

import json
import re
import shlex

import pytest

from gdrun.cli.options import as_options
from gdrun.insight.claims import CLAIMS

QUICK = ("clipping-rate", "decrease", "zigzag")


@pytest.fixture
def quick(monkeypatch):
    """Only claims that take little time."""
    for name in CLAIMS.keys() - set(QUICK):
        monkeypatch.delitem(CLAIMS, name)


@pytest.mark.longer
@pytest.mark.parametrize("width", ["80", "40"])
def test_the_claims_are_listed_by_chapter(gdrun, quick, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    answer = gdrun("claims")
    assert (answer.code, answer.err) == (0, "")
    page = answer.page
    assert max(map(len, page.splitlines())) <= int(width)
    heads = [line for line in page.splitlines() if re.match("chapter |  (holds|fails|corr)", line)]
    assert [head.split(":")[0] for head in heads] == [
        "chapter 2",
        "  corrected  decrease",
        "chapter 6.1",
        "  corrected  clipping-rate",
        "chapter 7",
        "  corrected  zigzag",
    ]
    flat = " ".join(page.split())
    assert re.search(r"3 claims in .*: holds 0, fails 0, corrected 3$", flat)
    assert "corrected it holds only in the form that the measurement gives" in flat


def test_one_claim_in_full(gdrun):
    answer = gdrun("claims", "batch-variance")
    assert (answer.code, answer.err) == (0, "")
    assert "verdict     corrected\n" in answer.out
    assert answer.out.endswith("\ngdrun theory dataset=iris model=softmax --noise\n")


def test_json(gdrun):
    (claim,) = json.loads(gdrun("claims", "unbiased", "--json").out)
    assert claim.keys() >= {"name", "chapter", "verdict", "numbers", "seeds", "seconds"}
    assert (claim["name"], claim["chapter"], claim["verdict"]) == ("unbiased", "3B", "holds")
    assert claim["commands"] == ["gdrun theory dataset=iris model=softmax --noise"]


@pytest.mark.longer
def test_claims_are_found_by_a_word_and_by_their_chapter(gdrun, quick):
    def found(word):
        return {each["name"] for each in json.loads(gdrun("claims", word, "--json").out)}

    assert found("Clipping") == {"clipping-rate"}
    chapters = {CLAIMS[name].chapter for name in QUICK}
    for chapter in chapters:
        assert found(chapter) == {name for name in QUICK if CLAIMS[name].chapter == chapter}


def test_an_unknown_claim(gdrun):
    answer = gdrun("claims", "batchvariance")
    assert answer.code == 2
    assert answer.err == (
        "error: no claim is called or mentions 'batchvariance'\n"
        "hint: did you mean batch-variance or batch-size?\n"
    )


# Of each kind of command one claim: a run that diverges, theory of a run, seeds, and studies.
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["decrease", "smooth-rate", "warmup-saves", "batch-variance", "fixed-rates", "smoothness"],
)
def test_the_commands_can_be_typed(gdrun, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finding, _ = CLAIMS[name].measure()
    for command in finding.commands:
        answer = gdrun(*shlex.split(as_options(command))[1:])
        assert (answer.code, answer.err) in ((0, ""), (3, "")), command


@pytest.mark.slow
def test_the_commands_of_adam_best_show_the_rules_that_the_claim_names(
    gdrun, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    finding, _ = CLAIMS["adam-best"].measure()
    assert len(finding.commands) == 5
    for command in finding.commands:
        data = re.search(r"dataset=([\w-]+)", command)[1]
        shown = gdrun(*shlex.split(as_options(command))[1:]).out
        best = re.search(r"^best +optimizer=(\w+)", shown, re.MULTILINE)[1]
        assert f"{best} on {data}" in finding.measured
