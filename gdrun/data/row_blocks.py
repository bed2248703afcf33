"""Passes over a large matrix block by block, so that each block is read from memory only once.

A block has about 1 MB, so it stays in the cache of a core while it is checked, summed or scaled. An
expression over the whole matrix would write and read a temporary matrix at every operation.
Several threads compute at the same time. The results of the blocks are joined in the order of the
blocks, so the number of threads does not change the final result.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.moments import Moments, no_rows
from gdrun.threads import in_order

BLOCK_ENTRIES = 2**17
"""The number of entries of one block: 1 MB of float64."""

LARGE_ENTRIES = 2**20
"""For a matrix with at least this many entries, blocks are faster than one expression."""

LARGEST, SMALLEST = 1e100, 1e-100
"""Values with sizes between these have squares that neither overflow nor underflow."""


def row_blocks(X: Array) -> list[Array]:
    """Return blocks of consecutive rows of X (n, ...), as views of about BLOCK_ENTRIES entries."""
    rows = max(BLOCK_ENTRIES // max(int(np.prod(X.shape[1:])), 1), 1)
    return [X[start : start + rows] for start in range(0, len(X), rows)]


def all_finite(X: Numbers) -> bool:
    """Return whether every value of X (n, ...) is finite, that is, not NaN and not infinite."""

    def finite(block: Numbers) -> bool:
        # A sum of finite values is finite unless it overflows, and then each value is checked.
        return bool(np.isfinite(block.sum())) or bool(np.isfinite(block).all())

    with np.errstate(all="ignore"):
        return all(in_order(finite, row_blocks(X)))


def has_nan(X: Numbers) -> bool:
    """Return whether any value of X (n, ...) is NaN."""

    def missing(block: Numbers) -> bool:
        return bool(np.isnan(block.sum())) and bool(np.isnan(block).any())

    with np.errstate(all="ignore"):
        return any(in_order(missing, row_blocks(X)))


def mean_and_scale_by_blocks(X: Numbers, rows: Counts) -> tuple[Numbers, Numbers, Flags] | None:
    """Return three arrays (d,) for the columns of X (N, d): mean, scale, and whether it varies.

    X must be finite. rows: the indices of the rows to use. The scale is the population standard
    deviation. A column varies if its values differ; for one that does not, the mean is its value
    and the scale is 1. Returns None if squares of the values could overflow or underflow.
    """
    columns = X.shape[1]
    found = no_rows((columns,))
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)

    def statistics(chosen: Counts) -> tuple[Numbers, Numbers, Moments]:
        block = X[chosen]
        lowest, highest, mean = block.min(axis=0), block.max(axis=0), block.mean(axis=0)
        block -= mean
        squares = np.square(block, out=block).sum(axis=0)
        return lowest, highest, Moments(len(block), mean, squares)

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


def row_blocks_of(rows: Counts, columns: int) -> list[Counts]:
    """Return the row numbers `rows`, divided into blocks of about BLOCK_ENTRIES entries.

    columns: the number of entries of a row.
    """
    count = max(BLOCK_ENTRIES // columns, 1)
    return [rows[start : start + count] for start in range(0, len(rows), count)]
