"""Statistics of a matrix on disk, in one reading of it, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.errors import DataError

BLOCK_BYTES = 2**24
"""How much of a file is read at once: 16 MB."""


@dataclass(frozen=True)
class Moments:
    """What one reading of the training rows tells of each column: (d,)."""

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


def moments(source: Array, trains: Flags, name: str) -> Moments:
    """Mean and population deviation over the rows marked in `trains` (N,), in one reading.

        n ← n₁ + n₂,  m ← m₁ + δ n₂/n,  S ← S₁ + S₂ + δ² n₁n₂/n,  δ = m₂ − m₁

    S is the sum of squares about the mean m. Every row is checked to be finite on the way; raises
    DataError with the first place that is not.

    Source: Chan, Golub & LeVeque 1979, for joining the moments of two parts.
    """
    columns = source.shape[1]
    count, mean, square = 0, np.zeros(columns), np.zeros(columns)
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
    for part in blocks(len(source), columns * 8):
        block = np.asarray(source[part], dtype=np.float64)
        if not np.isfinite(block).all():
            _refuse(block, part.start, name)
        block = block[trains[part]]
        if not len(block):
            continue
        own = block.mean(axis=0)
        apart, total = own - mean, count + len(block)
        square += ((block - own) ** 2).sum(axis=0) + apart**2 * (count * len(block) / total)
        mean += apart * (len(block) / total)
        count = total
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    return Moments(mean, np.sqrt(square / max(count, 1)), low, high)


def _refuse(block: Numbers, first: int, name: str) -> None:
    row, column = np.argwhere(~np.isfinite(block))[0]
    raise DataError(
        f"the value {block[row, column]} in row {first + row}, column {column} is not finite",
        where=name,
        hint="rows and columns count from 0; fill or leave out such rows first",
    )
