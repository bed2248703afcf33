"""Full-batch least squares from a triangle: the data are read once, whatever comes after.

    [X y] = Q [[R, z], [0, ρ]],  so  ‖Xw − y‖² = ‖Rw − z‖² + ρ²  for every w

The rows of the triangle are D + 1 examples whose sums of losses and gradients are those of all N,
so the same loops run on them; means are still over N. Every later step, lane and learning rate
costs D² instead of N·D. The Gram matrix XᵀX would be quicker to build, but squares the condition
number and loses a small residual; the triangle keeps both.

Built from blocks of rows: the triangle of a stack of triangles is that of all their rows.

Source: Golub & Van Loan, Matrix Computations, section 5.3; Demmel et al. 2012 for the blocks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gdrun.engine.compiled.threads import one_blas_thread, run_all, shares, thread_count
from gdrun.engine.plan import Plan
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Array
from gdrun.problems.rows import rows_of

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort, Design

PASSES = 40
"""Passes over the data that take as long as one triangle, with something to spare."""

BLOCK_ENTRIES = 2**18
"""Entries of [X y] in one block: what a core's own cache holds twice."""


def pays(cohort: Cohort) -> bool:
    """Whether the cohort is full-batch least squares of more steps than a triangle costs."""
    model = cohort.model
    if not (cohort.batching.whole and isinstance(model, LinearModel) and model.loss.name == "mse"):
        return False
    rows, columns = cohort.train.X.shape
    budget = Plan(cohort.shared, cohort.batching).budget
    return rows > 4 * columns and (budget is None or budget.steps > PASSES)


def compressed(part: Design) -> Design:
    """D + 1 examples that stand for all rows of the part."""
    from gdrun.engine.cohort import Design

    with one_blas_thread():
        tasks = [
            partial(_triangle, part, first, last)
            for first, last in shares(part.rows, thread_count())
        ]
        triangle: Array = np.asarray(np.linalg.qr(np.concatenate(run_all(tasks)), mode="r"))
    narrow = triangle.astype(part.X.dtype)
    return Design(np.ascontiguousarray(narrow[:, :-1]), np.ascontiguousarray(narrow[:, -1]))


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
