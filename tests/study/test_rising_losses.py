"""A setting that does not lower the training loss is never the best, whatever its score."""

import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.study.design.axes import axes_of
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.halving import carry_out_halving
from gdrun.study.judgement.comparison_findings import Contender
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.ranking import standings
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.study import StudyContext, Work, carry_out
from gdrun.study.tuning import choose
from gdrun.views.sweeps import sweep_result
from study.cases import plan_and_results, planned, result

LOSS = Metric("validation_loss")


def run(training, validation):
    """A run with this training loss, and with the validation loss at its end."""
    made = result(training)
    made.evals["validation_loss"] = np.linspace(training[0], validation, len(training))
    summary = {**made.record["summary"], "validation_loss": validation}
    return replace(made, record={**made.record, "summary": summary})


def judged(rows):
    plan, results = plan_and_results(rows)
    axes = axes_of({"lr": list(rows)}, plan.candidates[0].experiment)
    return judge_sweep(plan, axes, results, LOSS, Work(0, 0, 1, 0.0))


LUCKY = [10, 40, 90]
"""Training losses of a run whose validation loss is small by luck."""


def test_a_rising_training_loss_is_never_best_and_sets_no_target():
    rows = {
        0.01: [run([10, 6, 5], 5)],
        0.1: [run([10, 4, 2], 2)],
        1.0: [run([10, 7, 6], 6)],
        10.0: [run(LUCKY, 1e-12)],
    }
    sweep = judged(rows)
    assert sweep.best.settings["optimizer.lr"] == 0.1
    # The best improvement is 10 − 2: the target is 10 − 0.95 · 8.
    assert sweep.target.value == pytest.approx(2.4)
    assert [each.word for each in sweep.verdicts][-1] == "unstable"
    assert sweep.at_edge == []
    assert [each.candidate.settings["optimizer.lr"] for each in sweep.ranking][-1] == 10.0


def test_half_of_the_seeds_decide():
    def best(rising):
        runs = [run(LUCKY, 1e-12)] * rising + [run([10, 4, 3], 3)] * (4 - rising)
        return judged({0.1: [run([10, 8, 7], 7)] * 4, 1.0: runs}).best.settings["optimizer.lr"]

    assert [best(rising) for rising in (0, 1, 2, 3, 4)] == [1.0, 1.0, 0.1, 0.1, 0.1]


def test_without_a_falling_loss_there_is_no_best_setting():
    sweep = judged({10.0: [run(LUCKY, 1e-12)], 100.0: [run([10, 400, 900], 1e-9)]})
    assert sweep.best is None and sweep.target is None and sweep.at_edge == []
    console = Console(width=200)
    with console.capture() as shown:
        console.print(sweep_result(sweep))
    # The largest of the smaller rates is 10 / √10.
    warning = "no setting lowered the training loss; try smaller rates: lr=log:0.00316"
    assert warning in shown.get()


def test_tuning_chooses_no_setting_whose_training_loss_rose():
    rows = {0.1: [run([10, 4, 2], 2)], 1.0: [run([10, 5, 4], 4)], 10.0: [run(LUCKY, 1e-12)]}
    plan, results = plan_and_results(rows)
    contender = replace(planned({"lr": [0.1]}).candidates[0], name="own")
    tuning = TuningPlan(plan, {"own": plan.candidates})
    _, tunings = choose([contender], tuning, standings(plan, results, LOSS), LOSS)
    assert tunings["own"].chosen == {"optimizer.lr": 0.1}


def test_a_start_at_the_minimum_leaves_no_loss_to_lower():
    # Noise raises the loss of every run, because it starts at the minimum (0, 0).
    found = gdrun.sweep(
        {
            "surface": {"name": "bowl", "start": [0, 0], "noise": 1.0},
            "variant": "sgd",
            "optimizer": "vanilla",
            "stopping": {"epochs": 2},
            "engine": "numpy",
        },
        {"lr": [0.0001, 0.1]},
        seeds=2,
    )
    # A smaller rate has the lower noise floor: it is proportional to the rate.
    assert found.best.settings["optimizer.lr"] == 0.0001


def test_a_run_whose_training_loss_rose_reaches_no_target():
    rows = {0.1: [run([10, 4, 2], 2)] * 2, 10.0: [run(LUCKY, 1e-12), run([10, 4, 3], 3)]}
    plan, results = plan_and_results(rows)
    found = standings(plan, results, LOSS)
    target = Target(LOSS, 4.0)
    # The validation losses fall on straight lines: 10, 6, 2; 10, 5, 1e-12; and 10, 6.5, 3.
    assert [each.to_target(target, "epoch").tolist() for each in found] == [[2, 2], [math.inf, 2]]
    own = [Contender(each, target, batch=32, pace=None) for each in found]
    assert [each.reached for each in own] == [2, 1]
    # Half of the runs did not reach it.
    assert [each.to_target["epochs"] for each in own] == [2, math.inf]


def test_halving_keeps_no_setting_whose_training_loss_rose_before_one_whose_loss_fell():
    accuracy = Metric("validation_accuracy")
    plan = planned({"lr": [1e-4, 1e-3, 30]}, "epochs=9", "dataset.seed=4")
    results, _ = carry_out(plan, StudyContext())
    # At the only rung, at epoch 3, the third setting has the highest accuracy, by luck.
    evals = [results[trial.identity].evals for trial in plan.trials]
    assert int(np.argmax([each["validation_accuracy"][3] for each in evals])) == 2
    assert [bool(each["train_loss"][3] > each["train_loss"][0]) for each in evals] == [0, 0, 1]
    _, _, (rung,) = carry_out_halving(plan, StudyContext(), accuracy)
    assert (rung.kept, rung.dropped[-1]) == (("lr=0.0001",), "lr=30")
