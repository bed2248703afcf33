"""The positions of steps from traces, against closed forms and against Hessians."""

from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.insight.curvature_path import path_of
from gdrun.insight.step_positions import step_positions

DESCENT = {"variant": "bgd", "optimizer": {"name": "vanilla", "lr": 0.1}, "schedule": "constant"}


@pytest.mark.parametrize("share", [0.01, 0.5, 1.5, 2.0, 2.5])
def test_a_parabola(share):
    # On ½x² a step of α = share/L ends at (1 − share) x: the position is share − 1. (With share 1
    # the first step reaches the minimum, and no slope is left.)
    surface = {"name": "bowl", "condition": 1, "start": [3, 0]}
    config = {**DESCENT, "surface": surface, "stopping": {"steps": 10}}
    found = step_positions(gdrun.train(config, f"lr={share}"))
    assert found.steps.tolist() == list(range(1, 11))
    np.testing.assert_allclose(found.positions, share - 1, atol=1e-9)


def test_a_quadratic_against_its_hessian():
    model = {"name": "linear", "l2": 0.5}
    config = {**DESCENT, "dataset": "diabetes", "model": model, "stopping": {"epochs": 20}}
    found = step_positions(gdrun.train(config))
    by_step = dict(zip(found.steps.tolist(), found.positions, strict=True))
    points = path_of(resolve(config), most=6).points
    compared = [point for point in points if point.position is not None and point.step in by_step]
    assert len(compared) >= 4
    for point in compared:
        assert by_step[point.step] == pytest.approx(point.position, abs=1e-8)


def test_a_rising_loss_is_a_position_above_1():
    run = gdrun.train(
        {**DESCENT, "dataset": "iris", "model": {"name": "mlp", "hidden": [8]}}, "lr=2"
    )
    found = step_positions(run)
    f = np.append(run.steps["batch_loss"], run.evals["train_loss"][-1])
    rises = np.flatnonzero(np.diff(f) > 0) + 1
    assert len(rises)
    assert found.steps[found.positions > 1].tolist() == rises.tolist()


def test_steps_without_f_after_them_are_left_out():
    run = gdrun.train({**DESCENT, "dataset": "iris", "model": "softmax"}, "epochs=12")
    whole = step_positions(run)
    thinned = {name: np.delete(column, 5) for name, column in run.steps.items()}
    # Step 6 is not in the trace. The evaluation of epoch 5 has the loss after step 5, and that of
    # epoch 12 the loss after step 12.
    found = step_positions(replace(run, steps=thinned))
    assert found.steps.tolist() == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    np.testing.assert_allclose(found.positions, np.delete(whole.positions, 5), atol=1e-9)
    for missing in (5, 12):
        evals = {name: np.delete(column, missing) for name, column in run.evals.items()}
        fewer = step_positions(replace(run, steps=thinned, evals=evals)).steps.tolist()
        assert fewer == [step for step in found.steps if step != missing]


def test_the_steps_of_a_combined_trace_are_those_with_an_evaluation():
    """Each point combines 3 steps, so that no step is followed by the next: f is evaluated."""
    config = {**DESCENT, "dataset": "iris", "model": "softmax"}
    whole = step_positions(gdrun.train(config, "epochs=60"))
    found = step_positions(gdrun.train(config, "epochs=60", "log.points=30"))
    assert found.steps.tolist() == list(range(3, 61, 3))
    np.testing.assert_allclose(found.positions, whole.positions[2::3], atol=1e-9)
    rare = step_positions(gdrun.train(config, "epochs=60", "log.points=30", "evaluate.every=30"))
    assert rare.steps.tolist() == [30, 60]


def test_rounding_hides_the_positions_near_a_minimum():
    # At the minimum itself every slope is 0.
    surface = {"name": "bowl", "start": [0, 0]}
    config = {**DESCENT, "surface": surface, "stopping": {"steps": 5}}
    assert step_positions(gdrun.train(config)) is None


@pytest.mark.longer
@pytest.mark.parametrize("condition", [3, 10, 1000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_step_at_the_limit_rises(condition, dtype):
    # With α = 2/L the steep coordinate y of a bowl becomes −y, up to rounding, and |x| falls: f
    # never rises, and the last positions are 1 up to rounding.
    surface = {"name": "bowl", "condition": condition}
    config = {**DESCENT, "surface": surface, "dtype": dtype, "stopping": {"steps": 2000}}
    found = step_positions(gdrun.train(config, f"lr={2 / condition!r}"))
    assert found.shares == (0, 1, 0)
    assert found.positions[-1] == pytest.approx(1, abs=1e-2)


def test_steps_above_the_limit_rise():
    # With α = 2.02/L the steep coordinate grows by 1.02 a step, so in the end every step rises.
    surface = {"name": "bowl", "condition": 10}
    config = {**DESCENT, "surface": surface, "stopping": {"steps": 200}}
    found = step_positions(gdrun.train(config, "lr=0.202"))
    assert found.higher[-100:].all() and found.shares[2] == found.higher.mean() > 0.5
