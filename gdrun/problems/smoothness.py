"""The smoothness constant L of an objective: the most that its gradient can change per step.

    ‖∇f(u) − ∇f(v)‖ ≤ L ‖u − v‖

For a linear model f(W) = mean ℓ(W x̃) + (l2/2) ‖weights‖², where x̃ carries a 1 for the bias, the
Hessian is at most c X̃ᵀX̃ / N + D in every direction. c bounds the curvature of the loss in its
scores, and D is l2 on the weights and 0 on the bias, so L = λmax(c X̃ᵀX̃ / N + D): exact for the
squared error, whose curvature is the same everywhere, and a bound for the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import block_rows

_CURVATURES: dict[str, Callable[[int], float]] = {
    "mse": lambda classes: 2.0,
    "huber": lambda classes: 1.0,
    # σ(s)(1 − σ(s)) is largest at s = 0.
    "logistic": lambda classes: 0.25,
    # λmax(diag(p) − p pᵀ) ≤ ½, reached where two classes have p = ½. Böhning 1992.
    "cross_entropy": lambda classes: 0.5,
    # Each active term (sⱼ − s_y + 1)² has the Hessian 2 (eⱼ − e_y)(eⱼ − e_y)ᵀ; with all C − 1 of
    # them active the sum is twice the Laplacian of a star of C vertices, whose λmax is C.
    "squared_hinge": lambda classes: 2.0 * classes,
}
"""The largest curvature c of each smooth loss, for a model of so many classes."""

EXACT = frozenset({"mse"})
"""Losses whose curvature is the same everywhere, so that L is no mere bound."""


def smoothness(model: object, X: Array, l2: float) -> float | None:
    """L of the objective on the design matrix X (N, D); None where there is none.

    The hinge and the absolute error have kinks, and a network has no bound at all.

    Source: Nesterov 2004, section 1.2.2.
    """
    if not isinstance(model, LinearModel) or model.loss.name not in _CURVATURES:
        return None
    curvature = _CURVATURES[model.loss.name](model.outputs)
    # All outputs share X and the penalty's place, so one block of the Hessian stands for all.
    decay = l2 * model.layout.penalised[: X.shape[1]]
    hessian = curvature * _second_moment(X) + np.diag(decay)
    return float(np.linalg.eigvalsh(hessian)[-1])


def _second_moment(X: Array) -> Numbers:
    """XᵀX / N in double precision, block by block."""
    total = np.zeros((X.shape[1], X.shape[1]))
    rows = block_rows(X.shape[1])
    for start in range(0, len(X), rows):
        block = X[start : start + rows].astype(np.float64, copy=False)
        total += block.T @ block
    return total / len(X)
