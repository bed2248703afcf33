"""Generated datasets: functions of a random number generator that return a table.

The rows are in random order, so the first k rows are a random sample of the table.
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
"""A condition number: a real number ≥ 1."""
Several = Annotated[int, Ge(2)]
"""A whole number ≥ 2."""


def linear(
    rng: np.random.Generator,
    n: Count = 1000,
    d: Count = 10,
    noise: NonNegative = 0.1,
    condition: ConditionNumber = 1.0,
) -> Table:
    """Linear regression data with a given condition number.

        y = X w* + noise · ε,   ε ~ N(0, 1),   w* ~ N(0, I)

        XᵀX/n = V diag(λ) Vᵀ,   λmax/λmin = condition

    n is the number of rows, d the number of features. The drawn XᵀX/n has exactly this condition
    number. The columns of X are centred, V is a random rotation, and the eigenvalues λ are evenly
    spaced on a logarithmic scale with mean 1. Standardisation changes the condition number. noise
    is the standard deviation of the noise in y.

    Raises: DataError if n ≤ d, or if d is 1 and condition is not 1.
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
    """Two classes drawn from a logistic model.

        P(y = 1 | x) = 1 / (1 + exp(−xᵀw*))

    n is the number of rows, d the number of features. The columns of X are centred, and XᵀX/n has
    exactly the condition number `condition`. w* has a random direction, and a length for which the
    log-odds xᵀw* have the standard deviation `signal`. With a small signal the classes overlap;
    with a large signal they are almost separable.

    Raises: DataError if n ≤ d, or if d is 1 and condition is not 1.
    """
    X = _design(rng, n, d, condition)
    direction = X @ rng.standard_normal(d)
    log_odds = signal * direction / direction.std()
    # 1/(1 + exp(−z)) as a tanh, which cannot overflow.
    y = rng.random(n) < 0.5 * (1 + np.tanh(0.5 * log_odds))
    return _table("logistic", X, y.astype(np.int64), classes=2)


def blobs(
    rng: np.random.Generator,
    n: Count = 300,
    d: Count = 2,
    classes: Several = 3,
    spread: NonNegative = 1.0,
) -> Table:
    """Gaussian clusters, one for each class.

        x = centre + spread · ε,   ε ~ N(0, I),   centre ~ U[−10, 10]^d

    n is the number of rows, d the number of features, spread the standard deviation within a
    cluster. All classes have the same number of rows, or some have one row more.
    """
    centres = rng.uniform(-10, 10, (classes, d))
    y = np.arange(n) % classes
    X = centres[y] + spread * rng.standard_normal((n, d))
    return _shuffled("blobs", rng, X, y, classes)


def moons(rng: np.random.Generator, n: Several = 200, noise: NonNegative = 0.1) -> Table:
    """Two interlocking half circles, one for each class.

        upper: (cos t, sin t)        lower: (1 − cos t, ½ − sin t),   0 ≤ t ≤ π

    n is the number of rows. Gaussian noise with the standard deviation `noise` is added to both
    coordinates.
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
    """A circle inside another circle, one for each class.

        outer: (cos t, sin t)        inner: factor · (cos t, sin t),   0 ≤ t < 2π

    n is the number of rows. Gaussian noise with the standard deviation `noise` is added to both
    coordinates.
    """
    outer, inner = (
        np.linspace(0, 2 * np.pi, count, endpoint=False) for count in (n - n // 2, n // 2)
    )
    X = np.concatenate([_circle(outer), factor * _circle(inner)])
    y = np.repeat([0, 1], [len(outer), len(inner)])
    return _shuffled("circles", rng, X + noise * rng.standard_normal((n, 2)), y, 2)


def xor(rng: np.random.Generator, n: Several = 200, noise: NonNegative = 0.0) -> Table:
    """The XOR problem: opposite quadrants of a square share a class, so no line separates them.

        y = [x₁ x₂ < 0],   x ~ U[−1, 1]²

    n is the number of rows. Gaussian noise with the standard deviation `noise` is added to the
    points after the classes are assigned. All quadrants have the same number of points, or some
    have one point more.

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
    """Interleaved spiral arms, one for each class.

        x = (r sin θ, r cos θ),   0 ≤ r ≤ 1,   4j ≤ θ ≤ 4(j + 1) in arm j = 0, 1, …

    Each arm has `points` points, along which r and θ increase evenly. Gaussian noise with the
    standard deviation `noise` is added to the angle θ (in radians).

    Source: Karpathy, CS231n, Putting it together: minimal neural network case study.
    """
    y = np.repeat(np.arange(arms), points)
    r = np.tile(np.linspace(0, 1, points), arms)
    angle = np.linspace(4 * np.arange(arms), 4 * np.arange(1, arms + 1), points, axis=1).ravel()
    X = r[:, None] * _circle(angle + noise * rng.standard_normal(arms * points))[:, ::-1]
    return _shuffled("spirals", rng, X, y, arms)


def _design(rng: np.random.Generator, n: int, d: int, condition: float) -> Numbers:
    """Return X (n, d) with XᵀX/n = V diag(λ) Vᵀ, where λmax/λmin is `condition`.

    X = √n Q diag(√λ) Vᵀ with QᵀQ = I and Qᵀ1 = 0. Raises DataError if no such X exists.
    """
    if n <= d:
        raise DataError(
            f"n = {n} rows are too few to set the condition number of d = {d} columns",
            where="dataset",
            hint=f"use n = {d + 1} or more",
        )
    if d == 1 and condition != 1:
        raise DataError(
            f"a single column always has the condition number 1, not {condition:.15g}",
            where="dataset",
            hint="use d = 2 or more, or condition = 1",
        )
    gaussian = rng.standard_normal((n, d))
    # The columns of Q span those of the centred matrix, so they are orthogonal to 1 as well.
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
