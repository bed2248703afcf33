"""Full-batch least squares by QR, compared with the steps on all rows."""

import numpy as np
import pytest
from compiled_cases import cohort_of

import gdrun
from gdrun.engine.compiled import least_squares
from gdrun.engine.compiled.least_squares import compressed


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_least_squares_by_qr_takes_the_numpy_engines_steps(l2):
    # Columns of sizes 1 to 1e-3, so a condition number of XᵀX of about 1e6.
    draw = np.random.default_rng(0)
    X = draw.normal(size=(500, 4)) * [1, 0.1, 0.01, 0.001] + 0.5
    y = X @ [1.0, -2.0, 3.0, -4.0] + 1e-3 * draw.normal(size=500)
    config = {
        "model": {"name": "linear", "l2": l2},
        "variant": "bgd",
        "optimizer": {"name": "nesterov", "lr": 0.05},
        "dataset": {
            "name": "arrays",
            "split": {"validation": 0.2, "test": 0},
            "standardize": False,
        },
        "stopping": {"epochs": 400},
        "evaluate": {"every": 50},
    }
    runs = [gdrun.train(config | {"engine": name}, data=(X, y)) for name in ("numpy", "compiled")]
    assert runs[1].record["compression"] == "qr"
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        numpy, compiled = runs[0].steps[name], runs[1].steps[name]
        # A gradient that has fallen far below the first one carries the rounding of its terms.
        np.testing.assert_allclose(compiled, numpy, rtol=1e-9, atol=1e-14 * numpy.max())
    for name in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(runs[1].evals[name], runs[0].evals[name], rtol=1e-9)
    np.testing.assert_allclose(runs[1].weights["w"], runs[0].weights["w"], rtol=1e-9)


def test_the_triangle_keeps_a_small_residual():
    # ‖Xw − y‖² at the solution is 1e-20 of ‖y‖², below what a Gram matrix in doubles can hold.
    cohort = cohort_of("mse", "vanilla", "bgd", rows=400)
    X = cohort.train.X
    w = np.arange(1.0, X.shape[1] + 1)
    noise = 1e-10 * np.random.default_rng(1).normal(size=len(X))
    part = type(cohort.train)(X, X @ w + noise)
    small = compressed(part)
    assert small.X.shape == (X.shape[1] + 1, X.shape[1])
    residual = small.X @ w - small.y
    assert residual @ residual == pytest.approx(noise @ noise, rel=1e-3)


@pytest.mark.parametrize("rows", [60, 9_000])
def test_both_ways_to_the_triangle_agree(rows, monkeypatch):
    # The triangle is unique up to the signs of its rows, and so AᵀA = RᵀR whichever way.
    cohort = cohort_of("mse", "vanilla", "bgd", rows=rows)
    A = np.column_stack([cohort.train.X, cohort.train.y])
    found = []
    for lost in (least_squares.LOST, 0.0):
        monkeypatch.setattr(least_squares, "LOST", lost)
        part = compressed(cohort.train)
        found.append(np.column_stack([part.X, part.y]))
        np.testing.assert_allclose(found[-1].T @ found[-1], A.T @ A, rtol=1e-12)
    np.testing.assert_allclose(np.abs(found[0]), np.abs(found[1]), rtol=1e-9, atol=1e-11)
    assert not np.array_equal(*found)
