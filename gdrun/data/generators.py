"""Generated datasets: a seeded generator in, a table out.

Rows come in random order, so that a prefix of the table is a fair sample of it.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Lt

from gdrun.array_types import Array, Numbers
from gdrun.data.table import Table
from gdrun.errors import DataError
from gdrun.methods.definitions import Count, NonNegative, Positive

ConditionNumber = Annotated[float, Ge(1)]
"""κ ≥ 1."""
Several = Annotated[int, Ge(2)]
"""A whole number ≥ 2."""


def linear(
    rng: np.random.Generator,
    n: Count = 1000,
    d: Count = 10,
    noise: NonNegative = 0.1,
    condition: ConditionNumber = 1.0,
) -> Table:
    """Least squares with a chosen condition number.

        y = X w* + noise · ε,   ε ~ N(0, 1),   w* ~ N(0, I)

        XᵀX/n = V diag(λ) Vᵀ,   λmax/λmin = condition

    Exact for this X, not only in the mean: the columns are centred, V is a random rotation, and
    the eigenvalues λ are spaced evenly in logarithm with mean 1. Standardisation changes them.
    """
    X = _design(rng, n, d, condition)
    y = X @ rng.standard_normal(d) + noise * rng.standard_normal(n)
    return _table("linear", X, y)


def logistic(
    rng: np.random.Generator,
    n: Count = 1000,
    d: Count = 10,
    signal: Positive = 3.0,
    condition: ConditionNumber = 1.0,
) -> Table:
    """Two classes drawn from a true logistic model.

        P(y = 1 | x) = 1 / (1 + exp(−xᵀw*))

    X as in `linear`, with its condition number. w* has a random direction and such a length that
    the log-odds xᵀw* have standard deviation `signal`: small is noisy, large nearly separable.
    """
    X = _design(rng, n, d, condition)
    direction = X @ rng.standard_normal(d)
    log_odds = signal * direction / direction.std()
    y = rng.random(n) < 0.5 * (1 + np.tanh(0.5 * log_odds))
    return _table("logistic", X, y.astype(np.int64), classes=2)


def blobs(
    rng: np.random.Generator,
    n: Count = 300,
    d: Count = 2,
    classes: Several = 3,
    spread: NonNegative = 1.0,
) -> Table:
    """Round Gaussian clouds, one a class, of equal size to within one point.

    x = centre + spread · ε,   ε ~ N(0, I),   centre ~ U[−10, 10]^d
    """
    centres = rng.uniform(-10, 10, (classes, d))
    y = np.arange(n) % classes
    X = centres[y] + spread * rng.standard_normal((n, d))
    return _shuffled("blobs", rng, X, y, classes)


def moons(rng: np.random.Generator, n: Several = 200, noise: NonNegative = 0.1) -> Table:
    """Two interlocking half circles.

        upper: (cos t, sin t)        lower: (1 − cos t, ½ − sin t),   0 ≤ t ≤ π

    Gaussian noise of standard deviation `noise` is added to both coordinates.
    """
    upper, lower = (np.linspace(0, np.pi, count) for count in (n - n // 2, n // 2))
    X = np.concatenate([_circle(upper), [1, 0.5] - _circle(lower)])
    y = np.repeat([0, 1], [len(upper), len(lower)])
    return _shuffled("moons", rng, X + noise * rng.standard_normal((n, 2)), y, 2)


def circles(
    rng: np.random.Generator,
    n: Several = 200,
    noise: NonNegative = 0.05,
    factor: Annotated[float, Gt(0), Lt(1)] = 0.5,
) -> Table:
    """A circle inside a circle.

        outer: (cos t, sin t)        inner: factor · (cos t, sin t),   0 ≤ t < 2π

    Gaussian noise of standard deviation `noise` is added to both coordinates.
    """
    outer, inner = (
        np.linspace(0, 2 * np.pi, count, endpoint=False) for count in (n - n // 2, n // 2)
    )
    X = np.concatenate([_circle(outer), factor * _circle(inner)])
    y = np.repeat([0, 1], [len(outer), len(inner)])
    return _shuffled("circles", rng, X + noise * rng.standard_normal((n, 2)), y, 2)


def xor(rng: np.random.Generator, n: Several = 200, noise: NonNegative = 0.0) -> Table:
    """The four quadrants of a square, opposite ones alike: no line separates them.

        y = [x₁ x₂ < 0],   x ~ U[−1, 1]²

    Gaussian noise of standard deviation `noise` moves the points after they are labelled.
    Each quadrant holds the same number of points to within one.

    Source: Minsky and Papert 1969, Perceptrons.
    """
    corner = np.arange(n) % 4
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[corner]
    X = signs * rng.uniform(0, 1, (n, 2)) + noise * rng.standard_normal((n, 2))
    return _shuffled("xor", rng, X, corner % 2, 2)


def spirals(
    rng: np.random.Generator,
    arms: Several = 3,
    points: Several = 100,
    noise: NonNegative = 0.2,
) -> Table:
    """Interleaved spiral arms, one a class.

        x = (r sin θ, r cos θ),   0 ≤ r ≤ 1,   4j ≤ θ ≤ 4(j + 1) in arm j = 0, 1, …

    r and θ grow evenly along the `points` points of an arm; Gaussian noise of standard deviation
    `noise` is added to the angle θ.

    Source: Karpathy, CS231n, Putting it together: minimal neural network case study.
    """
    y = np.repeat(np.arange(arms), points)
    r = np.tile(np.linspace(0, 1, points), arms)
    angle = np.linspace(4 * np.arange(arms), 4 * np.arange(1, arms + 1), points, axis=1).ravel()
    X = r[:, None] * _circle(angle + noise * rng.standard_normal(arms * points))[:, ::-1]
    return _shuffled("spirals", rng, X, y, arms)


def _design(rng: np.random.Generator, n: int, d: int, condition: float) -> Numbers:
    """Centred columns with XᵀX/n = V diag(λ) Vᵀ: X = √n Q diag(√λ) Vᵀ with QᵀQ = I, Qᵀ1 = 0."""
    if n <= d:
        raise DataError(
            f"n = {n} rows cannot fix the condition number of d = {d} columns",
            where="dataset",
            hint=f"use n = {d + 1} or more",
        )
    if d == 1 and condition != 1:
        raise DataError(
            f"one column has condition number 1, not {condition:g}",
            where="dataset",
            hint="use d = 2 or more, or condition = 1",
        )
    gaussian = rng.standard_normal((n, d))
    Q = np.linalg.qr(gaussian - gaussian.mean(axis=0)).Q
    V = np.linalg.qr(rng.standard_normal((d, d))).Q
    eigenvalues = np.geomspace(condition, 1, d)
    eigenvalues /= eigenvalues.mean()
    X: Numbers = (Q * np.sqrt(n * eigenvalues)) @ V.T
    return X


def _circle(angle: Numbers) -> Numbers:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _shuffled(name: str, rng: np.random.Generator, X: Array, y: Array, classes: int) -> Table:
    order = rng.permutation(len(y))
    return _table(name, X[order], y[order], classes)


def _table(name: str, X: Array, y: Array, classes: int = 0) -> Table:
    return Table(
        name=name,
        X=X,
        y=y,
        feature_names=tuple(f"x{column}" for column in range(X.shape[1])),
        target_name="class" if classes else "y",
        classes=tuple(map(str, range(classes))),
    )
