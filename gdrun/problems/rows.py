"""Examples that stay in their file: rows of a memory map, standardised as they are read.

An array in memory is standardised once and multiplied often. A file that may be larger than memory
is read again each time, one block or one batch of it, and only that part is copied.
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

        x → (x − mean) / scale, followed by a 1 if `ones`

    source (N, d): never copied whole. rows (n,): the chosen ones, in file order. mean,
    scale (d,): None leaves the values as they are. dtype: that of what is read.
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
        """The same rows with a column of ones appended."""
        return replace(self, ones=True)

    def take(self, chosen: Counts, axis: int = 0) -> Array:
        """The rows at these places among the chosen ones: (*chosen.shape, columns)."""
        picked = self.source[self.rows[chosen.ravel()]]
        return self._prepared(picked).reshape(*chosen.shape, self.shape[1])

    def block(self, part: slice) -> Array:
        """Consecutive rows, as an array (n, columns)."""
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
    """X in C order; rows on disk are not read."""
    return X if isinstance(X, MappedRows) else np.ascontiguousarray(X)


def rows_of(X: Examples, part: slice) -> Array:
    """Rows `part` of X, an array (..., n, D) or rows on disk."""
    if isinstance(X, MappedRows):
        return X.block(part)
    rows: Array = X[..., part, :]
    return rows
