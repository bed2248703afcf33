"""Every rule and schedule as the training loop runs it, replayed by hand on a bowl.

f(x, y) = ½ (x² + 4 y²), so the gradient is (x, 4y); the two weights are one tensor.
"""

import math

import numpy as np
import pytest

import gdrun
from gdrun.methods.rules import OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES

START, CURVATURE, STEPS = [2.0, -1.0], np.array([1.0, 4.0]), 30


def walked(optimizer, schedule="constant"):
    """The places (steps, 2) and the rates of a run, and of each step its rate."""
    run = gdrun.train(
        {
            "surface": {"name": "bowl", "condition": 4.0, "start": START},
            "variant": "bgd",
            "optimizer": optimizer,
            "schedule": schedule,
            "stopping": {"steps": STEPS},
            "log": {"points": "all"},
        }
    )
    return np.column_stack([run.steps["x"], run.steps["y"]]), run.steps["lr"]


def norm(array):
    return np.full_like(array, math.hypot(*array))


@pytest.mark.longer
@pytest.mark.parametrize("rule", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_loop_takes_the_path_of_the_rule_alone(rule):
    places, _ = walked({"name": rule.name, "lr": 0.05})
    options = rule.defaults | {"lr": 0.05}
    w = np.array(START)
    slots = rule.start(w, options)
    for t, place in enumerate(places, start=1):
        w, slots = rule.advance(w, CURVATURE * w, slots, float(t), options, norm)
        np.testing.assert_allclose(place, w, rtol=1e-9, atol=1e-12)
    assert len(places) == STEPS


def one_cycle_at(t):
    """The rate and the momentum before step t + 1: 30 steps, the peak after nine of them."""

    def between(first, last, share):
        return first + (last - first) * (1 - math.cos(math.pi * share)) / 2

    if t < 9:
        return between(0.1 / 25, 0.1, t / 9), between(0.95, 0.85, t / 9)
    return between(0.1, 0.1 / 25e4, (t - 9) / 21), between(0.85, 0.95, (t - 9) / 21)


def test_the_one_cycle_moves_the_momentum_of_heavy_balls():
    places, lrs = walked({"name": "momentum", "lr": 0.1}, {"name": "one_cycle", "per": "step"})
    w, v = np.array(START), np.zeros(2)
    for t in range(STEPS):
        lr, beta = one_cycle_at(t)
        v = beta * v + CURVATURE * w
        w = w - lr * v
        np.testing.assert_allclose(places[t], w, rtol=1e-9, atol=1e-12)
        assert lrs[t] == pytest.approx(lr, rel=1e-9)


def test_the_one_cycle_moves_the_first_beta_of_adam():
    places, _ = walked({"name": "adam", "lr": 0.1}, {"name": "one_cycle", "per": "step"})
    w, m, v = np.array(START), np.zeros(2), np.zeros(2)
    for t in range(STEPS):
        lr, beta = one_cycle_at(t)
        g = CURVATURE * w
        m = beta * m + (1 - beta) * g
        v = 0.999 * v + 0.001 * g * g
        corrected = m / (1 - beta ** (t + 1)), v / (1 - 0.999 ** (t + 1))
        w = w - lr * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        np.testing.assert_allclose(places[t], w, rtol=1e-9, atol=1e-12)


@pytest.mark.longer
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_runs_with_every_kind_of_rule(name):
    for rule in ("vanilla", "rmsprop", "adam"):
        places, lrs = walked({"name": rule, "lr": 0.05}, {"name": name, "warmup": 2})
        assert np.isfinite(places).all()
        # A step is an epoch here, so the warm-up from zero is half way up at the second.
        assert lrs[:2].tolist() == [0, 0.025]
        assert (lrs > 0).sum() >= STEPS - 1
