"""The smoothness constant L and the strong convexity μ of an objective f.

    μ ‖u − v‖² ≤ (∇f(u) − ∇f(v))ᵀ(u − v),  ‖∇f(u) − ∇f(v)‖ ≤ L ‖u − v‖  for all weights u and v

L is the largest change of ∇f per unit distance, and μ the smallest. For a linear model,
f(W) = mean ℓ(W x̃) + (l2/2) ‖weights‖², where x̃ is an example with a 1 appended for the bias. The
Hessian of f is at most c X̃ᵀX̃ / N + R in every direction. Here X̃ has the N vectors x̃ as rows, c is
the largest second derivative of the loss ℓ in the scores, and R is a diagonal matrix with l2 for
weights and 0 for the bias. So L is at most λmax(c X̃ᵀX̃ / N + R), the largest eigenvalue. For the
squared error L is equal to it, and μ is the smallest eigenvalue, because the second derivative is
the same everywhere. The other losses have almost no curvature far from their minimum. So μ of their
objective is that of the penalty: l2 if every parameter has a penalty, else 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.lanczos import extreme_eigenvalues
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import block_rows
from gdrun.problems.rows import Examples, rows_of
from gdrun.problems.surfaces import SurfaceModel

MOST_COLUMNS = 1500
"""The most columns of X for which XᵀX is formed. With more, L is computed by Lanczos' method."""


def smoothness(model: object, X: Examples, l2: float) -> float | None:
    """Return the smoothness constant L of an objective, or an upper bound of it; None if unknown.

    X (N, D): N examples with D columns, of which the last is 1 if the model has a bias. l2: the
    factor of the penalty. A loss whose slope jumps, such as the hinge, has no smoothness constant.
    For a network, and for a surface or a loss that is not convex, no bound is known. With more than
    MOST_COLUMNS columns, Lanczos' method reads all rows once an iteration, block by block. Its
    result is too small by a relative error of at most about 1e-6.

    Source: Nesterov 2004, section 1.2.2.
    """
    if isinstance(model, SurfaceModel):
        known = model.surface.smooth_convex(model.options)
        return None if known is None else known[1]
    if not isinstance(model, LinearModel) or not _has_bound(model):
        return None
    if X.shape[1] <= MOST_COLUMNS:
        curvatures = largest_curvatures(model, X, l2)
        assert curvatures is not None
        return float(curvatures[-1])
    curvature, decay = _loss_curvature(model), _decay(model, X, l2)
    found = extreme_eigenvalues(
        lambda v: curvature * _second_moment_times(X, v) + decay * v, X.shape[1], both=False
    )
    return found.largest


def lipschitz(model: object, X: Examples, l2: float) -> float | None:
    """Return a bound G of ‖g‖ for every subgradient g of an objective; None if there is none.

        G = v √λmax(X̃ᵀX̃ / N)
        v = max(|a₀|, |a₁|)                   for a loss of one score
        v = max(|a₀|, |a₁|) √(k² + k)         for a loss of the margins of C classes, k = C − 1

    a₀ and a₁ are the slopes of the loss below and above its kink. v is the largest norm of the
    derivatives of the loss in the scores of one example. In a loss of margins, up to k wrong
    classes have the slope a₁, and the class of the example then has the slope −k a₁.

    X (N, D), here called X̃: N examples with D columns, of which the last is 1 if the model has a
    bias. l2: the factor of the penalty; above 0 there is no bound, because the gradient of the
    penalty has none. None also for losses that are not piecewise linear.
    """
    if not isinstance(model, LinearModel) or model.loss.slopes is None or l2:
        return None
    steepest = max(map(abs, model.loss.slopes(**model.loss.values)))
    if model.loss.margin:
        wrong = model.outputs - 1
        steepest *= (wrong * (wrong + 1)) ** 0.5
    if X.shape[1] <= MOST_COLUMNS:
        largest = float(np.linalg.eigvalsh(_second_moment(X))[-1])
    else:
        found = extreme_eigenvalues(lambda v: _second_moment_times(X, v), X.shape[1], both=False)
        largest = found.largest
    return float(steepest * largest**0.5)


def largest_curvatures(model: LinearModel, X: Examples, l2: float) -> Numbers | None:
    """Return the eigenvalues of c XᵀX / N + R in ascending order, (D,).

    X (N, D): N examples with D columns, of which the last is 1 if the model has a bias. c is the
    largest second derivative of the loss in the scores. R is diagonal with l2, the factor of the
    penalty, for weights and 0 for the bias. For the squared error the eigenvalues are the
    curvatures of the objective in its principal directions; for other losses they are upper bounds.
    None if no bound is known, as for a loss whose slope jumps or that is not convex, or if X has
    more than MOST_COLUMNS columns.
    """
    if not _has_bound(model) or X.shape[1] > MOST_COLUMNS:
        return None
    # All outputs have the same X and penalty, so one block of the Hessian is enough.
    hessian: Array = _loss_curvature(model) * _second_moment(X) + np.diag(_decay(model, X, l2))
    values: Array = np.linalg.eigvalsh(hessian)
    return values


def _has_bound(model: LinearModel) -> bool:
    return model.loss.convex and model.loss.curvature is not None


def is_exact(model: object) -> bool:
    """Return whether `smoothness` is exact for this model, and not only an upper bound.

    For a surface it is exact if it is the curvature at a minimum, so that no rate above 2/L is
    stable there.
    """
    if isinstance(model, SurfaceModel):
        return model.surface.is_steepest_at_minimum(model.options)
    return isinstance(model, LinearModel) and model.loss.quadratic


def _loss_curvature(model: LinearModel) -> float:
    """c, the largest second derivative of the loss in the scores."""
    assert model.loss.curvature is not None
    return model.loss.curvature(model.outputs, **model.loss.values)


def _decay(model: LinearModel, X: Examples, l2: float) -> Numbers:
    """The diagonal (D,) of the penalty's Hessian."""
    decay: Array = l2 * model.layout.penalised[: X.shape[1]]
    return decay


def _second_moment(X: Examples) -> Array:
    """Return XᵀX / N for X (N, D), computed in double precision, block by block."""
    total: Array = np.zeros((X.shape[1], X.shape[1]))
    for block in _blocks(X):
        total += block.T @ block
    return total / len(X)


def _second_moment_times(X: Examples, v: Numbers) -> Array:
    """Return XᵀX v / N for v (D,), block by block, without forming XᵀX."""
    total: Array = np.zeros(X.shape[1])
    for block in _blocks(X):
        total += (block @ v) @ block
    return total / len(X)


def _blocks(X: Examples) -> Iterator[Array]:
    """Yield the rows of X in blocks, in double precision."""
    rows = block_rows(X.shape[1])
    for start in range(0, len(X), rows):
        yield rows_of(X, slice(start, start + rows)).astype(np.float64, copy=False)
