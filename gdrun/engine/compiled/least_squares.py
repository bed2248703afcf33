"""Full-batch least squares by QR factorisation: the N rows of data are replaced by D + 1 rows.

    [X y] = Q [[R, z], [0, ρ]],  so  ‖Xw − y‖² = ‖Rw − z‖² + ρ²  for every w

X (N, D) are the features, y (N,) the targets, w (D,) the weights, Q is orthogonal, and the triangle
[[R, z], [0, ρ]] has D + 1 rows. As examples, these rows have the same sums of losses and gradients
as all N rows, so the same kernels run on them; means are still over N. Every later step costs D²
instead of N·D for each lane.

Let A = [X y], v = (w, −1) and n = D + 1. There are three ways to compute the triangle, the cheapest
first.

1. One Gram matrix G = AᵀA, if it is accurate enough. Its Cholesky factor is the triangle. An error
   δG changes the loss ‖Av‖² = vᵀGv by vᵀδGv. Scale the columns of A to norm 1, and let λ be the
   least eigenvalue of G; 1/λ is at most the square of the condition number of A. If the entries of
   δG are independent with mean 0 and standard deviation s, then vᵀδGv has a standard deviation of
   at most √2 s ‖v‖², and ‖v‖² ≤ vᵀGv / λ. So the relative error of the loss is of order s/λ at any
   w that does not depend on the rounding.

   A sum of k terms, each rounded with unit roundoff u, has an error of about √k u/4: a random walk
   whose partial sums grow evenly. The Cholesky factor contains sums of up to n terms. A product of
   a block of h rows contains sums of h terms, and the mean over m blocks is √m times as exact,
   because the blocks are added with compensation. Let ε be twice the sum of both errors:

       ε = u (√n + √(h/m)) / 2,  the Gram matrix is used if  ε/λ ≤ TOLERANCE

   The gradient has an error of order u‖A‖‖v‖ whatever λ is, as in a pass over the rows.

   Equal products have equal rounding errors, which add up. This happens in a column with only two
   values, for example. So each block is multiplied by a random number while it is copied, and its
   Gram matrix is divided by the square of this number, which makes the errors of blocks
   independent. Rows used in place, without a copy, need separate products for X and y, and took the
   same time.

2. Two Gram matrices: that of A gives R₁, that of A R₁⁻¹ gives R₂, and R = R₂ R₁. The second matrix
   is nearly the identity, with λ near 1. A R₁⁻¹ is computed by substitution, which is backward
   stable in each row. The product with the inverse of R₁ is faster, but its error grows with the
   condition number.

3. Householder reflections, block by block: the triangle of stacked triangles is the triangle of all
   their rows. They are needed if rounding hides λ: for condition numbers above about 10⁶. A shift
   of G (Fukaya et al. 2020) would allow larger condition numbers with three Gram matrices. But
   three Gram matrices take as long as reflections, and are useless if columns are dependent, which
   is the frequent case.

Source: Higham, Accuracy and Stability of Numerical Algorithms, chapters 8 (substitution), 10
(Cholesky) and 4 (compensated sums); Higham & Mary 2019 for rounding errors as random variables;
Golub & Van Loan, Matrix Computations, section 5.3; Yamamoto et al. 2015 for the two Gram matrices;
Demmel et al. 2012 for the blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
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
"""The entries of [X y] in one block: 1 MB of float64, which fits the L2 cache of a core."""

FEWEST_BLOCKS = 64
"""Even small data are divided into about this many blocks, so that rounding errors average out."""

STRIP = 8
"""The number of unknowns that substitution computes one by one, between two matrix products."""

UNIT_ROUNDOFF = 2.0**-53

TOLERANCE = 2e-13
"""The relative error of the loss that one Gram matrix may cause, for float64 data.

It is twice √N u for a million rows, where √N u bounds the error of a sum over the rows with high
probability. For float32 data the tolerance is the spacing of float32 at 1.
"""


def pays(cohort: Cohort) -> bool:
    """Whether a run does full-batch least squares, and a QR factorisation of the data saves time.

    The factorisation saves time if there are enough steps and many more rows than columns.
    """
    model = cohort.model
    if not (cohort.batching.whole and isinstance(model, LinearModel) and model.loss.name == "mse"):
        return False
    rows, columns = cohort.train.X.shape
    budget = cohort.plan.budget
    return rows > 4 * columns and (budget is None or budget.steps > PASSES)


def often_read(cohort: Cohort, part: Design) -> bool:
    """Whether a part of the data is evaluated so often that its QR factorisation saves time."""
    rows, columns = part.X.shape
    epochs = cohort.plan.epochs
    return rows > 4 * columns and (epochs is None or epochs / cohort.plan.every > PASSES)


def compressed(part: Design) -> Design:
    """D + 1 examples with the same sums of losses and gradients as all rows of the part.

    part: a part of the data with D features.
    """
    with single_blas_thread():
        try:
            triangle = _by_gram_matrices(part)
        except np.linalg.LinAlgError:
            triangle = None
        if triangle is None:
            triangles = _over_rows(_triangle, part)
            triangle = np.asarray(np.linalg.qr(np.concatenate(triangles), mode="r"))
    narrow = triangle.astype(part.X.dtype)
    return Design(np.ascontiguousarray(narrow[:, :-1]), np.ascontiguousarray(narrow[:, -1]))


def _by_gram_matrices(part: Design) -> Array | None:
    """The triangle of the QR factorisation, from one or two Gram matrices.

    None if the triangle would be inaccurate.
    """
    tolerance = max(TOLERANCE, float(np.finfo(part.X.dtype).eps))
    triangle: Array | None = None
    for _ in range(2):
        gram: Array = np.sum(_over_rows(_gram, part, triangle), axis=0)
        if not np.isfinite(gram).all():
            return None
        # A column of zeros is orthogonal to all others. It gets norm 1 here, and zeros at the end.
        zero = np.diag(gram) == 0
        gram[zero, zero] = 1
        norms = np.sqrt(np.diag(gram))
        eigenvalues = np.linalg.eigvalsh(gram / norms / norms[:, None])
        if not eigenvalues[0] > 10 * len(gram) * UNIT_ROUNDOFF * eigenvalues[-1]:
            return None
        factor = np.linalg.cholesky(gram, upper=True)
        triangle = factor if triangle is None else factor @ triangle
        if _rounding(part) <= tolerance * eigenvalues[0]:
            triangle[:, zero] = 0
            return triangle
    return None


def _rounding(part: Design) -> float:
    """ε: twice the standard deviation of the rounding error in a Gram matrix with diagonal 1."""
    height = _height(part)
    return UNIT_ROUNDOFF * (sqrt(part.X.shape[1] + 1) + height / sqrt(part.rows)) / 2


def _height(part: Design) -> int:
    """The number of rows of a block, at least the number of columns of [X y].

    With fewer rows, adding the Gram matrices of the blocks would take longer than computing them.
    """
    columns: int = part.X.shape[1] + 1
    return max(min(BLOCK_ENTRIES // columns, part.rows // FEWEST_BLOCKS), columns)


def _over_rows(function: Callable[..., Array], part: Design, *given: Any) -> list[Array]:
    """The results of the function on parts of the rows, one part for each thread."""
    runs = shares(part.rows, thread_count())
    return run_all([partial(function, part, *given, first, last) for first, last in runs])


def _gram(part: Design, triangle: Array | None, first: int, last: int) -> Array:
    """The Gram matrix of rows `first` to `last` of A = [X y], or of A R⁻¹ for a triangle R.

    The matrix contains infinity or NaN if a square overflows.
    """
    columns, height = part.X.shape[1] + 1, _height(part)
    space = np.empty((height, columns), order="C" if triangle is None else "F")
    total, lost = np.zeros((columns, columns)), np.zeros((columns, columns))
    draw = np.random.default_rng(first)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(first, last, height):
            rows = slice(start, min(start + height, last))
            block, factor = space[: rows.stop - start], draw.uniform(1, 2)
            np.multiply(rows_of(part.X, rows), factor, out=block[:, :-1], dtype=np.float64)
            np.multiply(part.y[rows], factor, out=block[:, -1], dtype=np.float64)
            if triangle is not None:
                _substitute(block.T, triangle.T)  # A R⁻¹ is the transpose of R⁻ᵀ Aᵀ
            # Kahan's compensated sum: `lost` is what rounding has added in excess to the total.
            term = block.T @ block
            term /= factor**2
            term -= lost
            larger = total + term
            lost = larger - total
            lost -= term
            total = larger
    return total


def _substitute(rows: Array, lower: Array) -> None:
    """Overwrite B by the X for which L X = B.

    rows (n, h): B, with h columns. lower (n, n): L, lower triangular.
    """
    for first in range(0, len(lower), STRIP):
        last = min(first + STRIP, len(lower))
        rows[first:last] -= lower[first:last, :first] @ rows[:first]
        for k in range(first, last):
            rows[k] -= lower[k, first:k] @ rows[first:k]
            rows[k] /= lower[k, k]


def _triangle(part: Design, first: int, last: int) -> Array:
    """The triangle of the QR factorisation of rows `first` to `last` of [X y], in float64."""
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
