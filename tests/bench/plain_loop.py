"""A step of the NumPy engine, compared with a plain NumPy loop that does the same work.

Logistic regression with Adam, every step traced: loss, gradient norm, update norm, weight norm.
"""

from __future__ import annotations

from functools import partial

import numpy as np

import gdrun
from bench.measure import seconds_of
from bench.ours import AS_GIVEN
from bench.work import NUMPY, Bar, Finish, Work

PLAIN = "plain NumPy loop"


def plain_epoch(X, y, batch, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """One epoch of the plain loop: returns its trace and the weights."""
    sign = 2.0 * y - 1
    w, m, v = np.zeros((3, X.shape[1]))
    order = np.random.default_rng(0).permutation(len(X))
    trace = []
    for t, start in enumerate(range(0, len(X), batch), start=1):
        chosen = order[start : start + batch]
        rows, signs = X[chosen], sign[chosen]
        margin = signs * (rows @ w)
        small = np.exp(-np.abs(margin))
        loss = (np.log1p(small) - np.minimum(margin, 0)).mean()
        slopes = -signs * np.where(margin > 0, small, 1) / (1 + small)
        g = slopes @ rows / len(rows)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        update = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        w = w - update
        trace.append((loss, np.sqrt(g @ g), np.sqrt(update @ update), np.sqrt(w @ w)))
    return trace, w


def gdrun_epoch(X, y, batch):
    """The same epoch as a run."""
    config = AS_GIVEN | {
        "engine": "numpy",
        "model": "logistic",
        "variant": {"name": "mbgd", "batch_size": batch},
        "optimizer": {"name": "adam", "lr": 0.001},
        "stopping": {"epochs": 1},
        "log": {"points": "all"},
    }
    return gdrun.train(config, data=(X, y))


def step(quick: bool) -> Work:
    """The bar: 60 µs where the plain loop takes 35."""
    rows, batch = 640 if quick else 64_000, 64
    draw = np.random.default_rng(1)
    X = draw.normal(size=(rows, 50))
    y = (X @ draw.normal(size=50) + draw.normal(size=rows) > 0).astype(int)
    with_ones, steps = np.column_stack([X, np.ones(rows)]), rows // batch

    def plain() -> Finish:
        spent, _ = seconds_of(partial(plain_epoch, with_ones, y, batch))
        return Finish(spent / steps)

    def ours() -> Finish:
        timing = gdrun_epoch(X, y, batch).record["timing"]
        return Finish(timing["updates"] / steps, whole=timing["total"] / steps)

    return Work(
        "MBGD, B=64, logistic, Adam, d=50, every step kept",
        {NUMPY: ours, PLAIN: plain},
        (Bar(NUMPY, PLAIN, at_most=round(60 / 35, 2)),),
        per="step",
    )
