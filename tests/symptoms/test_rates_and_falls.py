"""Rates that are too large or too small: losses that explode, swing or fall slowly."""

from dataclasses import replace

import numpy as np
import pytest
from curves import STEADY, SWINGING, curves

import gdrun
from gdrun.symptoms.facts import RateLimit
from gdrun.symptoms.registry import diagnose

RATES = {
    "cosine": 0.5 * (1 + np.cos(np.pi * np.arange(200) / 200)),
    "exponential": np.exp(-np.arange(200) / 40),
    "warm-up": np.arange(1, 201) / 200,
}


@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize(
    ("fall", "expected"),
    [
        (lambda used: 1 - 0.3 * used, ["slow convergence"]),
        (lambda used: 1 - 0.9 * used, ["still falling"]),
        (lambda used: 2.0 ** (-20 * used), []),
        (lambda used: np.ones(len(used)), ["stuck"]),
    ],
    ids=["slow", "still falling", "healthy", "stuck"],
)
def test_a_loss_that_depends_on_the_sum_of_the_rates_only(schedule, fall, expected):
    """A schedule only moves the steps at which the same points of the path are reached."""
    rates, every = RATES[schedule], 5
    used = np.concatenate([[0], np.cumsum(rates)])[::every] / rates.sum()
    run = curves(fall(used), steps={"step": np.arange(1, 201), "lr": rates})
    run = replace(run, evals=run.evals | {"step": np.arange(0, 201, every)})
    assert [each.name for each in diagnose(run)] == expected
    assert run.epochs[0] < run.half_epoch < run.epochs[-1]


@pytest.mark.longer
@pytest.mark.parametrize(
    "schedule", ["constant", "cosine", "linear", "polynomial", "exponential", "one_cycle"]
)
def test_a_schedule_that_ends_at_zero_is_not_slow_unless_the_rate_is_too_small(schedule):
    """The loss flattens at the end in both runs; 2/L is about 0.9 here."""
    config = {"dataset": "wine", "model": "softmax", "variant": "bgd", "optimizer": "vanilla"}
    for rate, expected in ((0.5, []), (5e-4, ["slow convergence"])):
        changes = {"optimizer.lr": rate, "stopping.epochs": 60, "schedule": schedule}
        run = gdrun.train(config, changes)
        loss = run.evals["train_loss"]
        assert schedule in ("constant", "exponential") or loss[-3] - loss[-1] < loss[3] - loss[5]
        assert [each["name"] for each in run.record["diagnosis"]] == expected


def test_an_update_that_is_not_defined_is_no_explosion():
    steps = {"step": [1, 2], "batch_loss": [1.0, 0.9], "grad_norm": [2.0, 1.5]}
    steps = {name: np.array(column) for name, column in steps.items()}
    said = "the weights of w became nan at step 2"
    base = curves([1.0])

    def names(**columns):
        run = replace(base, steps=steps | columns, diverged=said, status="diverged")
        return [each.name for each in diagnose(run)]

    assert names(update_norm=np.array([0.1, np.nan])) == ["undefined update"]
    # Weights that overflow are an explosion, and so is a loss or a gradient that grew before.
    assert names(update_norm=np.array([0.1, np.inf])) == ["exploding"]
    grown = {"batch_loss": np.array([1.0, 1e9])}
    assert names(update_norm=np.array([0.1, np.nan]), **grown) == ["exploding"]
    lost = {"grad_norm": np.array([2.0, np.inf])}
    assert names(update_norm=np.array([0.1, np.nan]), **lost) == ["exploding"]


def test_a_loss_that_once_doubled_is_exploding_unless_it_recovered():
    """From 1, with the lower bound 0: a peak of 2.5 is a rise by more than the largest fall."""
    peaked = np.concatenate([[1, 2.5], np.linspace(2.4, 1.5, 18)])
    (found,) = diagnose(curves(peaked))
    assert found.name == "exploding"
    assert "rose from 1 to 2.5 by epoch 1, and ended at 1.5" in found.evidence
    # Full batches whose loss fell to less than half of its peak rose for a time only.
    fallen = curves(np.concatenate([[1, 2.5], np.linspace(2, 0.5, 18)]))
    assert [each.name for each in diagnose(fallen)] == ["early explosion"]
    noisy = replace(fallen, config=fallen.config | {"variant": {"name": "mbgd"}})
    assert [each.name for each in diagnose(noisy)] == ["exploding"]
    recovered = np.concatenate([[1, 2.5], 0.1 + 2.0 ** -np.arange(18)])
    assert [each.name for each in diagnose(curves(recovered))] == ["early explosion"]
    again = recovered.copy()
    again[15] = 2.5  # The loss jumps again in the second half, but it ends at a tenth of its start.
    jumping = curves(again)
    assert [each.name for each in diagnose(jumping)] == ["early explosion", "oscillation"]
    noisy = replace(jumping, config=jumping.config | {"variant": {"name": "mbgd"}})
    assert [each.name for each in diagnose(noisy)] == ["exploding"]


def test_a_swing_is_compared_with_the_fall_of_the_loss():
    """From 2.2 to 0.2 the loss falls by 2; late it moves between 0.2 and 0.4, by 10 % of that.

    From 1.3 to 1 it falls by 0.3, and then moves between 1 and 1.5, by 5/3 of that.
    """
    (found,) = diagnose(curves(SWINGING))
    assert found.evidence.endswith("between 0.2 and 0.401, a range of 10 % of its whole fall")
    rising = np.where(np.arange(20) % 2, 1.0, 1.5)
    rising[0] = 1.3
    swung = next(each for each in diagnose(curves(rising)) if each.name == "oscillation")
    assert swung.evidence.endswith("between 1 and 1.5, a range of 1.67 times its whole fall")


def test_a_trend_is_no_part_of_a_swing():
    """From 1, the loss falls by 0.05 an epoch, and is higher by 0.2 at each odd epoch.

    So it rises by 0.2 − 0.05 = 0.15 and falls by 0.25, in turn. From epoch 10 to 19 it falls from
    0.5 to 0.05 + 0.2 = 0.25, and the largest rise is 0.15; its lowest value is 0.1 at epoch 18, so
    that 0.15 is 17 % of its whole fall of 0.9.
    """
    loss = 1 - 0.05 * np.arange(20) + 0.2 * (np.arange(20) % 2)
    found = next(each for each in diagnose(curves(loss)) if each.name == "oscillation")
    moved = "falls from 0.5 to 0.25, and rises in between by up to 0.15, 17 % of its whole fall"
    assert found.evidence == f"after epoch 10 the training loss {moved}"
    # The same swings without the trend are certain.
    (level,) = diagnose(curves(np.concatenate([[1], 0.4 + 0.2 * (np.arange(19) % 2)])))
    assert (level.name, found.confidence) == ("oscillation", 0.5)
    assert level.confidence > 0.85
    # Steps of 0.01 in place of 0.2: the loss only falls.
    steep = 1 - 0.05 * np.arange(20) + 0.01 * (np.arange(20) % 2)
    assert "oscillation" not in [each.name for each in diagnose(curves(steep))]


def test_a_loss_that_first_rose_has_its_whole_fall_in_the_second_half():
    """The loss is slightly above its start for 10 epochs, and falls by 0.4 in the last ones."""
    loss = np.concatenate([np.linspace(1, 1.02, 10), np.linspace(1, 0.6, 10)])
    (found,) = diagnose(curves(loss))
    assert found.name == "slow convergence"
    assert "100 % of the fall of the training loss came after epoch 9.5 of 19" in found.evidence


def test_a_loss_that_recovered_from_a_large_rise_is_not_called_slow():
    """2/L is about 0.25: the cosine schedule starts above it and ends far below it."""
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "schedule": "cosine"},
        "optimizer=vanilla",
        "lr=0.3",
        "epochs=60",
    )
    loss = run.evals["train_loss"]
    assert loss.max() > 2 * loss[0] > 20 * loss[-1] / 3
    assert run.record["diagnosis"] == []


def test_a_penalty_that_keeps_the_loss_near_its_start():
    """With l2 = 8 and ‖w‖ = 0.1 the penalty is 0.04, and the loss fell by 0.05 only."""
    run = curves(0.95 + 0.05 * STEADY, status="converged")
    steps = {"weight_norm": np.array([0.0, 0.1])}
    assert diagnose(replace(run, steps=steps)) == []
    (found,) = diagnose(replace(run, steps=steps, config=run.config | {"model": {"l2": 8.0}}))
    assert found.name == "stuck"
    assert found.evidence.endswith("; the penalty l2 = 8 keeps the weights small")
    # A penalty of 0.004 is a small part of the fall.
    assert diagnose(replace(run, steps=steps, config=run.config | {"model": {"l2": 0.8}})) == []


def test_the_stability_limit_is_evidence():
    """A rate of 0.1 is 50 times a limit of 0.002; the first remedy is half the limit."""
    run = curves(np.linspace(1, 2, 20), limit=RateLimit(0.002, "2/L", exact=True))
    (found,) = diagnose(run)
    assert found.evidence.endswith("the rate 0.1 is 50 times the stability limit 2/L = 0.002")
    assert {"optimizer.lr": 0.001} in [dict(each.changes) for each in found.remedies]


def test_a_limit_that_is_not_exact_is_not_called_the_cause():
    """Full batches of a loss that is not quadratic may be stable above it, mini-batches below."""
    limit = RateLimit(0.002, "2/L", exact=False)
    norms = {"grad_norm": np.linspace(1, 3, 20), "batch_size": np.full(20, 8)}
    run = curves(np.linspace(1, 2, 20), limit=limit, steps=norms)
    (found,) = diagnose(run)
    grown, compared = found.evidence.split("; ")[1:]
    assert grown == "the gradient norm grew 3-fold from step 1 to step 20"
    known = "the rate 0.1 is 50 times 2/L = 0.002"
    assert compared == f"{known}, below which full batches are stable near a minimum"
    (found,) = diagnose(replace(run, config=run.config | {"variant": {"name": "mbgd"}}))
    grown, compared, own = found.evidence.split("; ")[1:]
    # Medians of two steps: (3 − 1/19)/(1 + 1/19) = 56/20.
    tenths = "from the first to the last tenth of the steps"
    assert grown == f"the median gradient norm grew 2.8-fold {tenths}"
    assert compared == f"{known}, the limit of full batches near a minimum"
    assert own == "batches of 8 may need less"


def test_a_limit_from_a_bound_of_the_curvature_is_a_safe_rate_only():
    """2/L with an upper bound L of the curvature: larger rates may be stable, and are tried.

    From 0.002 to a rate of 2 the ratio is 1000, and its thirds are 10: 0.02 and 0.2.
    """
    limit = RateLimit(0.002, "2/L", exact=False, is_bound=True)
    steps = {"grad_norm": np.linspace(1, 3, 20), "batch_size": np.full(20, 8)}
    run = curves(np.linspace(1, 2, 20), limit=limit, steps=steps)
    config = run.config | {"optimizer": {"lr": 2.0}}
    run = replace(run, config=config)
    (found,) = diagnose(run)
    known = (
        "; the rate 2 is 1000 times 2/L = 0.002, below which full batches are stable near a "
        "minimum (L is an upper bound of the curvature, so larger rates may be stable, too)"
    )
    assert found.evidence.endswith(known)
    assert rates(found)[:5] == [0.001, 0.0001, 1e-05, 0.02, 0.2]
    (noisy,) = diagnose(replace(run, config=config | {"variant": {"name": "mbgd"}}))
    assert noisy.evidence.endswith(f"{known}; batches of 8 may need less")
    # A curvature that is known allows no larger rate, and near the limit there is none to try.
    for other in (replace(limit, is_bound=False), replace(limit, value=0.5)):
        (found,) = diagnose(replace(run, limit=other))
        assert max(rates(found)) < other.value


def test_full_batches_that_are_slow_try_a_rate_above_a_bound():
    """10 times 2/L, but no rate above the limit if the curvature L is known."""
    for is_bound, expected in ((True, [1.0, 1.9, 20.0]), (False, [1.0, 1.9])):
        limit = RateLimit(2.0, "2/L", exact=False, is_bound=is_bound)
        (found,) = diagnose(curves(np.linspace(2, 1.9, 20), limit=limit))
        assert found.name == "slow convergence"
        assert rates(found) == expected


def rates(symptom):
    changes = [each.changes for each in symptom.remedies]
    return [each["optimizer.lr"] for each in changes if set(each) == {"optimizer.lr"}]


@pytest.mark.parametrize("epochs", [40, 100])
def test_the_shares_of_a_straight_loss_are_those_of_the_epochs(epochs):
    """A rate of 1e-6 moves the loss along a straight line: half of it falls after the middle."""
    words = ({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "optimizer=vanilla")
    run = gdrun.train(*words, "schedule=constant", "lr=1e-6", f"epochs={epochs}")
    loss = run.evals["train_loss"]
    late = (loss[epochs // 2] - loss[-1]) / (loss[0] - loss[-1])
    assert late == pytest.approx(0.5, abs=0.001)
    evidence = run.record["diagnosis"][0]["evidence"]
    half = f"50 % of the fall of the training loss came after epoch {epochs // 2} of {epochs}, "
    assert evidence.startswith(half)


@pytest.mark.parametrize(
    ("words", "ended"),
    [
        # f* = -0.25 is reached at half of the epochs, but at 3/4 of the sum of the rates.
        (("optimizer=vanilla", "epochs=240"), -0.25),
        # The loss was -0.2498 at epoch 21, and is higher at the end.
        (("optimizer=momentum", "variant=mbgd"), -0.2454),
    ],
)
def test_a_loss_that_fell_only_before_the_end_is_not_still_falling(words, ended):
    run = gdrun.train(None, "surface=saddle", *words)
    assert run.evals["train_loss"][-1] == pytest.approx(ended, abs=1e-4)
    assert run.record["diagnosis"] == []


def test_a_straight_fall_to_the_minimum_of_a_surface_is_complete():
    """From 1 to 0.0005 the loss falls by 0.9995, and 1/2000 of this is left above 0."""
    config = {"surface": {"name": "bowl"}}
    run = curves(np.linspace(1, 0.0005, 20))
    assert diagnose(replace(run, config=run.config | config)) == []
    assert [each.name for each in diagnose(run)] == ["still falling"]
    run = curves(np.linspace(1, 0.002, 20))
    found = diagnose(replace(run, config=run.config | config))
    assert [each.name for each in found] == ["still falling"]
