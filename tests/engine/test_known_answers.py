"""Runs whose end is known: the least-squares optimum, and the accuracy that a dataset allows."""

import numpy as np
import pytest

import gdrun
from gdrun.data import load_table
from gdrun.data.splitting import split_rows


def test_least_squares_on_diabetes_reaches_the_optimum():
    # 442 rows less 44 and 44; columns standardised by the training part, as the config says.
    table = load_table({"name": "diabetes"})
    rows = split_rows(np.zeros(442, dtype=int), validation=0.1, test=0.1, seed=0).train
    X, y = table.X[rows], table.y[rows]
    X = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])
    solution, (squares,), _, _ = np.linalg.lstsq(X, y, rcond=None)
    # Heavy ball: with H = (2/N) XᵀX the best are α = 4 / (√L + √μ)² and β = ((√κ−1)/(√κ+1))².
    curvature = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
    large, small = np.sqrt(curvature[-1]), np.sqrt(curvature[0])
    run = gdrun.train(
        {
            "dataset": "diabetes",
            "model": "linear",
            "variant": "bgd",
            "optimizer": {
                "name": "momentum",
                "lr": float(4 / (large + small) ** 2),
                "beta": float(((large - small) / (large + small)) ** 2),
            },
            "stopping": {"steps": 1500, "grad_norm": 1e-9},
            "evaluate": {"every": 50},
        }
    )
    assert run.status == "converged"
    assert run.summary["train_loss"] == pytest.approx(squares / len(X), rel=1e-9)
    assert run.weights["w"] == pytest.approx(solution[:-1], rel=1e-7)
    assert run.weights["b"] == pytest.approx(solution[-1], rel=1e-9)


@pytest.mark.longer
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("dataset", "model", "optimizer", "bar"),
    [
        ("digits", "softmax", {"name": "momentum", "lr": 0.1}, 0.95),
        ("breast-cancer", "logistic", {"name": "momentum", "lr": 0.05}, 0.96),
        ("iris", "softmax", {"name": "adam", "lr": 0.1}, 0.93),
    ],
)
def test_the_accuracy_that_linear_models_are_known_to_reach(dataset, model, optimizer, bar, seed):
    # The seed of the dataset determines the split; a fifth of the rows is the test part.
    run = gdrun.train(
        {
            "dataset": {"name": dataset, "seed": seed, "split": {"validation": 0.1, "test": 0.2}},
            "seed": seed,
            "model": {"name": model, "l2": 1e-4},
            "variant": {"name": "mbgd", "batch_size": 32},
            "optimizer": optimizer,
            "schedule": "cosine",
            "stopping": {"epochs": 30},
        }
    )
    assert run.summary["test_accuracy"] > bar
