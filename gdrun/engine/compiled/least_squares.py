"""Full-batch least squares from a triangle: the data are read once, whatever comes after.

    [X y] = Q [[R, z], [0, ρ]],  so  ‖Xw − y‖² = ‖Rw − z‖² + ρ²  for every w

The rows of the triangle are D + 1 examples whose sums of losses and gradients are those of all N,
so the same kernels run on them; means are still over N. Every later step, lane and learning rate
costs D² instead of N·D. The Gram matrix XᵀX alone would be quicker still, but squares the condition
number and loses a small residual; the triangle keeps both.

Where the columns are well conditioned, the triangle comes from two Gram matrices, four times sooner
than by reflections: R₁ from that of A = [X y], R₂ from that of A R₁⁻¹, and R = R₂ R₁. How far the
second is from the identity shows what the first lost; beyond a trace of rounding, reflections do it
instead, block by block: the triangle of a stack of triangles is that of all their rows.

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
"""Passes over the data that take as long as one triangle, with something to spare."""

BLOCK_ENTRIES = 2**17
"""Entries of [X y] in one block, 1 MB: what a core's own cache holds."""

LOST = 1e-10
"""The most that a Gram matrix may be from exact: a condition number of [X y] below about 1,000."""


def pays(cohort: Cohort) -> bool:
    """Whether the cohort is full-batch least squares of more steps than a triangle costs."""
    model = cohort.model
    if not (cohort.batching.whole and isinstance(model, LinearModel) and model.loss.name == "mse"):
        return False
    rows, columns = cohort.train.X.shape
    budget = cohort.plan.budget
    return rows > 4 * columns and (budget is None or budget.steps > PASSES)


def compressed(part: Design) -> Design:
    """D + 1 examples with the sums of losses and gradients of all rows of the part."""
    with single_blas_thread():
        triangle = _by_gram_matrices(part)
        if triangle is None:
            triangles = _over_rows(_triangle, part)
            triangle = np.asarray(np.linalg.qr(np.concatenate(triangles), mode="r"))
    narrow = triangle.astype(part.X.dtype)
    return Design(np.ascontiguousarray(narrow[:, :-1]), np.ascontiguousarray(narrow[:, -1]))


def _by_gram_matrices(part: Design) -> Array | None:
    """The triangle from two Gram matrices; None where the first lost too much."""
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
    """The function's result on each thread's share of the rows."""
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
