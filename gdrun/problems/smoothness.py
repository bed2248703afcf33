"""The smoothness constant L of an objective f: the largest change of ∇f per unit distance.

    ‖∇f(u) − ∇f(v)‖ ≤ L ‖u − v‖  for all weights u and v

For a linear model, f(W) = mean ℓ(W x̃) + (l2/2) ‖weights‖², where x̃ is an example with a 1
appended for the bias. The Hessian of f is at most c X̃ᵀX̃ / N + D in every direction. Here X̃ has
the N vectors x̃ as rows, c is the largest second derivative of the loss ℓ in the scores, and D is a
diagonal matrix with l2 for weights and 0 for the bias. So L is at most λmax(c X̃ᵀX̃ / N + D), the
largest eigenvalue. For the squared error L is equal to it, because the second derivative is the
same everywhere.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import block_rows


def smoothness(model: object, X: Array, l2: float) -> float | None:
    """Return the smoothness constant L of an objective, or an upper bound of it; None if unknown.

    X: the design matrix (N, D). l2: the factor of the penalty. A loss whose slope jumps, such as
    the hinge, has no smoothness constant. For a network no bound is known.

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
    """Return whether `smoothness` is exact for this model, and not only an upper bound."""
    return isinstance(model, LinearModel) and model.loss.quadratic


def _second_moment(X: Array) -> Numbers:
    """Return XᵀX / N for X (N, D), computed in double precision, block by block."""
    total = np.zeros((X.shape[1], X.shape[1]))
    rows = block_rows(X.shape[1])
    for start in range(0, len(X), rows):
        block = X[start : start + rows].astype(np.float64, copy=False)
        total += block.T @ block
    return total / len(X)
