"""The smoothness constant L of an objective: the largest change of its gradient per unit distance.

    ‖∇f(u) − ∇f(v)‖ ≤ L ‖u − v‖  for all weights u and v

For a linear model, f(W) = mean ℓ(W x̃) + (l2/2) ‖weights‖², where x̃ is an example with a 1 appended
for the bias. Its Hessian is at most c X̃ᵀX̃ / N + D in every direction: c is the largest curvature of
the loss in its scores, and the diagonal matrix D is l2 for weights and 0 for the bias. So L is
λmax(c X̃ᵀX̃ / N + D). This is exact for the squared error, whose curvature is the same everywhere,
and an upper bound for other losses.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import block_rows


def smoothness(model: object, X: Array, l2: float) -> float | None:
    """The smoothness constant L of the objective on the design matrix X (N, D); or None.

    A loss whose slope jumps, such as the hinge, has no smoothness constant, and for a network no
    bound is known.

    Source: Nesterov 2004, section 1.2.2.
    """
    if not isinstance(model, LinearModel) or model.loss.curvature is None:
        return None
    curvature = model.loss.curvature(model.outputs, **model.loss.values)
    # All outputs have the same X and penalty, so λmax of one block of the Hessian is enough.
    decay = l2 * model.layout.penalised[: X.shape[1]]
    hessian = curvature * _second_moment(X) + np.diag(decay)
    return float(np.linalg.eigvalsh(hessian)[-1])


def is_exact(model: object) -> bool:
    """Whether L is exactly the largest curvature, and not only an upper bound."""
    return isinstance(model, LinearModel) and model.loss.quadratic


def _second_moment(X: Array) -> Numbers:
    """XᵀX / N in double precision, block by block."""
    total = np.zeros((X.shape[1], X.shape[1]))
    rows = block_rows(X.shape[1])
    for start in range(0, len(X), rows):
        block = X[start : start + rows].astype(np.float64, copy=False)
        total += block.T @ block
    return total / len(X)
