"""A loss counts as higher only above its rounding error, wherever rises are counted."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.problems.rises import rose
from gdrun.study.descent import first_rises


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e-300, 1.0, -1.0, 1e300])
def test_only_more_than_sixteen_rounding_errors_count(dtype, scale):
    eps = float(np.finfo(dtype).eps)
    before = np.full(5, scale)
    after = before + np.array([-32, 0, 8, 32, 1 / eps]) * eps * abs(scale)
    assert rose(before, after, dtype).tolist() == [False, False, False, True, True]


def test_losses_that_are_not_finite():
    before = np.array([np.nan, 1.0, 1.0, np.inf, np.inf])
    after = np.array([1.0, np.nan, np.inf, 1.0, np.inf])
    assert rose(before, after, "float64").tolist() == [False, True, True, False, False]


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_run_that_rests_at_its_minimum_never_rises(engine):
    # In float32 the loss of least squares is soon constant up to its last digits.
    config = {"variant": "bgd", "schedule": "constant", "dtype": "float32", "engine": engine}
    config |= {"dataset": "diabetes", "model": "linear", "optimizer": {"name": "vanilla"}}
    run = gdrun.train(config, "lr=0.2", "epochs=3000")
    assert run.steps["batch_loss"][-1] < run.steps["batch_loss"][0]
    assert run.summary["rising_share"] == 0


def test_the_full_loss_of_a_comparison_does_not_rise_by_rounding():
    config = {"surface": {"name": "bowl", "condition": 3}, "dtype": "float32", "variant": "bgd"}
    config |= {"optimizer": {"name": "vanilla", "lr": 2 / 3}}
    found = first_rises(resolve(config), epochs=100)
    assert (found.share, found.epochs) == (0, 100)


HEAVY_BALL = {"name": "momentum", "lr": 0.05}
BOWL = {"surface": "bowl", "variant": "bgd", "schedule": "constant", "optimizer": HEAVY_BALL}


def heavy_ball(steps):
    """f before and after each step of v ← 0.9 v + ∇f, w ← w − 0.05 v, from (−4, 1.5).

    f = ½ (x² + 10 y²) is 19.25, 10.03, 6.33, 10.27, 10.68, 4.46 and 0.50 at the first points.
    """
    curvatures, w, v = np.array([1.0, 10.0]), np.array([-4.0, 1.5]), np.zeros(2)
    losses = [float(curvatures @ w**2) / 2]
    for _ in range(steps):
        v = 0.9 * v + curvatures * w
        w = w - 0.05 * v
        losses.append(float(curvatures @ w**2) / 2)
    return np.array(losses)


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("steps", [1, 3, 4, 6])
def test_every_step_counts_where_the_loss_after_the_last_one_is_known(steps, every):
    run = gdrun.train(BOWL, f"steps={steps}", f"evaluate.every={every}")
    losses = heavy_ball(steps)
    assert run.summary["train_loss"] == pytest.approx(losses[-1])
    # The loss rises in the third and in the fourth step, and falls in the others.
    expected = {1: 0, 3: 1 / 3, 4: 2 / 4, 6: 2 / 6}[steps]
    assert np.mean(np.diff(losses) > 0) == pytest.approx(expected)
    assert run.summary["rising_share"] == pytest.approx(expected)


NOT_OF_THE_STEPS = {
    "batches": ({"variant": {"name": "mbgd", "batch_size": 50}}, 5),
    "dropout": ({"model": {"name": "mlp", "hidden": [4], "dropout": 0.5}}, 5),
    "averaged weights": ({"optimizer": {"name": "vanilla", "lr": 0.1, "average": "ema"}}, 5),
    "batch norm": ({"model": {"name": "mlp", "hidden": [4], "batch_norm": True}}, 5),
    "the same function": ({}, 6),
    "the same function, compiled": ({"engine": "compiled"}, 6),
}


@pytest.mark.parametrize("case", NOT_OF_THE_STEPS)
def test_the_last_step_does_not_count_where_an_evaluation_measures_another_loss(case):
    changes, counted = NOT_OF_THE_STEPS[case]
    config = {"dataset": "iris", "model": "softmax", "variant": "bgd", "schedule": "constant"}
    config |= {"optimizer": {"name": "vanilla", "lr": 3.0}, **changes}
    run = gdrun.train(config, "steps=6", "evaluate.every=1")
    f = run.steps["batch_loss"]
    f = np.append(f, run.evals["train_loss"][-1]) if counted == 6 else f
    assert run.summary["rising_share"] == pytest.approx(np.sum(np.diff(f) > 0) / counted)


def test_a_surface_without_noise_has_one_loss_for_every_batch():
    config = BOWL | {"variant": "sgd"}
    assert gdrun.train(config, "steps=3").summary["rising_share"] == pytest.approx(1 / 3)
    run = gdrun.train(config | {"surface": {"name": "bowl", "noise": 0.1}}, "steps=3")
    f = run.steps["batch_loss"]
    assert run.summary["rising_share"] == np.sum(np.diff(f) > 0) / 2
