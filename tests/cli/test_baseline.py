"""A baseline: all other contenders are compared with it alone."""

import json
import re
from math import comb

import numpy as np
import pytest
from study.cases import LOGISTIC

import gdrun
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError
from gdrun.study.judgement.pairs import Pair
from gdrun.views.comparison_notes import pair_words

CONTENDERS = ["mbgd", "bgd", "mbgd+lr=1e-5", "mbgd+lr=1e-4"]


@pytest.fixture(scope="module")
def found():
    return gdrun.compare(CONTENDERS, LOGISTIC, "epochs=2", seeds=6, baseline="bgd")


def test_every_other_contender_is_paired_with_the_baseline(found):
    pairs = [{pair.first, pair.second} for pair in found.pairs]
    assert len(pairs) == 3
    assert all("bgd" in pair for pair in pairs)
    assert set().union(*pairs) == set(CONTENDERS)
    everyone = gdrun.compare(CONTENDERS, LOGISTIC, "epochs=2", seeds=2)
    assert len(everyone.pairs) == 6


def test_holm_counts_only_the_tests_that_were_made(found):
    # Six wins of six have p = 2 / 2⁶; the smallest of three p-values is multiplied by 3, not by 6.
    assert min(pair.p for pair in found.pairs) == pytest.approx(3 * 2 / 64)


def test_the_pairs_count_the_seeds_of_the_results(found):
    values = dict(zip([each.name for each in found.contenders], found.results, strict=True))
    for pair in found.pairs:
        wins = int(np.sum(values[pair.first] < values[pair.second]))
        assert (pair.wins, pair.seeds) == (wins, 6)


@pytest.mark.parametrize(
    ("wins", "losses", "ties", "words"),
    [
        # Two-sided sign tests by hand: 2·(1 + 6)/2⁶ = 0.22, 2/2⁸ = 0.0078, 2·(1 + 8)/2⁸ = 0.070.
        (3, 3, 0, "no difference shown: a is better under 3 seeds, b under 3, p = 1"),
        (2, 3, 1, "no difference shown: a is better under 2 seeds, b under 3, 1 tied, p = 1"),
        (5, 1, 0, "no difference shown: a is better under 5 seeds, b under 1, p = 0.22"),
        (1, 0, 0, "no difference shown: a is better under 1 seed, b under 0, p = 1"),
        (7, 1, 0, "no difference shown: a is better under 7 seeds, b under 1, p = 0.07"),
        (8, 0, 0, "a is better than b under 8 of 8 seeds, p = 0.0078"),
        # The lower median does not decide: b wins 15 of 20, p = 2·21,700/2²⁰ = 0.041.
        (5, 15, 0, "b is better than a under 15 of 20 seeds, p = 0.041"),
    ],
)
def test_a_contender_is_called_better_only_if_p_is_small(wins, losses, ties, words):
    p = min(
        1.0,
        2
        * sum(comb(wins + losses, k) for k in range(min(wins, losses) + 1))
        / 2 ** (wins + losses),
    )
    assert pair_words(Pair("a", "b", wins, losses, ties, p)) == words


def test_a_baseline_must_be_a_contender():
    with pytest.raises(ConfigError) as caught:
        gdrun.compare(["bgd", "mbgd"], LOGISTIC, baseline="bdg")
    (problem,) = caught.value.problems
    assert (problem.where, problem.hint) == ("baseline", "did you mean bgd?")
    assert problem.what == "no contender is called 'bdg'"


@pytest.mark.longer
def test_the_baseline_and_the_best_contender_are_kept(gdrun, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    options = ("-c", str(path), "-o", str(tmp_path / "runs"), "--seeds", "2")
    names = ("bgd", "mbgd+lr=0.5", "mbgd+lr=1e-4")
    answer = gdrun("compare", *names, "--baseline", "bgd", "epochs=2", *options)
    assert answer.code == 0
    note = "baseline     bgd, with which every other contender is compared"
    assert note in answer.out.splitlines()
    (directory,) = (tmp_path / "runs").iterdir()
    record = json.loads((directory / "study.json").read_text())
    assert (record["baseline"], record["best"]) == ("bgd", record["ranking"][0]["name"])
    shown = gdrun("show", str(directory)).out.splitlines()
    assert note in shown
    assert [line for line in shown if line.startswith("pairs")] == [
        line for line in answer.out.splitlines() if line.startswith("pairs")
    ]


@pytest.mark.longer
def test_the_next_step_trains_the_best_contender(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    words = ("mbgd+lr=0.5", "mbgd+lr=1e-4", "-c", "small.yaml", "epochs=2", "--seeds", "1")
    for out in (gdrun("compare", *words).out, gdrun("show").out):
        (command,) = re.findall(r"^to train the best contender:\n  gdrun (.+)$", out, re.MULTILINE)
        assert gdrun(*command.split(), "-q").code == 0
    # The config has the rate of the contender that ended lower after two epochs.
    best = gdrun("config", "show", command.split()[1]).out
    assert "lr: 0.5" in best
    assert "to train" not in gdrun("compare", *words, "-q").out
