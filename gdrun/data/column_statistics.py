"""Statistics of the columns of a matrix on disk, computed in one pass over blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.data.row_blocks import (
    BLOCK_ENTRIES,
    LARGEST,
    SMALLEST,
    is_finite,
    statistics_of_block,
)
from gdrun.errors import DataError
from gdrun.mapped_files import require_unchanged
from gdrun.moments import Moments, no_rows
from gdrun.threads import in_order

BLOCK_BYTES = 2**24
"""The size in bytes of a block of rows that is read at once: 16 MB."""


@dataclass(frozen=True)
class ColumnStatistics:
    """Statistics of each column over the training rows: every array has shape (d,).

    deviation: the population standard deviation. low, high: the smallest and the largest value.
    """

    mean: Numbers
    deviation: Numbers
    low: Numbers
    high: Numbers

    @property
    def varies(self) -> Flags:
        """Whether a column has at least two different values, for each column: (d,).

        Subnormal values can differ and still have a standard deviation that rounds to 0.
        """
        varies: Flags = (self.low != self.high) & (self.deviation > 0)
        return varies


def blocks(rows: int, row_bytes: int, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Yield slices that divide the rows of a matrix into blocks of about `block_bytes` bytes.

    rows: the number of rows. row_bytes: the size of one row in bytes.
    """
    size = max(block_bytes // max(row_bytes, 1), 1)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def column_statistics(source: Array, training: Flags, name: str) -> ColumnStatistics:
    """Return the statistics of each column of `source` (N, d) over the training rows.

    training (N,): True for a training row. name: the name of the dataset in error messages.
    Raises DataError if a value is not finite, in a training row or any other row, or if another
    program changes the file meanwhile.
    """
    found = _in_one_pass(source, training, name, 0)
    size = np.maximum(np.abs(found.low), np.abs(found.high))
    if not ((size > LARGEST) | ((size < SMALLEST) & (size > 0))).any():
        return found
    # Scaling by a power of two is exact. It keeps squares from overflowing or underflowing.
    exponent = np.where(np.isfinite(size), np.frexp(size)[1], 0)
    scaled = _in_one_pass(source, training, name, exponent)
    return ColumnStatistics(
        np.ldexp(scaled.mean, exponent), np.ldexp(scaled.deviation, exponent), found.low, found.high
    )


def _in_one_pass(
    source: Array, training: Flags, name: str, exponent: Array | int
) -> ColumnStatistics:
    """The statistics of each column divided by 2^exponent, (d,).

    The squares of very large or very small values can overflow or underflow here.
    """
    columns = source.shape[1]
    found = no_rows((columns,))
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
    scaled = np.any(exponent)

    def statistics(part: slice) -> tuple[Numbers, Numbers, Moments] | None:
        # float64 also for a float32 file: a sum of many float32 squares loses digits.
        read = np.array(source[part], dtype=np.float64, order="C")
        require_unchanged(source)
        if not is_finite(read):
            _refuse_not_finite(read, part.start, name)
        trained = training[part]
        block = read if trained.all() else read[trained]
        if scaled:
            np.ldexp(block, np.negative(exponent), out=block)
        return statistics_of_block(block) if len(block) else None

    with np.errstate(all="ignore"):
        parts = list(blocks(len(source), columns * 8, BLOCK_ENTRIES * 8))
        for of_block in in_order(statistics, parts):
            if of_block is not None:
                low, high = np.minimum(low, of_block[0]), np.maximum(high, of_block[1])
                found = found.joined(of_block[2])
        return ColumnStatistics(found.mean, np.sqrt(found.variance), low, high)


def _refuse_not_finite(block: Numbers, first: int, name: str) -> None:
    """Raise DataError for the first value of `block` that is not finite.

    first: the number of the first row of the block. name: the dataset in error messages.
    """
    row, column = np.argwhere(~np.isfinite(block))[0]
    raise DataError(
        f"the value {block[row, column]} in row {first + row}, column {column} is not finite",
        where=name,
        hint="remove such rows or fill in numbers; rows and columns are counted from 0",
    )
