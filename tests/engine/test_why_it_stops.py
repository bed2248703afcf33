"""Stopping rules and budgets, each at the step that is computed by hand.

The descent is one weight on rows with x = y = 1: L(w) = (w − 1)², ∇L = 2 (w − 1). With α = ¼ each
step halves the distance, so w_k − 1 = −2⁻ᵏ, L_k = 4⁻ᵏ and ‖∇L‖ = 2 · 2⁻ᵏ.
"""

import itertools
import time

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.methods.stopping import budget_sentence
from gdrun.runs.session import Session

ONES = np.ones((2, 1)), np.ones(2)
TEN = np.linspace(-1, 1, 10)[:, None], np.linspace(0, 1, 10)


def config(stopping, *, every=1.0, variant="bgd", **more):
    return {
        "dataset": {"split": {"validation": 0, "test": 0}, "standardize": False},
        "model": {"name": "linear", "bias": False},
        "variant": variant,
        "optimizer": {"name": "vanilla", "lr": 0.25},
        "stopping": stopping,
        "evaluate": {"every": every},
        "log": {"points": "all"},
    } | more


def halving(stopping, **more):
    return gdrun.train(config(stopping, **more), data=ONES)


RULES = {
    # 2 · 2⁻ᵏ < 0.001 for 2ᵏ > 2000: k = 11, where it is 2/2048.
    "grad_norm": (1e-3, 11, "gradient norm 0.0009766 < 0.001"),
    # L_{k−1} − L_k = 3 · 4⁻ᵏ < 10⁻⁶ for 4ᵏ > 3 · 10⁶: k = 11, where it is 3/4194304.
    "loss_change": (1e-6, 11, "change of the training loss 7.153e-07 < 1e-06"),
    # w_k − w_{k−1} = 2⁻ᵏ < 0.001: k = 10.
    "weight_change": (1e-3, 10, "change of the weights 0.0009766 < 0.001"),
    # 4⁻ᵏ ≤ 10⁻⁴: k = 7, where it is 1/16384.
    "target_loss": (1e-4, 7, "training loss 6.104e-05 ≤ 0.0001"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_fires_at_its_step(rule):
    threshold, step, words = RULES[rule]
    run = halving({"steps": 50, rule: threshold})
    message = f"{words} at epoch {step} (step {step})"
    assert run.status == "converged"
    assert run.stop == {"rule": rule, "epoch": float(step), "step": step, "message": message}
    assert len(run.steps["step"]) == step


def test_rules_are_judged_at_evaluations_alone():
    # The norm is below 0.001 from step 11 on; the first evaluation after that is at epoch 12.
    assert halving({"steps": 50, "grad_norm": 1e-3}, every=4).stop["step"] == 12
    # Between evaluations at 8 and 12 the weight moves by 2⁻⁸ − 2⁻¹² > 0.001; from 12 to 16 not.
    assert halving({"steps": 50, "weight_change": 1e-3}, every=4).stop["step"] == 16


def test_the_first_rule_of_several_ends_the_run():
    stopping = {"steps": 50} | {rule: threshold for rule, (threshold, *_) in RULES.items()}
    run = halving(stopping)
    assert (run.stop["rule"], run.stop["step"]) == ("target_loss", 7)


def test_a_target_that_is_met_at_the_start_needs_no_step():
    run = halving({"steps": 50, "target_loss": 1.0})
    assert (run.status, run.stop["step"], run.summary["train_loss"]) == ("converged", 0, 1.0)
    assert run.summary["gradients"] == 0


def test_target_accuracy():
    # The sign of x is the class, so the first step of gradient descent already separates them.
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    run = gdrun.train(
        config({"epochs": 9, "target_accuracy": 1.0}) | {"model": "logistic"}, data=(X, y)
    )
    assert run.stop["message"] == "training accuracy 1 ≥ 1 at epoch 1 (step 1)"


def test_watched_rules_are_reported_and_not_obeyed():
    watch = {"grad_norm": 1e-3, "target_loss": 1e-4}
    run = halving({"steps": 20, "watch": watch})
    assert (run.status, run.stop["step"]) == ("exhausted", 20)
    assert [(stop["rule"], stop["step"], stop["message"]) for stop in run.record["watched"]] == [
        ("target_loss", 7, "training loss 6.104e-05 ≤ 0.0001 at epoch 7 (step 7)"),
        ("grad_norm", 11, "gradient norm 0.0009766 < 0.001 at epoch 11 (step 11)"),
    ]


@pytest.mark.parametrize("rule", ["loss_change", "weight_change"])
def test_a_rate_of_zero_is_no_convergence(rule):
    # Warm-up from zero: the first epoch has the rate 0, so its change of 0 must not stop the run.
    run = halving({"epochs": 6, rule: 1e-9}, schedule={"name": "constant", "warmup": 2})
    assert run.steps["lr"].tolist() == [0.0, 0.125, 0.25, 0.25, 0.25, 0.25]
    assert (run.status, run.stop["step"]) == ("exhausted", 6)


def test_a_rate_of_zero_is_no_evaluation_without_improvement():
    # The evaluation after the first epoch, whose rate is 0, cannot improve on the one before.
    early = {"epochs": 4, "early_stopping": {"patience": 1}}
    iris = {"dataset": "iris", "model": "softmax", "stopping": early}
    run = gdrun.train(iris | {"schedule": {"name": "constant", "warmup": 2}})
    assert run.evals["validation_loss"][0] == run.evals["validation_loss"][1]
    assert (run.status, run.summary["epochs"]) == ("exhausted", 4)
    # Three epochs of warm-up in steps of an epoch have the rates 0, 1/3 and 2/3 of 0.25.
    plateau = {"name": "plateau", "patience": 0, "warmup": 3, "factor": 0.5}
    run = halving({"epochs": 6}, schedule=plateau)
    assert run.steps["lr"].tolist() == pytest.approx([0, 0.25 / 3, 0.5 / 3, 0.25, 0.25, 0.25])


# Ten rows in batches of four: 4, 4 and 2, so 3 steps and 10 gradients an epoch.
BATCHES = {"name": "mbgd", "batch_size": 4}
DROPPED = BATCHES | {"drop_last": True}


@pytest.mark.parametrize(
    ("variant", "stopping", "rule", "step", "gradients"),
    [
        (BATCHES, {"epochs": 4}, "epochs", 12, 40),
        (BATCHES, {"steps": 7}, "steps", 7, 24),
        (BATCHES, {"gradients": 27}, "gradients", 7, 24),  # the eighth would make it 28
        (BATCHES, {"gradients": 28}, "gradients", 8, 28),
        (BATCHES, {"gradients": 29}, "gradients", 8, 28),  # not half of the batch of two
        (BATCHES, {"gradients": 30}, "gradients", 9, 30),
        (BATCHES, {"gradients": 3}, "gradients", 0, 0),
        (DROPPED, {"epochs": 4}, "epochs", 8, 32),
        (DROPPED, {"gradients": 25}, "gradients", 6, 24),
        ("bgd", {"gradients": 39}, "gradients", 3, 30),
        ("sgd", {"gradients": 39}, "gradients", 39, 39),
        (BATCHES, {"epochs": 2, "steps": 7, "gradients": 30}, "epochs", 6, 20),
        (BATCHES, {"epochs": 3, "steps": 7, "gradients": 30}, "steps", 7, 24),
        (BATCHES, {"epochs": 3, "steps": 8, "gradients": 27}, "gradients", 7, 24),
    ],
)
def test_a_budget_is_used_up_and_never_exceeded(variant, stopping, rule, step, gradients):
    run = gdrun.train(config(stopping, variant=variant), data=TEN)
    assert (run.status, run.stop["rule"], run.stop["step"]) == ("exhausted", rule, step)
    assert run.summary["gradients"] == gradients
    # A budget within an epoch is evaluated where it ends.
    assert run.evals["step"][-1] == step
    assert run.stop["message"].startswith(budget_sentence(rule, stopping[rule]))


def test_a_budget_of_seconds_ends_the_run(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    # By this clock, which moves a second with each look, the steps of an epoch take one second.
    run = gdrun.train(config({"epochs": 50, "seconds": 3.0}, variant=BATCHES), data=TEN)
    assert (run.status, run.stop["rule"], run.stop["step"]) == ("exhausted", "seconds", 9)
    assert run.stop["message"] == "the budget of 3 seconds is used up (epoch 3, 9 steps)"
    assert run.summary["seconds"] == 3.0


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        # 3 steps an epoch: an evaluation is at the first step at or after its time.
        (1.0, [0, 3, 6, 9, 12, 15]),
        (0.5, [0, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15]),
        (1 / 3, list(range(16))),
        (0.1, list(range(16))),
        (0.75, [0, 3, 5, 7, 9, 12, 14, 15]),  # due at 2.25, 4.5, 6.75, 9, 11.25, 13.5, and the end
        (2.5, [0, 8, 15]),
        (100.0, [0, 15]),
    ],
)
def test_when_evaluations_happen(every, steps):
    run = gdrun.train(config({"epochs": 5}, variant=BATCHES, every=every), data=TEN)
    assert run.evals["step"].tolist() == steps
    assert run.evals["epoch"] == pytest.approx(np.array(steps) / 3)


@pytest.mark.slow
def test_long_fractions_do_not_drift():
    run = gdrun.train(config({"epochs": 200}, variant="sgd", every=0.1), data=TEN)
    assert run.evals["step"].tolist() == list(range(2001))


def test_an_interruption_is_evaluated_and_named():
    experiment = load(config({"epochs": 50}) | {"dataset": "diabetes"})
    looks = itertools.count()
    session = Session([experiment], out=None)
    (run,) = session.run(interrupted=lambda: "SIGINT" if next(looks) > 12 else None)
    assert (run.status, run.stop["rule"]) == ("interrupted", "interrupted")
    assert run.stop["message"].startswith("interrupted by SIGINT at epoch ")
    assert 0 < run.stop["step"] == run.evals["step"][-1] < 50


# Early stopping, against a loop over the validation losses of the run that is left alone.


def waiting(losses, patience, min_delta):
    """The evaluation at which patience runs out, and the best one so far by the lowest loss."""
    best, stale = float("inf"), 0
    for k, loss in enumerate(losses):
        best, stale = (loss, 0) if loss < best - min_delta else (best, stale + 1)
        if stale >= patience:
            return k, int(np.argmin(losses[: k + 1]))
    return None, int(np.argmin(losses))


def overfitting(stopping):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(40, 25)), rng.normal(size=40)
    return gdrun.train(
        config({"epochs": 60} | stopping, variant={"name": "mbgd", "batch_size": 5})
        | {"dataset": {"split": {"validation": 12, "test": 0}}}
        | {"optimizer": {"name": "vanilla", "lr": 0.004}},
        data=(X, y),
    )


@pytest.fixture(scope="module")
def validation_losses():
    return overfitting({}).evals["validation_loss"].tolist()


@pytest.mark.parametrize(("patience", "min_delta"), [(1, 0.0), (3, 0.0), (5, 0.01), (2, 0.05)])
def test_early_stopping_ends_where_patience_runs_out(validation_losses, patience, min_delta):
    end, best = waiting(validation_losses, patience, min_delta)
    run = overfitting({"early_stopping": {"patience": patience, "min_delta": min_delta}})
    assert end is not None
    assert (run.status, run.stop["epoch"]) == ("stopped", end)
    assert run.summary["best"]["epoch"] == best
    assert run.summary["validation_loss"] == validation_losses[best]
    assert run.summary["weights"] == "best"


@pytest.mark.longer
def test_the_best_weights_are_those_of_a_run_that_ends_there(validation_losses):
    best = int(np.argmin(validation_losses))
    assert 0 < best < 59
    there = overfitting({"epochs": best}).weights["w"]
    early = overfitting({"early_stopping": {"patience": 4}})
    # Patience 100 never runs out, so the budget ends the run, with the best weights too.
    late = overfitting({"early_stopping": {"patience": 100}})
    assert late.status == "exhausted"
    assert np.array_equal(early.weights["w"], there)
    assert np.array_equal(late.weights["w"], there)
    kept = overfitting({"early_stopping": {"patience": 100, "restore_best": False}})
    assert np.array_equal(kept.weights["w"], overfitting({}).weights["w"])
    assert np.array_equal(kept.best_weights["w"], there)
    assert kept.summary["weights"] == "last"


def test_the_message_of_early_stopping(validation_losses):
    end, best = waiting(validation_losses, 4, 0.0)
    run = overfitting({"early_stopping": {"patience": 4}})
    # 28 training rows in batches of five: six steps an epoch.
    assert run.stop["message"] == (
        "the validation loss has not improved for 4 evaluations "
        f"(best {validation_losses[best]:.4g} at epoch {best}) at epoch {end} (step {6 * end})"
    )


def test_early_stopping_is_watched_with_a_memory_of_its_own(validation_losses):
    # The watched one waits for improvements of 0.05, the obeyed one for any.
    watched, _ = waiting(validation_losses, 2, 0.05)
    obeyed, _ = waiting(validation_losses, 8, 0.0)
    run = overfitting(
        {
            "early_stopping": {"patience": 8},
            "watch": {"early_stopping": {"patience": 2, "min_delta": 0.05}},
        }
    )
    assert run.stop["epoch"] == obeyed > watched
    assert [stop["epoch"] for stop in run.record["watched"]] == [watched]
