"""A loss counts as higher only above its rounding error, wherever rises are counted."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.problems.rises import rose
from gdrun.study.descent import share_of_rises


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
    assert rose(before, after, "float64").tolist() == [False, False, True, False, False]


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
    assert share_of_rises(resolve({**config, "optimizer": {"name": "vanilla", "lr": 2 / 3}})) == 0
