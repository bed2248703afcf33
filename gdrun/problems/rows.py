"""Examples that stay on disk: rows of a memory-mapped file, standardised when they are read.

An array in memory is standardised once and used often. A file may be larger than memory, so it is
read again each time, block by block or batch by batch, and only that part is copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from gdrun.array_types import Array, Counts, Numbers

# mypy would refuse to index a union of NumPy's array type and MappedRows.
Examples: TypeAlias = Any
"""The features of examples: an array (..., n, D), or MappedRows."""


@dataclass(frozen=True)
class MappedRows:
    """Chosen rows of a matrix on disk.

        x → (x − mean) / scale, followed by a 1 if `ones`

    source (N, d): the matrix, which is never copied as a whole. rows (n,): the chosen rows, in the
    order of the file. mean, scale (d,): None does not change the values. dtype: of the result.
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
        """The rows with these indices among the chosen rows: (*chosen.shape, columns)."""
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
            # In double precision, because subtracting a large mean would lose digits.
            np.divide(read - self.mean, self.scale, out=values, casting="same_kind")
        if self.ones:
            wide[:, -1] = 1
        return wide


def contiguous(X: Examples) -> Examples:
    """X in C order; MappedRows are returned unchanged."""
    return X if isinstance(X, MappedRows) else np.ascontiguousarray(X)


def rows_of(X: Examples, part: slice) -> Array:
    """Rows `part` of X, an array (..., n, D) or rows on disk."""
    if isinstance(X, MappedRows):
        return X.block(part)
    rows: Array = X[..., part, :]
    return rows
