"""Statistics of a matrix on disk, in one reading of it, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.errors import DataError
from gdrun.moments import Moments, no_rows

BLOCK_BYTES = 2**24
"""How much of a file is read at once: 16 MB."""


@dataclass(frozen=True)
class ColumnStatistics:
    """What one reading of the training rows shows of each column: (d,)."""

    mean: Numbers
    deviation: Numbers
    low: Numbers
    high: Numbers

    @property
    def varies(self) -> Flags:
        varies: Flags = self.low != self.high
        return varies


def blocks(rows: int, row_bytes: int) -> Iterator[slice]:
    """The rows of a matrix in stretches of about BLOCK_BYTES."""
    size = max(BLOCK_BYTES // max(row_bytes, 1), 1)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def column_statistics(source: Array, trains: Flags, name: str) -> ColumnStatistics:
    """Mean, population deviation and range over the rows marked in `trains` (N,), in one reading.

    Every row is checked to be finite on the way. Raises DataError with the first place that is not.
    """
    columns = source.shape[1]
    found = no_rows((columns,))
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
    for part in blocks(len(source), columns * 8):
        block = np.asarray(source[part], dtype=np.float64)
        if not np.isfinite(block).all():
            _refuse(block, part.start, name)
        block = block[trains[part]]
        if not len(block):
            continue
        mean = block.mean(axis=0)
        found = found.joined(Moments(len(block), mean, ((block - mean) ** 2).sum(axis=0)))
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    return ColumnStatistics(found.mean, np.sqrt(found.variance), low, high)


def _refuse(block: Numbers, first: int, name: str) -> None:
    row, column = np.argwhere(~np.isfinite(block))[0]
    raise DataError(
        f"the value {block[row, column]} in row {first + row}, column {column} is not finite",
        where=name,
        hint="rows and columns count from 0; fill or leave out such rows first",
    )
