"""The minimum f* of a convex objective, by Newton's method to machine precision.

This is the method for smooth losses; `kinked_minimum` has the method for losses with kinks.

    w ← w − t (H + δ I)⁻¹ ∇f(w),  H = ∇²f(w)

δ is tiny at first, and only makes the system solvable if H has directions without curvature. t is
halved from 1 until the objective falls enough. If it does not fall, a larger δ is tried. This
happens if all errors of Huber's loss are large, so that H is 0. With δ = L the step is no longer
than 1/L times the gradient, which lowers every L-smooth objective.

For least squares, the first step solves the normal equations, and each further step corrects the
rounding errors of the one before. Half the Newton decrement, ½ ∇fᵀ(H + δ I)⁻¹∇f, estimates f − f*.

Source: Boyd & Vandenberghe 2004, section 9.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.insight.kinked_minimum import kinked, minimise_kinked
from gdrun.problems.curvature import dense_hessian, hessian_product
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples
from gdrun.problems.smoothness import smoothness

MOST_PARAMETERS = 1500
"""The most parameters for which the Hessian is written out; with more, conjugate gradients solve
the system from products with the Hessian.
"""

MOST_STEPS = 300
DAMPINGS = (1e-14, 1e-6, 1e-3, 1e-1, 1.0)
"""The values of δ in the order in which they are tried, as shares of L."""

EXACT, ROUGH = 1e-10, 0.1
"""The smallest and the largest relative residual at which conjugate gradients end a step."""

SHORTEST = 2**-8
"""The smallest t."""

DECREASE = 1e-4
"""The share of the predicted decrease that a step must reach (Armijo 1966)."""


@dataclass(frozen=True)
class Minimum:
    """The minimum of a convex objective.

    value: f*. weights (P,): where it is attained; None if it is not attained at any weights. error:
    the estimate of f − f* at these weights. converged: whether the error is as small as rounding
    allows; if not, `value` is only an upper bound of f*.
    """

    value: float
    weights: Array | None
    error: float
    converged: bool


def minimise(objective: Objective, start: Array, X: Examples, y: Array) -> Minimum | None:
    """Return the minimum of a linear model's objective; None if no method here applies.

    start (P,): the P weights from which the method starts. X, y: the examples and their targets.
    None for a network, for a loss that is not convex, for a loss with kinks that is not piecewise
    linear, and for a loss with kinks on data that are too large (see `kinked`) or with more than
    MOST_PARAMETERS parameters.

    If least squares has many minima, the one nearest to `start` is found. If the classes can be
    separated and there is no penalty, the cross-entropy has the infimum 0, which it does not
    attain.
    """
    model = objective.model
    if not isinstance(model, LinearModel) or not model.loss.convex:
        return None
    if model.loss.curvature is None:
        return _with_kinks(objective, start, X, y)
    w = start.astype(np.float64)
    L = smoothness(model, X, float(objective.l2))
    assert L is not None
    value, gradient = _at(objective, w, X, y)
    steepest = float(np.linalg.norm(gradient))
    error = math.inf
    precision = float(np.finfo(np.float64).eps)
    # Where f* is 0, rounding errors of the scores, sums over D columns, leave about the share D ε²
    # of the first value.
    least = precision**2 * abs(value) * X.shape[1]
    for _ in range(MOST_STEPS):
        if _separated(objective, value, len(X)):
            return Minimum(0.0, None, 0.0, True)
        moved = None
        accuracy = _accuracy(model, gradient, steepest)
        for damping in DAMPINGS:
            step = _newton_step(objective, w, X, y, gradient, damping * L, accuracy)
            error = 0.5 * float(gradient @ step)
            if damping == DAMPINGS[0] and error <= max(precision * abs(value), least):
                # One more step makes w as exact as f: the error of f is the square of that of w.
                last, _ = _at(objective, w - step, X, y)
                return Minimum(min(value, last), w - step, max(error, 0.0), True)
            moved = _line_search(objective, w, X, y, step, value, 2 * error)
            if moved is not None:
                break
        if moved is None:
            # Rounding errors of f hide any further decrease.
            return Minimum(value, w, error, True)
        w, value, gradient = moved
    return Minimum(value, w, error, False)


def _with_kinks(objective: Objective, start: Array, X: Examples, y: Array) -> Minimum | None:
    """The minimum for a loss that is piecewise linear with one kink.

    None for another loss, and if the data or the number of parameters are too large.
    """
    problem = kinked(objective, X, y)
    if problem is None or start.size > MOST_PARAMETERS:
        return None
    w, gap, small = minimise_kinked(problem, start)
    value, _ = _at(objective, w, X, y)
    return Minimum(value, w, gap, small)


def _line_search(
    objective: Objective,
    w: Numbers,
    X: Examples,
    y: Array,
    step: Numbers,
    value: float,
    slope: float,
) -> tuple[Numbers, float, Numbers] | None:
    """The weights, objective and gradient after the longest step that lowers f enough.

    step (P,): the Newton step. slope: ∇fᵀ step. None if no step lowers f.
    """
    size = 1.0
    while size >= SHORTEST:
        there = w - size * step
        lower, gradient = _at(objective, there, X, y)
        if lower <= value - DECREASE * size * slope:
            return there, lower, gradient
        size /= 2
    return None


def _accuracy(model: LinearModel, gradient: Numbers, steepest: float) -> float:
    """The relative residual at which conjugate gradients end a Newton step.

    Far from the minimum an exact step is not worth its many products with the Hessian. There the
    residual may be √(‖g‖/‖g₀‖), which still gives superlinear convergence (Dembo, Eisenstat &
    Steihaug 1982). steepest: ‖g₀‖, the gradient norm at the start. For least squares one exact step
    is enough.
    """
    if model.loss.quadratic or not steepest:
        return EXACT
    return min(max(math.sqrt(float(np.linalg.norm(gradient)) / steepest), EXACT), ROUGH)


def _newton_step(
    objective: Objective,
    w: Numbers,
    X: Examples,
    y: Array,
    gradient: Numbers,
    delta: float,
    accuracy: float,
) -> Numbers:
    """(H + δ I)⁻¹ g for the gradient g (P,). delta: δ.

    accuracy: the relative residual at which conjugate gradients end, if they are used.
    """
    if w.size <= MOST_PARAMETERS:
        hessian = dense_hessian(objective, w, X, y)
        hessian[np.diag_indices(w.size)] += delta
        solved: Array = np.linalg.solve(hessian, gradient)
        return solved
    return _conjugate_gradients(
        lambda v: hessian_product(objective, w, X, y, v), gradient, delta, accuracy
    )


def _conjugate_gradients(
    product: Callable[[Numbers], Numbers], gradient: Numbers, delta: float, accuracy: float
) -> Numbers:
    """Solve (H + δ I) s = g for s (P,) by conjugate gradients (Hestenes & Stiefel 1952).

    product: the function that returns H v for v. accuracy: the relative residual at which the
    iteration ends.
    """
    s = np.zeros_like(gradient)
    residual, direction = gradient.copy(), gradient.copy()
    size = first = float(residual @ residual)
    for _ in range(min(2 * gradient.size, 1000)):
        if size <= accuracy**2 * first:
            break
        image = product(direction) + delta * direction
        curvature = float(direction @ image)
        # A direction without curvature consists of rounding errors only.
        if curvature <= 2 * delta * float(direction @ direction):
            break
        rate = size / curvature
        s += rate * direction
        residual -= rate * image
        before, size = size, float(residual @ residual)
        direction = residual + (size / before) * direction
    return s


def _at(objective: Objective, w: Numbers, X: Examples, y: Array) -> tuple[float, Numbers]:
    value, gradient = objective.value_and_gradient(w[None], X, y)
    return float(value[0]), gradient[0]


def _separated(objective: Objective, value: float, rows: int) -> bool:
    """Whether the cross-entropy shows that every example is classified correctly.

    value: the mean cross-entropy. If the sum over all rows is below ln 2, each term is below ln 2,
    so that each example has a probability above ½. Then larger and larger weights bring the loss to
    0. False for other losses and with l2.
    """
    model: Any = objective.model
    loss: str = model.loss.name
    return loss in ("logistic", "cross_entropy") and not objective.l2 and value * rows < math.log(2)
