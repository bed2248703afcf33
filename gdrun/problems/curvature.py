"""The Hessian of an objective: its product with a vector, and the whole matrix of a linear model.

The product is computed by differentiating the code of the gradient with dual arrays (see
`dual_numbers`). So it is exact to rounding, takes about the time of two or three gradients, and
exists for every model. Only for the equation of a plugin with a function whose derivative is not
known, the product is a central difference of gradients (see `differenced_function`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.dual_numbers import DualArray, NoDerivativeError
from gdrun.problems.lanczos import MOST_PRODUCTS, Extremes, extreme_eigenvalues
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Objective, block_rows
from gdrun.problems.rows import Examples, rows_of


def gradient_and_product(
    objective: Objective, w: Array, X: Examples, y: Array, v: Array
) -> tuple[Numbers, Numbers]:
    """Return ∇f(w) and ∇²f(w) v, (P,) each, of the objective f on the rows of X.

    w, v: (P,) for P parameters. Batch normalisation uses the statistics of these rows; dropout is
    off. The kinks of relu and of hinge losses add nothing to the second derivatives.
    """
    gradient, product = _with_derivative(
        lambda lane: objective.value_and_gradient(lane, X, y)[1], w[None], v[None]
    )
    return gradient[0], product[0]


def hessian_product(objective: Objective, w: Array, X: Examples, y: Array, v: Array) -> Numbers:
    """Return the product ∇²f(w) v, (P,), where f is the objective on the rows of X.

    It is the second result of `gradient_and_product`. w, v: (P,) for P parameters.
    """
    return gradient_and_product(objective, w, X, y, v)[1]


def extreme_curvatures(
    objective: Objective,
    w: Array,
    X: Examples,
    y: Array,
    *,
    tolerance: float = 1e-4,
    most_products: int = MOST_PRODUCTS,
) -> Extremes:
    """Return the extreme eigenvalues of the Hessian ∇²f(w), by Lanczos' method.

    f is the objective on the rows of X. w: (P,) for P parameters. tolerance: stop when the errors
    are below this share of the largest absolute eigenvalue. most_products: stop after this number
    of products ∇²f(w) v.
    """
    return extreme_eigenvalues(
        lambda v: hessian_product(objective, w, X, y, v),
        len(w),
        tolerance=tolerance,
        most_products=most_products,
    )


def dense_hessian(objective: Objective, w: Array, X: Examples, y: Array) -> Numbers:
    """Return the Hessian (P, P) of a linear model's objective at the weights w (P,).

        ∂²f / ∂W_cj ∂W_ek = (1/N) Σᵢ Jᵢ,ce x̃ᵢⱼ x̃ᵢₖ + l2 [c = e, j = k, not a bias]

    x̃ᵢ is row i of X, of N rows; the last column of X is 1 if the model has a bias. Jᵢ is the
    Hessian of the loss in the scores of example i. c and e count the scores, j and k the columns of
    X. […] is 1 if the condition holds, and else 0.
    """
    model = objective.model
    assert isinstance(model, LinearModel), "the model is not linear: its Hessian is too large"

    def of_scores(block: Array, part: slice) -> Numbers:
        return loss_hessian(model, model.scores(w[None], block), y[part])

    hessian = score_products(X, model.outputs, of_scores) / len(X)
    hessian[np.diag_indices(w.size)] += objective.l2 * model.layout.penalised
    return hessian


def score_products(
    X: Examples, outputs: int, of_scores: Callable[[Array, slice], Array]
) -> Numbers:
    """Return Σᵢ Jᵢ ⊗ x̃ᵢ x̃ᵢᵀ (P, P), where x̃ᵢ is row i of X.

    of_scores: a function (block, part), where block holds n rows of X in double precision and part
    is their slice of X. It returns the symmetric matrices J of these rows, (n, C, C). outputs: the
    number C of scores.
    """
    columns = X.shape[-1]
    total = np.zeros((outputs, outputs, columns, columns))
    rows = max(block_rows(columns) // outputs, 64)
    for start in range(0, len(X), rows):
        part = slice(start, start + rows)
        block = rows_of(X, part).astype(np.float64, copy=False)
        J = of_scores(block, part)
        for c in range(outputs):
            for e in range(c + 1):
                total[c, e] += (block * J[:, c, e, None]).T @ block
    for c in range(outputs):
        for e in range(c):
            total[e, c] = total[c, e].T
    size = outputs * columns
    products: Numbers = total.swapaxes(1, 2).reshape(size, size)
    return products


def loss_hessian(model: LinearModel, scores: Array, y: Array) -> Numbers:
    """Return the second derivatives of the loss in the C scores of each of n examples: (n, C, C).

    scores: (n, 1, C), or (n, 1) for a model with one score. y (n,): the targets.
    """
    directions = np.eye(model.outputs) if model.by_class else np.ones((1, 1))
    columns = [
        _with_derivative(
            lambda scores: model.loss.bound(scores, y)[1],
            scores,
            np.broadcast_to(direction, scores.shape),
        )[1]
        for direction in directions
    ]
    return np.stack([column[:, 0] for column in columns], axis=-1).reshape(
        len(y), *[model.outputs] * 2
    )


def _with_derivative(
    function: Callable[[Any], Any], at: Array, v: Array
) -> tuple[Numbers, Numbers]:
    """Return the value of a function and its derivative in the direction v, by dual arrays.

    By a central difference if the function uses one without a known derivative. function: its
    argument and its result are arrays that agree in all axes but the last. at, v: the argument and
    the direction, of the same shape.
    """
    try:
        # The function may write into its argument.
        dual = function(DualArray(at.copy(), v.copy()))
    except NoDerivativeError:
        return np.asarray(function(at.copy())), _central_difference(function, at, v)
    # A result that does not depend on the argument, such as the slope of a hinge, has no tangent.
    return (
        (dual.value, dual.tangent) if isinstance(dual, DualArray) else (dual, np.zeros_like(dual))
    )


def _central_difference(function: Callable[[Any], Any], at: Array, v: Array) -> Numbers:
    """(function(at + h v) − function(at − h v)) / 2h.

    The step h v is ε^(1/3) of the size of `at`, or of 1 if this is larger, for each row of the last
    axis: this balances the errors of rounding and of the difference.
    """
    size = np.maximum(1, np.abs(at).max(axis=-1, keepdims=True))
    longest = np.abs(v).max(axis=-1, keepdims=True)
    h = np.cbrt(np.finfo(np.float64).eps) * size / np.where(longest > 0, longest, 1)
    difference: Numbers = (function(at + h * v) - function(at - h * v)) / (2 * h)
    return difference


def differenced_function(objective: Objective, w: Array, X: Examples, y: Array) -> str | None:
    """Return the function for which products with the Hessian are differences of gradients.

    It is the first function that the gradient uses and whose derivative is not known; None if the
    products are exact. w (P,): the weights. X, y: the examples and their targets.
    """
    lane: Any = DualArray(w[None], np.zeros_like(w[None]))
    try:
        objective.value_and_gradient(lane, X, y)
    except NoDerivativeError as error:
        return error.function
    return None
