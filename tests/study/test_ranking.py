"""Ranks, spreads and curves of the settings of a sweep, on results written by hand."""

import math

import numpy as np
import pytest

from gdrun.config.loading import load
from gdrun.runs.strict_json import loads
from gdrun.study.design.axes import Axis, axes_of
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import ranked, standings
from gdrun.study.judgement.seed_values import values_by_seed
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_record import standing_record
from gdrun.study.study import Work
from gdrun.views.curve_scale import scale_of
from gdrun.views.sweeps import spread_cells
from gdrun.views.verdicts import meanings_of
from study.cases import LOGISTIC, LOSS, plan_and_results, planned, result, standing_texts


def test_a_nan_never_wins_and_a_diverged_run_never_counts_as_its_last_loss():
    found, _ = standing_texts(
        {
            0.1: [result([10, 5])],
            1.0: [result([10, math.nan])],
            # It diverged with a loss that is finite, and lower than all others.
            3.0: [result([10, 0.001], diverged=True)],
        }
    )
    assert [standing.rank for standing in found] == [1, None, None]
    assert ranked(found)[0].candidate.settings == {"optimizer.lr": 0.1}
    assert found[2].scores.tolist() == [math.inf]


def test_a_missing_run_leaves_its_own_place_empty():
    plan = planned({"lr": [0.1]}, seeds=3)
    identities = [trial.identity for trial in plan.trials]
    runs = {
        key: result([10, end], identity=key) for key, end in zip(identities, (1, 2, 3), strict=True)
    }
    del runs[identities[1]]
    found = standings(plan, runs, LOSS)
    np.testing.assert_array_equal(values_by_seed(plan, found, LOSS), [[1, np.nan, 3]])


def test_equal_medians_share_a_rank():
    found, _ = standing_texts(
        {0.1: [result([10, 3])], 0.2: [result([10, 1])], 0.3: [result([10, 1])]}
    )
    assert [standing.rank for standing in found] == [3, 1, 1]


def test_a_higher_accuracy_is_better():
    # Accuracy is 1 − loss here: 0.9 beats 0.8.
    found, _ = standing_texts(
        {0.1: [result([1, 0.2])], 0.3: [result([1, 0.1])]}, Metric("validation_accuracy")
    )
    assert [standing.rank for standing in found] == [2, 1]


def test_what_halving_dropped_ranks_below_what_went_on():
    early, late = (result([10, 0.5], rule="halving", epoch=e) for e in (1.0, 3.0))
    found, texts = standing_texts({0.1: [early], 0.2: [late], 0.3: [result([10, 2])]})
    assert [standing.rank for standing in found] == [3, 2, 1]
    assert texts == ["dropped at epoch 1", "dropped at epoch 3", "best"]


def test_the_spread_of_an_accuracy_is_ordered_where_a_seed_diverged():
    # Accuracies 0.9, 0.8 and a divergence, which is worse than any. The quartiles lie halfway: 0.85
    # above the median of 0.8, and −∞ below it.
    fine = [result([1, loss]) for loss in (0.1, 0.2)]
    metric = Metric("validation_accuracy")
    found, _ = standing_texts({0.1: [*fine, result([1, 99], diverged=True)]}, metric)
    record = standing_record(found[0], metric, None)
    assert record["median"] == pytest.approx(0.8)
    assert record["quartiles"] == [-math.inf, pytest.approx(0.85)]
    assert record["values"][2] == -math.inf
    assert spread_cells(found[0], metric)[1] == "−∞ … 0.85"


def test_improvements_beyond_rounding_are_capped_and_the_cap_is_said():
    """Falls by 10²⁰ and 10¹³ both count as 10¹²; without a cap, the second has p = 13/20."""
    plan, results = plan_and_results(
        {0.1: [result([1, 1e-20])], 0.2: [result([1, 1e-13])], 0.3: [result([1, 1e-11])]}
    )
    found = judge_sweep(
        plan, (Axis("optimizer.lr", (0.1, 0.2, 0.3)),), results, LOSS, Work(3, 0, 1, 1.0)
    )
    assert [each.word for each in found.verdicts] == ["best", "good", "too large"]
    # ln 10⁻¹² · 0.95 = ln 10⁻¹¹·⁴
    assert found.target.value == pytest.approx(10**-11.4)
    cap = "an improvement by more than a factor of 10¹² counts as 10¹²"
    assert cap in found.target.reason
    assert cap in meanings_of(found, found.verdicts)


def test_a_cap_that_does_not_act_is_not_said():
    plan, results = plan_and_results({0.1: [result([1, 1e-11])], 0.2: [result([1, 1e-5])]})
    found = judge_sweep(
        plan, (Axis("optimizer.lr", (0.1, 0.2)),), results, LOSS, Work(3, 0, 1, 1.0)
    )
    assert "10¹²" not in found.target.reason + meanings_of(found, found.verdicts)


def test_curves_of_a_table_share_one_scale():
    # Losses of 16 and 4 at the start, 4 and 2 at the end: linear from 2 (▁) to 16 (█).
    found, _ = standing_texts({0.1: [result([16, 4])], 0.3: [result([4, 2])]})
    scale = scale_of(found)
    assert (scale.low, scale.high, scale.log) == (2.0, 16.0, False)
    assert [scale.curve(each) for each in found] == ["█▂", "▂▁"]
    # What rises above every start has no block; a diverged run does not widen the scale.
    found, _ = standing_texts({0.1: [result([16, 2])], 9: [result([16, 1e9], diverged=True)]})
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█↑"]


def test_curves_show_the_finite_losses_if_every_run_diverged():
    # From 1 (▁) to 16 (█): 4 is at 3/15 of the height, which is the second of eight blocks.
    runs = {0.1: [result([16, 4, np.nan], diverged=True)], 9: [result([8, 1], diverged=True)]}
    found, _ = standing_texts(runs)
    scale = scale_of(found)
    assert (scale.low, scale.high) == (1.0, 16.0)
    assert [scale.curve(each)[0] for each in found] == ["█", "▄"]
    assert scale.curve(found[0])[1] == "▂" and scale.curve(found[1])[1] == "▁"


def test_a_single_finite_loss_is_no_scale():
    found, _ = standing_texts({0.1: [result([16, np.inf], diverged=True)]})
    assert scale_of(found).legend == ("training loss of the median run: every finite loss is 16")


def test_a_curve_is_that_of_the_run_with_the_median_score():
    """The first seed of the larger rate failed; the other two, and the median, are good."""
    good, failed, best = result([16, 2.5]), result([16, 99]), result([16, 2])
    found, texts = standing_texts({0.1: [best, good, best], 0.3: [failed, good, best]})
    assert texts == ["best", "good"]
    assert [each.median_result.evals["train_loss"][-1] for each in found] == [2, 2.5]
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█▁"]
    diverged = result([16, 1e9], diverged=True)
    found, _ = standing_texts({0.1: [diverged, good], 0.3: [best, best]})
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█▁"]


def judged(axes, ends):
    """A sweep over the axes, whose runs start at 10 and end at these losses."""
    plan = planned(axes)
    identities = [trial.identity for trial in plan.trials]
    results = {key: result([10, end]) for key, end in zip(identities, ends, strict=True)}
    work = Work(len(ends), 0, 1, 0.1)
    return judge_sweep(plan, axes_of(axes, load(LOGISTIC)), results, LOSS, work)


def test_settings_with_other_data_are_not_ranked():
    seeds = [0, 1, 2]  # of the generated dataset
    found = judged({"dataset.seed": seeds}, [1, 2, 9])
    assert found.unlike == "data"
    assert [each.text for each in found.verdicts] == ["not ranked"] * 3
    assert (found.best, found.target) == (None, None)


def test_among_settings_that_are_not_ranked_rates_are_compared_on_the_same_data():
    found = judged({"dataset.seed": [0, 1], "lr": [0.1, 1.0]}, [4, 1, 8, 9.9])
    # From 10 to 4 is 6/9 of the drop to 1; from 10 to 9.9 is 0.1/2 of the drop to 8.
    assert [each.text for each in found.verdicts] == ["slow", "good", "good", "unstable"]


def test_a_result_reads_back_as_it_was_written():
    run = result([10, math.inf], diverged=True, identity="abc")
    label = {"trial": 1, "name": "lr=1", "settings": {}, "seed": 0}
    again = Result.read(*map(loads, run.lines(label)))
    assert again.identity == "abc"
    assert again.summary["train_loss"] == math.inf
    assert again.evals["step"].dtype == np.int64
    assert again.evals["train_loss"].tolist() == [10, math.inf]
