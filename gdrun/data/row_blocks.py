"""Passes over a large matrix block by block, so that each block is read from memory only once.

A block has about 1 MB, so it stays in the cache of a core while it is checked, summed or scaled. An
expression over the whole matrix would write and read a temporary matrix at every operation.
Several threads compute at the same time. The results of the blocks are joined in the order of the
blocks, so the number of threads does not change the final result.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Flags, Integers, Numbers
from gdrun.moments import Moments, no_rows
from gdrun.threads import in_order

BLOCK_ENTRIES = 2**17
"""The number of entries of one block: 1 MB of float64."""

LARGE_ENTRIES = 2**20
"""For a matrix with at least this many entries, blocks are faster than one expression."""

FEW_ROWS = 16
"""The number of rows of a narrow block that are reduced side by side."""

LARGEST, SMALLEST = 1e100, 1e-100
"""Values with sizes between these have squares that neither overflow nor underflow."""


def row_blocks(X: Array) -> list[Array]:
    """Return blocks of consecutive rows of X (n, ...), as views of about BLOCK_ENTRIES entries."""
    rows = max(BLOCK_ENTRIES // max(int(np.prod(X.shape[1:])), 1), 1)
    return [X[start : start + rows] for start in range(0, len(X), rows)]


def all_finite(X: Array) -> bool:
    """Return whether every value of X (n, ...) is finite, that is, not NaN and not infinite."""

    return all(in_order(is_finite, row_blocks(X)))


def is_finite(values: Array) -> bool:
    """Return whether all values of a small array, or of one column, are finite.

    If the sum is finite, all values are, and no array of flags is needed. A sum of finite values
    can overflow; then each value is checked.
    """
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum())) or bool(np.isfinite(values).all())


def has_nan(X: Array) -> bool:
    """Return whether any value of X (n, ...) is NaN."""

    def missing(block: Array) -> bool:
        return bool(np.isnan(block.sum())) and bool(np.isnan(block).any())

    with np.errstate(all="ignore"):
        return any(in_order(missing, row_blocks(X)))


def mean_and_scale_by_blocks(X: Array, rows: Integers) -> tuple[Numbers, Numbers, Flags] | None:
    """Return the mean and the scale of each column of X (N, d), and whether it varies: (d,) each.

    X must be finite. rows: the indices of the rows to use. The scale is the population standard
    deviation. A column varies if its values differ. For a column with a single value, the mean is
    that value and the scale is 1. Returns None if squares of the values could overflow or
    underflow.
    """
    columns = X.shape[1]
    found = no_rows((columns,))
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)

    def statistics(chosen: Integers) -> tuple[Numbers, Numbers, Moments]:
        return statistics_of_block(rows_of(X, chosen))

    with np.errstate(all="ignore"):
        for lowest, highest, moments in in_order(statistics, row_blocks_of(rows, columns)):
            np.minimum(low, lowest, out=low)
            np.maximum(high, highest, out=high)
            found = found.joined(moments)
    size = np.maximum(np.abs(low), np.abs(high))
    if ((size > LARGEST) | ((size < SMALLEST) & (size > 0))).any():
        return None
    scale = np.sqrt(found.variance)
    varies = (low != high) & (scale > 0)
    return np.where(varies, found.mean, low), np.where(varies, scale, 1.0), varies


def statistics_of_block(block: Numbers) -> tuple[Numbers, Numbers, Moments]:
    """Return the smallest and the largest value of each column (d,), and the block's moments.

    The moments are the number of rows, and for each column its mean and the sum of the squared
    differences from it. block (n, d): contiguous, with at least one row; it is overwritten.
    """
    lowest, highest = over_rows(np.minimum, block), over_rows(np.maximum, block)
    mean = over_rows(np.add, block) / len(block)
    block -= mean
    squares = over_rows(np.add, np.square(block, out=block))
    return lowest, highest, Moments(len(block), mean, squares)


def rows_of(X: Array, rows: Integers) -> Numbers:
    """Return a contiguous copy of some rows of X (N, d), as float64.

    rows: their indices, in ascending order. Consecutive rows are copied as a slice, which takes two
    thirds of the time.
    """
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return np.array(X[rows[0] : rows[-1] + 1], dtype=np.float64, order="C")
    return np.ascontiguousarray(X[rows], dtype=np.float64)


def over_rows(operation: np.ufunc, block: Numbers) -> Numbers:
    """Reduce the rows of a contiguous block (n, d) to one row (d,) by np.add, np.minimum or others.

    NumPy reduces such a block row by row, with a call for each row. FEW_ROWS rows side by side are
    one long row here, which is up to five times as fast.
    """
    columns = block.shape[1]
    even = len(block) - len(block) % FEW_ROWS
    long = block[:even].reshape(-1, FEW_ROWS * columns)
    ends = [operation.reduce(long).reshape(FEW_ROWS, columns)] if even else []
    reduced: Numbers = operation.reduce(np.concatenate([*ends, block[even:]]))
    return reduced


def row_blocks_of(rows: Integers, columns: int) -> list[Integers]:
    """Return the row numbers `rows`, divided into blocks of about BLOCK_ENTRIES entries.

    columns: the number of entries of a row.
    """
    count = max(BLOCK_ENTRIES // columns, 1)
    return [rows[start : start + count] for start in range(0, len(rows), count)]
