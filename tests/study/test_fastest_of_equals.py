"""The fastest of the settings that are as good as the best one has the first rank."""

import json

import pytest

import gdrun
from gdrun.study.design.axes import axes_of
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.judgement.fastest import fastest_first
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import HALVING, standings
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.judgement.training_progress import training_progress
from gdrun.study.study import Work
from gdrun.study.tuning import choose
from gdrun.views.study_notes import better_median_notes, hardly_trained, why_chosen
from gdrun.views.ties import tie_notes
from study.cases import plan_and_results, planned, result

LOSS = Metric("validation_loss")
ACCURACY = Metric("validation_accuracy")


def leader(rows, metric=LOSS):
    """The rate with rank 1, and the rates by rank."""
    plan, results = plan_and_results(rows)
    found = fastest_first(standings(plan, results, metric), metric)
    rates = {each.rank: each.candidate.settings["optimizer.lr"] for each in found}
    return rates[1], [rates[rank] for rank in sorted(rank for rank in rates if rank)]


def test_the_fastest_of_equal_settings_has_the_first_rank():
    # Losses begin at 10, and the best end is 1: the target is 10 − 0.95 · 9 = 1.45.
    rows = {
        0.1: [result([10, 1.4, 1.3, 1.01])],  # as good: 1 % above, and at the target in epoch 1
        1.0: [result([10, 5, 1.4, 1.0])],  # the lowest loss, at the target in epoch 2
        3.0: [result([10, 1.2, 1.1, 1.1])],  # as fast, but 10 % above
    }
    assert leader(rows) == (0.1, [0.1, 1.0, 3.0])


@pytest.mark.parametrize(
    ("end", "first"),
    [
        (1.019, 0.1),  # within 2 %
        (1.021, 1.0),  # not within 2 %
    ],
)
def test_as_good_is_two_percent(end, first):
    rows = {0.1: [result([10, 1.2, end])], 1.0: [result([10, 5, 1.0])]}
    assert leader(rows)[0] == first


def test_a_share_of_the_improvement_counts_where_the_score_is_far_from_zero():
    # 2 % of 100 is 2, but the whole improvement is 10: 0.5 % of it is 0.05.
    rows = {0.1: [result([110, 100.2, 100.06])], 1.0: [result([110, 105, 100])]}
    assert leader(rows)[0] == 1.0
    rows = {0.1: [result([110, 100.2, 100.04])], 1.0: [result([110, 105, 100])]}
    assert leader(rows)[0] == 0.1


def test_an_accuracy_is_a_score_with_the_opposite_sign():
    # Accuracies 0.2 → 0.901 and 0.2 → 0.9: the second one is at the target in epoch 1.
    rows = {0.1: [result([0.8, 0.3, 0.099])], 1.0: [result([0.8, 0.11, 0.1])]}
    assert leader(rows, ACCURACY)[0] == 1.0


def test_a_setting_with_a_diverged_run_does_not_lead():
    rows = {
        0.1: [result([10, 5, 1.01])] * 3,
        1.0: [result([10, 1, 1.0])] * 2 + [result([10, 50, 900], diverged=True)],
    }
    assert leader(rows)[0] == 0.1


def test_a_dropped_setting_does_not_lead():
    rows = {
        0.1: [result([10, 1.01], rule="halving", epoch=1.0)],
        1.0: [result([10, 5, 1.0])],
    }
    assert leader(rows)[0] == 1.0


@pytest.mark.parametrize("order", [(0.1, 1.0, 3.0), (3.0, 1.0, 0.1), (1.0, 3.0, 0.1)])
def test_settings_that_are_as_good_and_as_fast_tie(order):
    """No order of typing decides: the first one is that with the smallest rate, and no edge."""
    end = {0.1: 1.0, 1.0: 1.0, 3.0: 1.3}
    plan, results = plan_and_results({rate: [result([10, 1.2, end[rate]])] for rate in order})
    axes = axes_of({"lr": list(order)}, plan.candidates[0].experiment)
    found = judge_sweep(plan, axes, results, LOSS, Work(3, 0, 1, 0.0))
    assert [(each.rank, each.settings["optimizer.lr"]) for each in found.ranking] == [
        (1, 0.1),
        (1, 1.0),
        (3, 3.0),
    ]
    assert found.best.settings["optimizer.lr"] == 0.1
    assert found.at_edge == []  # 0.1 is the smallest, but 1.0 is as good
    ((label, text),) = tie_notes(plan, found.ranking, LOSS)
    assert (label, text.partition(";")[0]) == ("tie", "lr=0.1 and lr=1 have the same val loss")
    assert text.endswith("; lr=0.1 is the first in the order of the values")


def test_the_best_of_a_sweep_is_the_fastest_of_equals():
    plan, results = plan_and_results(
        {0.1: [result([10, 1.4, 1.01])], 1.0: [result([10, 5, 1.0])], 3.0: [result([10, 8, 7])]}
    )
    axes = axes_of({"lr": [0.1, 1.0, 3.0]}, plan.candidates[0].experiment)
    found = judge_sweep(plan, axes, results, LOSS, Work(3, 0, 1, 0.0))
    assert found.best.settings == {"optimizer.lr": 0.1}
    assert [each.word for each in found.verdicts] == ["best", "good", "unstable"]


@pytest.mark.parametrize(
    ("end", "chosen"),
    [
        (1.01, 1.0),  # faster, but the comparison would rank it after a contender that ends at 1
        (1.0, 0.1),  # as good, and faster
    ],
)
def test_tuning_chooses_by_what_the_comparison_ranks(end, chosen):
    plan, results = plan_and_results({1.0: [result([10, 5, 1.0])], 0.1: [result([10, 1.4, end])]})
    (contender,) = planned({"lr": [0.5]}).candidates
    tuning = TuningPlan(plan, {contender.name: plan.candidates})
    tuned, tunings = choose([contender], tuning, standings(plan, results, LOSS), LOSS)
    assert tunings[contender.name].chosen == {"optimizer.lr": chosen}
    assert tuned[0].experiment.optimizer["lr"] == chosen


def test_the_best_by_another_metric_may_have_hardly_trained():
    # The accuracy is 1 − loss in these results; the training loss is set by hand.
    plan, results = plan_and_results({1e-6: [result([1, 0.5])], 0.1: [result([1, 0.6])]})
    small, usual = (results[trial.identity] for trial in plan.trials)
    small.record["summary"]["train_loss"] = 0.99
    usual.record["summary"]["train_loss"] = 0.2
    found = standings(plan, results, ACCURACY)
    # (1 − 0.99) / (1 − 0.2)
    assert training_progress(found, found[0], ACCURACY) == pytest.approx(0.0125)
    assert training_progress(found, found[1], ACCURACY) == 1
    assert training_progress(found, found[0], LOSS) is None
    assert hardly_trained(0.0125) == (
        "; its training loss made 1.2 % of the best improvement, so that it has learned little"
    )
    assert hardly_trained(0.5) == hardly_trained(None) == ""


def test_one_unlucky_start_does_not_make_training_look_far():
    runs = [result([1, 0.5]), result([9, 0.5]), result([1, 0.5])]
    plan, results = plan_and_results({1e-6: runs, 0.1: [result([1, 0.6])] * 3})
    small = [results[trial.identity] for trial in plan.trials[:3]]
    for each in small:
        each.record["summary"]["train_loss"] = 0.99
    found = standings(plan, results, ACCURACY)
    # (1 − 0.99) / (1 − 0.6), from the median start; from the largest one (9 − 0.99) / (9 − 0.6).
    assert training_progress(found, found[0], ACCURACY) == pytest.approx(0.025)


def test_a_study_is_read_with_the_best_setting_of_its_record(tmp_path):
    """Its best.yaml has this setting, also if an earlier version chose it by another rule."""
    config = {"dataset": "iris", "model": "softmax", "engine": "numpy"}
    gdrun.sweep(config, {"lr": [0.1, 0.5]}, "epochs=3", seeds=1, out=tmp_path)
    (study,) = tmp_path.iterdir()
    record = json.loads((study / "study.json").read_text())
    for name in ("lr=0.1", "lr=0.5"):
        (study / "study.json").write_text(json.dumps(record | {"best": name}))
        found = gdrun.read_study(study)
        assert found.best.name == name
        assert found.ranking[0].rank == 1


def test_the_value_of_a_dropped_setting_is_not_as_good():
    """Halving dropped rate 0.1, whose loss was lower then than that of the other at the end."""
    rows = {
        0.1: [result([10, 1.0], rule=HALVING, epoch=1.0)],
        1.0: [result([10, 3.0, 2.0])],
    }
    plan, results = plan_and_results(rows)
    axes = axes_of({"lr": [0.1, 1.0]}, plan.candidates[0].experiment)
    found = judge_sweep(plan, axes, results, LOSS, Work(2, 0, 1, 0.0))
    assert found.best.settings["optimizer.lr"] == 1.0
    why = "lr=0.1 has 1, but successive halving dropped it at epoch 1"
    assert why_chosen(found) == why
    assert better_median_notes(found) == [("dropped", why)]
