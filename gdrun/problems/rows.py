"""Examples that stay in their file: rows of a memory map, standardised as they are read.

An array in memory is standardised once and multiplied often. A file that may be larger than memory
is read anew each time, a block or a batch at once, and only that much of it is ever copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from gdrun.array_types import Array, Counts, Numbers

# NumPy's type and MappedRows have no name in common: a union of them would refuse indexing.
Examples: TypeAlias = Any
"""The features of examples: an array (..., n, D), or MappedRows."""


@dataclass(frozen=True)
class MappedRows:
    """Chosen rows of a matrix on disk.

        x → (x − mean) / scale, and a 1 behind them with `ones`

    source (N, d): never copied whole. rows (n,): those that belong, in file order. mean, scale
    (d,): None leaves the values as they are. dtype: that of what is read.
    """

    source: Array
    rows: Counts
    dtype: np.dtype[Any]
    mean: Numbers | None = None
    scale: Numbers | None = None
    ones: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), self.source.shape[1] + self.ones

    def __len__(self) -> int:
        return len(self.rows)

    def with_ones(self) -> MappedRows:
        """The same rows with a column of ones behind them."""
        return replace(self, ones=True)

    def take(self, chosen: Counts, axis: int = 0) -> Array:
        """The rows at these places among the chosen ones: (*chosen.shape, columns)."""
        picked = self.source[self.rows[chosen.ravel()]]
        return self._prepared(picked).reshape(*chosen.shape, self.shape[1])

    def block(self, part: slice) -> Array:
        """A stretch of the rows, as an array."""
        return self._prepared(self.source[self.rows[part]])

    def _prepared(self, read: Array) -> Array:
        wide = np.empty((len(read), self.shape[1]), dtype=self.dtype)
        values = wide[:, : read.shape[1]]
        if self.mean is None or self.scale is None:
            values[...] = read
        else:
            # In double precision, as in memory: a large mean must not cost the small digits.
            np.divide(read - self.mean, self.scale, out=values, casting="same_kind")
        if self.ones:
            wide[:, -1] = 1
        return wide


def contiguous(X: Examples) -> Examples:
    """X in C order; rows on disk are left there."""
    return X if isinstance(X, MappedRows) else np.ascontiguousarray(X)


def rows_of(X: Examples, part: slice) -> Array:
    """Rows `part` of X, an array (..., n, D) or rows on disk."""
    if isinstance(X, MappedRows):
        return X.block(part)
    rows: Array = X[..., part, :]
    return rows
