"""The smoothness constant L of an objective: the most its gradient changes over a unit distance.

    ‖∇f(u) − ∇f(v)‖ ≤ L ‖u − v‖

For a linear model f(W) = mean ℓ(W x̃) + (l2/2) ‖weights‖², where x̃ carries a 1 for the bias, the
Hessian is at most c X̃ᵀX̃ / N + D in every direction. c bounds the curvature of the loss in its
scores, and D is l2 on the weights and 0 on the bias, so L = λmax(c X̃ᵀX̃ / N + D): exact for the
squared error, whose curvature is the same everywhere, and a bound for the others.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import block_rows


def smoothness(model: object, X: Array, l2: float) -> float | None:
    """L of the objective on the design matrix X (N, D); None where there is none.

    A loss whose slope jumps has none, such as the hinge, and a network has no bound at all.

    Source: Nesterov 2004, section 1.2.2.
    """
    if not isinstance(model, LinearModel) or model.loss.curvature is None:
        return None
    curvature = model.loss.curvature(model.outputs, **model.loss.values)
    # All outputs share X and the penalty's place, so one block of the Hessian serves for all.
    decay = l2 * model.layout.penalised[: X.shape[1]]
    hessian = curvature * _second_moment(X) + np.diag(decay)
    return float(np.linalg.eigvalsh(hessian)[-1])


def is_exact(model: object) -> bool:
    """Whether L is the curvature everywhere, and no mere bound on it."""
    return isinstance(model, LinearModel) and model.loss.quadratic


def _second_moment(X: Array) -> Numbers:
    """XᵀX / N in double precision, block by block."""
    total = np.zeros((X.shape[1], X.shape[1]))
    rows = block_rows(X.shape[1])
    for start in range(0, len(X), rows):
        block = X[start : start + rows].astype(np.float64, copy=False)
        total += block.T @ block
    return total / len(X)
