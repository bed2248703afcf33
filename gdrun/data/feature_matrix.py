"""Make the feature matrix of a table in blocks of rows, if possible in memory that it already has.

A block fits the cache of a core. To write the matrix column by column is several times slower, and
needs memory for two copies of all 0/1 columns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence, Sized
from itertools import accumulate
from typing import TypeVar

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.encoding import SourceColumn
from gdrun.threads import in_order

BLOCK_ENTRIES = 2**17
"""About the number of entries of a block of rows that is filled at once: 1 MB."""

LEAST_ROWS = 512
"""The least number of rows of such a block, so that wide tables have few blocks."""

Block = TypeVar("Block", bound=Sized)


def encoded(columns: Sequence[SourceColumn], values: Sequence[Numbers]) -> Numbers:
    """The features (N, d) of N rows; d is the number of features of all columns.

    values: for each column its N numbers, or the codes of its labels.
    """
    X = np.empty((len(values[0]), sum(_widths(columns))))
    _encode(columns, values, X, over=False)
    return X


def laid_out(
    columns: Sequence[SourceColumn], values: Sequence[Numbers], memory: Numbers | None = None
) -> Numbers:
    """The features (N, d) of N rows, followed by a column that is not used: (N, d + 1).

    Preparation can turn such a matrix into the training part, with a column of ones, in place.
    values: for each column its N numbers, or the codes of its labels. memory (N, k + 1): a matrix
    whose columns may be the arrays of `values`. The features are written over this matrix if d ≤ k;
    otherwise, or if it is None, a new matrix is made.
    """
    rows, features = len(values[0]), sum(_widths(columns))
    if memory is None or features >= memory.shape[1]:
        wide = np.empty((rows, features + 1))
        _encode(columns, values, wide[:, :-1], over=False)
        return wide
    if not _are_columns(columns, values, memory):
        memory = front_of(memory, rows, features + 1)
        _encode(columns, values, memory[:, :-1], over=True)
    return memory


def front_of(memory: Array, rows: int, columns: int) -> Array:
    """The start of the memory of a contiguous matrix as a matrix (rows, columns)."""
    return memory.reshape(-1)[: rows * columns].reshape(rows, columns)


def write_rows(
    out: Array, blocks: Sequence[Block], made: Callable[[Block], Array], *, over: bool
) -> None:
    """Write the rows that `made` returns for each block to `out`, one block after the other.

    The length of a block is the number of its rows. over: whether `made` reads from the memory of
    `out`. If so, a block is written only after it and all earlier blocks have been made, so that
    each row is read before it is overwritten. For this, each source row must begin in memory at or
    after the row of `out` that is made from it.
    """
    firsts = accumulate(map(len, blocks), initial=0)

    def write(first: int, rows: Array) -> None:
        out[first : first + len(rows)] = rows

    if over:
        for first, rows in zip(firsts, in_order(made, blocks), strict=False):
            write(first, rows)
        return
    pairs = list(zip(firsts, blocks, strict=False))
    deque(in_order(lambda pair: write(pair[0], made(pair[1])), pairs), maxlen=0)


def _encode(
    columns: Sequence[SourceColumn], values: Sequence[Numbers], X: Numbers, *, over: bool
) -> None:
    """Write the features of all columns to X (N, d). over: as for `write_rows`."""
    widths = _widths(columns)
    starts = list(accumulate(widths, initial=0))
    size = max(BLOCK_ENTRIES // max(X.shape[1], 1), LEAST_ROWS)
    blocks = [range(first, min(first + size, len(X))) for first in range(0, len(X), size)]

    def made(block: range) -> Numbers:
        rows, part = np.empty((len(block), X.shape[1])), slice(block.start, block.stop)
        for column, each, start, width in zip(columns, values, starts, widths, strict=False):
            rows[:, start : start + width] = column.features(each[part])
        return rows

    write_rows(X, blocks, made, over=over)


def _widths(columns: Sequence[SourceColumn]) -> list[int]:
    """The number of features of each column."""
    return [len(column.feature_names) for column in columns]


def _are_columns(
    columns: Sequence[SourceColumn], values: Sequence[Numbers], memory: Numbers
) -> bool:
    """Whether the features are already in `memory`, in all its columns but the last."""
    if len(columns) + 1 != memory.shape[1]:
        return False
    return all(
        column.is_number and each.ctypes.data == memory[:, place].ctypes.data
        for place, (column, each) in enumerate(zip(columns, values, strict=True))
    )
