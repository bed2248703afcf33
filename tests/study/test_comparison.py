"""The table and the findings of a comparison."""

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest

import gdrun
from gdrun.errors import GdrunError
from gdrun.study.design.budgets import with_budget
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import contenders_of
from gdrun.study.design.tuning_plan import plan_tuning
from gdrun.study.judgement.metrics import Metric
from gdrun.study.run_studies import run_comparison
from gdrun.study.study import StudyContext
from gdrun.views import comparisons
from study.cases import LEAST_SQUARES, LOGISTIC
from study.comparisons import BASE, IRIS, row, shown


@pytest.fixture(scope="module")
def found():
    return gdrun.compare(
        ["bgd", "sgd", "mbgd", "mbgd+lr=1e6"], LOGISTIC, seeds=3, target="loss=0.5"
    )


@pytest.mark.longer
def test_every_row_counts_what_it_says(found):
    # 200 rows: an epoch is 1 step of 200 gradients, 200 of 1, or 7 of at most 32.
    per_epoch = {"bgd": (200, 1), "sgd": (1, 200), "mbgd": (32, 7)}
    for name, (batch, steps) in per_epoch.items():
        contender = row(found, name)
        assert contender.batch == batch
        epochs = contender.to_target["epochs"]
        if math.isfinite(epochs):
            assert contender.to_target["updates"] == epochs * steps
            assert contender.to_target["gradients"] == epochs * 200


def test_seconds_are_updates_at_the_pace_of_a_run_alone(found):
    mbgd = row(found, "mbgd")
    assert mbgd.pace > 0
    assert mbgd.to_target["seconds"] == mbgd.to_target["updates"] * mbgd.pace


def test_a_diverged_contender_keeps_its_row_and_never_gets_there(found):
    lost = row(found, "mbgd+lr=1e6")
    assert (lost.standing.diverged, lost.standing.rank, lost.reached) == (3, None, 0)
    assert set(lost.to_target.values()) == {math.inf}
    assert found.ranking[-1] is lost
    assert np.isnan(found.results[3]).all()


def test_contenders_share_split_order_and_start(found):
    starts = {row.standing.results[0].evals["validation_loss"][0] for row in found.contenders}
    assert len(starts) == 1


@pytest.mark.longer
def test_the_order_of_contenders_changes_nothing(found):
    again = gdrun.compare(["mbgd+lr=1e6", "mbgd", "sgd", "bgd"], LOGISTIC, seeds=3)
    assert [row.name for row in again.ranking] == [row.name for row in found.ranking]
    assert again.results[::-1] == pytest.approx(found.results, rel=1e-9, nan_ok=True)


def test_contenders_are_compared_seed_by_seed(found):
    # Four contenders make six pairs; their p-values are multiplied by six, the smallest first.
    names = [row.name for row in found.ranking]
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    assert list(pairs) == list(combinations(names, 2))
    for (first, second), pair in pairs.items():
        own, other = (row(found, name).standing.scores for name in (first, second))
        assert pair.wins == sum(a < b for a, b in zip(own, other, strict=True))
        assert pair.losses == sum(a > b for a, b in zip(own, other, strict=True))
        assert pair.p == 1.0  # three seeds: at least 2/8 · 6, cut at 1


def test_contenders_that_agree_in_four_digits_are_told_apart():
    """On a plateau the loss falls in the fifth digit, and only momentum reaches the target."""
    plateau = {"surface": {"name": "plateau", "start": [3, 3]}, "variant": "bgd"}
    words = ("lr=0.1", "epochs=30", "engine=numpy")
    found = gdrun.compare(["vanilla", "momentum"], plateau, *words)
    losses = [row.standing.spread.median for row in found.contenders]
    assert f"{losses[0]:.4g}" == f"{losses[1]:.4g}"
    lines = [line.split() for line in shown(found).splitlines()]
    texts = {
        line[1] for line in lines if line[:1] in (["vanilla"], ["momentum"]) and "0.99" in line[1]
    }
    assert len(texts) == 2
    (bound,) = [line[6] for line in lines if line[:3] == ["work", "to", "reach"]]
    # The printed target separates the printed losses.
    low, high = sorted(map(float, texts))
    assert low <= float(bound.rstrip(",")) < high


@pytest.mark.longer
def test_variants_of_a_noiseless_surface_differ_only_in_their_steps():
    bowl = {"surface": "bowl", "stopping": {"epochs": 2}, "engine": "numpy"}
    # 100 examples: one step of all of them, 100 of one each, and two of at most 64.
    steps = "steps per epoch: 1 (bgd), 100 (sgd), 2 (mbgd of 64)."
    text = " ".join(shown(gdrun.compare(["bgd", "sgd", "mbgd"], bowl)).split())
    assert "without noise every batch has the same gradient" in text
    assert steps in text
    text = " ".join(shown(gdrun.sweep(bowl, {"variant": ["bgd", "sgd", "mbgd"]})).split())
    assert steps in text
    text = " ".join(shown(gdrun.sweep(bowl, {"batch_size": [1, 10, 100]})).split())
    assert "steps per epoch: 100 (mbgd of 1), 10 (mbgd of 10), 1 (mbgd of 100)." in text
    for found in (
        gdrun.compare(["bgd", "sgd"], bowl, "noise=1", seeds=1),
        gdrun.compare(["vanilla", "momentum"], bowl),
    ):
        assert "differ only in their steps" not in " ".join(shown(found).split())


def test_identical_runs_have_no_interval_and_no_p_value():
    # One batch of all 120 rows: a seed changes only the order in which they are added.
    found = gdrun.compare(
        ["mbgd", "adam", "bgd", "sgd"], IRIS, "batch_size=120", "epochs=3", "engine=numpy", seeds=6
    )
    assert row(found, "mbgd").standing.candidate.experiment.variant.name == "mbgd"
    intervals = {each.name: each.interval for each in found.contenders}
    assert [name for name in intervals if intervals[name] is None] == ["mbgd", "adam", "bgd"]
    assert all("sgd" in (pair.first, pair.second) for pair in found.pairs)
    assert len(found.pairs) == 3
    assert "every seed gives the same run, so that there is no interval" in shown(found)


def test_runs_with_equal_accuracies_are_not_identical():
    # Batches in a random order: the losses differ, although every run may end with one accuracy.
    found = gdrun.compare(["mbgd", "sgd"], IRIS, "epochs=2", metric="validation_accuracy", seeds=6)
    assert all(each.standing.spread.interval is not None for each in found.contenders)
    assert len(found.pairs) == 1


def test_a_rising_loss_is_counted_by_steps():
    # Full-batch descent below 2/L never raises the loss; far above it every step does.
    found = gdrun.compare(
        ["bgd+lr=0.01", "bgd+lr=1.5"], LEAST_SQUARES, "epochs=20", seeds=1, metric="train_loss"
    )
    assert [row.rising for row in found.contenders] == [0.0, 1.0]


def test_seconds_of_unlike_engines_are_said_to_be():
    found = gdrun.compare(["mbgd", "sgd"], LOGISTIC, "epochs=1", seeds=1)
    assert "engine" not in shown(found)
    found.contenders[1].standing.results[0].record["engine"] = "compiled"
    assert "timed alone; the engines differ: mbgd numpy, sgd compiled" in shown(found)


@pytest.mark.longer
def test_smaller_batches_raise_the_full_loss_more_often():
    # The lecture: full batches descend smoothly, mini-batches less so, single examples zigzag.
    # Two losses of different mini-batches would rise half of the time with any batch size.
    found = gdrun.compare(
        ["bgd", "mbgd", "sgd"],
        {"dataset": "breast-cancer", "model": "logistic"},
        "lr=0.1",
        "epochs=20",  # mini-batches of 64 take 100 steps in 13 epochs
        seeds=1,
    )
    whole, some, single = (row(found, name).rising for name in ("bgd", "mbgd", "sgd"))
    assert whole == 0.0
    assert 0.0 < some < 0.5 * single < 0.5


def test_a_step_that_diverges_raised_the_loss():
    # From a loss of 1, a rate of 1e9 is beyond the limit of divergence at the first step.
    found = gdrun.compare(["bgd", "bgd+lr=1e9"], LEAST_SQUARES, seeds=1, metric="train_loss")
    assert found.contenders[1].standing.results[0].summary["steps"] == 1
    assert found.contenders[1].rising == 1.0
    assert "100.0 %" in comparison_result_text(found, "bgd+lr=1e9")


def comparison_result_text(found, name):
    """What the last table on screen says of a contender."""
    return [line for line in shown(found).splitlines() if line.startswith(f"{name} ")][-1]


@pytest.mark.slow
def test_seconds_are_not_shared():
    contenders = [with_budget(c, ("seconds", 0.05)) for c in contenders_of(["bgd", "mbgd"], BASE)]
    plan, metric = plan_comparison(contenders, [0, 1]), Metric("validation_loss")
    found = run_comparison(plan, metric, StudyContext())
    assert {r.record["lanes"] for row in found.contenders for r in row.standing.results} == {1}
    tuned = run_comparison(plan, metric, StudyContext(), tuning=plan_tuning(plan, ["lr=0.1,0.2"]))
    # Four settings with two tuning seeds, each run trained alone.
    assert (tuned.tuning_work.run, tuned.tuning_work.cohorts) == (8, 8)


def test_parallel_runs_would_share_seconds():
    with pytest.raises(GdrunError, match="jobs: a budget in seconds needs one process"):
        gdrun.compare(["bgd", "mbgd"], LOGISTIC, budget="seconds=0.05", jobs=2)
    with ThreadPoolExecutor(2) as executor, pytest.raises(GdrunError, match="executor: "):
        contenders = ["bgd", "mbgd"]
        gdrun.compare(contenders, LOGISTIC, budget="seconds=0.05", executor=executor, jobs=2)


def test_the_metric_that_ranks_is_shown_for_the_test_part(tmp_path):
    """That of the same run alone: the whole table of metrics is measured by another function."""
    base = {
        "dataset": "breast-cancer",
        "model": "logistic",
        "variant": "bgd",
        "stopping": {"epochs": 5},
        "engine": "numpy",
    }
    for metric in ("roc_auc", "f1"):
        found = gdrun.compare(["vanilla", "adam"], base, metric=metric)
        assert comparisons.test_result(found) == f"test_{metric}"
        for each in found.contenders:
            (result,) = each.standing.results
            alone = gdrun.train(each.standing.candidate.experiment, out=tmp_path)
            expected = alone.summary["metrics"]["test"][metric]
            assert 0.5 < expected < 1
            assert result.number(f"test_{metric}") == pytest.approx(expected, abs=1e-12)
            assert comparisons.test_text(each.standing, f"test_{metric}") == f"{expected:.4g}"
    # By the loss, nothing more is measured.
    found = gdrun.compare(["vanilla", "adam"], base)
    assert comparisons.test_result(found) == "test_loss"
    assert "tested" not in found.contenders[0].standing.results[0].summary
