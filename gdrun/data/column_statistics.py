"""Column statistics of a matrix on disk, computed in one pass over blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.errors import DataError
from gdrun.moments import Moments, no_rows
from gdrun.threads import in_order

BLOCK_BYTES = 2**24
"""The size of a block that is read at once: 16 MB."""


@dataclass(frozen=True)
class ColumnStatistics:
    """Statistics of each column over the training rows: every array has shape (d,).

    deviation: the population standard deviation. low, high: the smallest and largest value.
    """

    mean: Numbers
    deviation: Numbers
    low: Numbers
    high: Numbers

    @property
    def varies(self) -> Flags:
        """Whether each column has two different values: (d,)."""
        varies: Flags = self.low != self.high
        return varies


def blocks(rows: int, row_bytes: int) -> Iterator[slice]:
    """Slices of consecutive rows of a matrix, each about BLOCK_BYTES large."""
    size = max(BLOCK_BYTES // max(row_bytes, 1), 1)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def column_statistics(source: Array, training: Flags, name: str) -> ColumnStatistics:
    """Statistics of each column over the rows marked in `training` (N,), in one pass.

    source: the matrix (N, d). name: the dataset in error messages.
    Raises DataError if a value of any row is not finite.
    """
    columns = source.shape[1]
    found = no_rows((columns,))
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)

    def statistics(part: slice) -> tuple[Numbers, Numbers, Moments] | None:
        # float64 also for a float32 file: a sum of many float32 squares loses digits.
        block = np.asarray(source[part], dtype=np.float64)
        if not np.isfinite(block).all():
            _refuse_not_finite(block, part.start, name)
        block = block[training[part]]
        if not len(block):
            return None
        lowest, highest, mean = block.min(axis=0), block.max(axis=0), block.mean(axis=0)
        block -= mean  # the choice of rows above has copied them
        squares = np.square(block, out=block).sum(axis=0)
        return lowest, highest, Moments(len(block), mean, squares)

    for of_block in in_order(statistics, list(blocks(len(source), columns * 8))):
        if of_block is not None:
            low, high = np.minimum(low, of_block[0]), np.maximum(high, of_block[1])
            found = found.joined(of_block[2])
    return ColumnStatistics(found.mean, np.sqrt(found.variance), low, high)


def _refuse_not_finite(block: Numbers, first: int, name: str) -> None:
    """Raise DataError for the first value that is not finite. first: the row number of block[0]."""
    row, column = np.argwhere(~np.isfinite(block))[0]
    raise DataError(
        f"the value {block[row, column]} in row {first + row}, column {column} is not finite",
        where=name,
        hint="rows and columns are counted from 0; fill or remove such rows first",
    )
