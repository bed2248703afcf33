"""Full-batch least squares by QR factorisation: the N rows of data are replaced by D + 1 rows.

    [X y] = Q [[R, z], [0, ρ]],  so  ‖Xw − y‖² = ‖Rw − z‖² + ρ²  for every w

X (N, D) are the features, y (N,) the targets, w (D,) the weights, Q is orthogonal, and the triangle
[[R, z], [0, ρ]] has D + 1 rows. As examples, these rows have the same sums of losses and gradients
as all N rows, so the same kernels run on them; means are still over N. Every later step costs D²
instead of N·D for each lane. The Gram matrix XᵀX alone would be even faster, but it squares the
condition number and loses a small residual; the triangle keeps both.

If the columns are well conditioned, the triangle is computed from two Gram matrices (Cholesky QR),
four times faster than by Householder reflections: R₁ is the Cholesky factor of AᵀA for A = [X y],
R₂ that of the Gram matrix of A R₁⁻¹, and R = R₂ R₁. The distance of the second Gram matrix from the
identity shows the error of R₁. If it is larger than LOST, reflections are used, block by block: the
triangle of stacked triangles is the triangle of all their rows.

Source: Golub & Van Loan, Matrix Computations, section 5.3; Demmel et al. 2012 for the blocks;
Yamamoto et al. 2015 for the two Gram matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.cohort import Cohort, Design
from gdrun.problems.linear import LinearModel
from gdrun.problems.rows import rows_of
from gdrun.threads import run_all, shares, single_blas_thread, thread_count

PASSES = 40
"""A triangle takes less time than this number of passes over the data."""

BLOCK_ENTRIES = 2**17
"""Entries of [X y] in one block: 1 MB of float64, which fits the L2 cache of a core."""

LOST = 1e-10
"""The largest accepted error of the first Gram matrix: the condition number of [X y] is then below
about 1,000."""


def pays(cohort: Cohort) -> bool:
    """Whether the cohort is full-batch least squares with enough steps to repay a triangle."""
    model = cohort.model
    if not (cohort.batching.whole and isinstance(model, LinearModel) and model.loss.name == "mse"):
        return False
    rows, columns = cohort.train.X.shape
    budget = cohort.plan.budget
    return rows > 4 * columns and (budget is None or budget.steps > PASSES)


def compressed(part: Design) -> Design:
    """D + 1 examples with the same sums of losses and gradients as all rows of the part."""
    with single_blas_thread():
        triangle = _by_gram_matrices(part)
        if triangle is None:
            triangles = _over_rows(_triangle, part)
            triangle = np.asarray(np.linalg.qr(np.concatenate(triangles), mode="r"))
    narrow = triangle.astype(part.X.dtype)
    return Design(np.ascontiguousarray(narrow[:, :-1]), np.ascontiguousarray(narrow[:, -1]))


def _by_gram_matrices(part: Design) -> Array | None:
    """The triangle from two Gram matrices; None if the first one is not accurate enough."""
    try:
        first = np.linalg.cholesky(sum(_over_rows(_gram, part, None)), upper=True)
        second = sum(_over_rows(_gram, part, np.linalg.inv(first)))
    except np.linalg.LinAlgError:
        return None
    if not np.abs(second - np.eye(len(first))).max() < LOST:
        return None
    triangle: Array = np.linalg.cholesky(second, upper=True) @ first
    return triangle


def _over_rows(function: Callable[..., Array], part: Design, *given: Any) -> list[Array]:
    """The results of the function on parts of the rows, one part for each thread."""
    runs = shares(part.rows, thread_count())
    return run_all([partial(function, part, *given, first, last) for first, last in runs])


def _gram(part: Design, change: Array | None, first: int, last: int) -> Array:
    """AᵀA over rows `first` to `last` of A = [X y], or of A times `change`."""
    columns = part.X.shape[1] + 1
    total = np.zeros((columns, columns))
    height = max(BLOCK_ENTRIES // columns, 1)
    for start in range(first, last, height):
        rows = slice(start, min(start + height, last))
        block = np.empty((rows.stop - start, columns))
        block[:, :-1], block[:, -1] = rows_of(part.X, rows), part.y[rows]
        if change is not None:
            block = block @ change
        total += block.T @ block
    return total


def _triangle(part: Design, first: int, last: int) -> Array:
    """The triangle of rows `first` to `last` of [X y], in double precision."""
    columns = part.X.shape[1] + 1
    height = max(BLOCK_ENTRIES // columns, columns)
    stack = np.zeros((columns + height, columns))
    for start in range(first, last, height):
        rows = slice(start, min(start + height, last))
        count = rows.stop - start
        stack[columns : columns + count, :-1] = rows_of(part.X, rows)
        stack[columns : columns + count, -1] = part.y[rows]
        triangle = np.linalg.qr(stack[: columns + count], mode="r")
        stack[:columns] = triangle
    return stack[:columns].copy()
