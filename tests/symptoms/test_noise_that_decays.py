"""Runs whose late fall is that of their noise, and runs that are truly slow, on real data.

The minimum is found with many full-batch steps, and is the judge of what a run had left to gain.
"""

from functools import cache

import numpy as np
import pytest

import gdrun
from gdrun.data.sources import load_table

WORDS = ("model=logistic", "dataset.split.validation=0", "dataset.split.test=0")
LATE = {"slow convergence", "still falling"}


@cache
def noisy_digits():
    """Digits from 5 on against the others, a tenth of them turned: the minimum is far from 0."""
    table = load_table({"name": "digits"})
    turned = np.random.default_rng(0).random(len(table.y)) < 0.1
    return table.X, (table.y >= 5) != turned


@cache
def minimum():
    full = ("variant=bgd", "optimizer=nesterov", "lr=0.5", "schedule=constant", "epochs=20000")
    run = gdrun.train({}, *WORDS, *full, data=noisy_digits())
    first, last = run.steps["grad_norm"][[0, -1]]
    assert last < first / 1000
    return run.evals["train_loss"][-1]


def left_and_names(*words):
    """The share of the possible fall of the loss that a run left, and its late symptoms."""
    run = gdrun.train({}, *WORDS, *words, data=noisy_digits())
    loss = run.evals["train_loss"]
    left = (loss[-1] - minimum()) / (loss[0] - minimum())
    return left, {each["name"] for each in run.record["diagnosis"]} & LATE


@pytest.mark.longer
@pytest.mark.parametrize("schedule", ["cosine", "linear", "step", "exponential"])
@pytest.mark.parametrize("words", [("lr=0.03", "batch_size=8"), ("lr=0.1", "batch_size=8")])
def test_noise_that_falls_with_the_rate_is_no_slow_convergence(schedule, words):
    left, names = left_and_names("optimizer=adam", f"schedule={schedule}", "epochs=50", *words)
    assert left < 0.1
    assert not names


@pytest.mark.longer
@pytest.mark.parametrize("schedule", ["cosine", "linear", "step", "exponential", "constant"])
@pytest.mark.parametrize("words", [("optimizer=adam", "lr=3e-5"), ("optimizer=vanilla", "lr=1e-4")])
def test_a_rate_that_is_too_small_is_slow_under_every_schedule(schedule, words):
    left, names = left_and_names(f"schedule={schedule}", "epochs=50", "batch_size=16", *words)
    assert left > 0.3
    assert names == {"slow convergence"}
