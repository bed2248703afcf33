"""Examples that stay on disk: rows of a memory-mapped file, standardised when they are read.

An array in memory is standardised once and used often. A file may be larger than memory. So its
rows are read again for each use, block by block or batch by batch, and only one block or batch is
in memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.mapped_files import require_unchanged

# mypy would refuse to index a union of NumPy's array type and MappedRows.
Examples: TypeAlias = Any
"""The features of examples: an array (..., n, D), or MappedRows."""


@dataclass(frozen=True)
class MappedRows:
    """Some rows of a matrix on disk, standardised when they are read.

        x → (x − mean) / scale, followed by a 1 if `ones`

    source (N, d): the matrix, which is never copied as a whole. rows (n,): the indices of the rows,
    in the order of the file. dtype: the dtype of the arrays that are returned. mean, scale (d,):
    the mean and the divisor of each column; None leaves the values unchanged. Every method that
    reads rows raises DataError if another program has changed the file.
    """

    source: Array
    rows: Integers
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
        """Return the same rows with a column of ones appended."""
        return replace(self, ones=True)

    def take(self, indices: Integers, axis: int = 0) -> Array:
        """Read single rows, as np.take does: an array (*indices.shape, columns).

        indices: positions in `rows`, from 0. axis: must be 0, the axis of the rows.
        """
        picked = self.source[self.rows[indices.ravel()]]
        return self._prepared(picked).reshape(*indices.shape, self.shape[1])

    def block(self, part: slice) -> Array:
        """Read consecutive rows as an array (n, columns). part: a slice of `rows`."""
        rows = self.rows[part]
        # In the order of the file, rows without a gap are a slice, which is not copied first.
        together = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
        read = self.source[rows[0] : rows[-1] + 1] if together else self.source[rows]
        return self._prepared(np.asarray(read))

    def _prepared(self, read: Array) -> Array:
        wide = np.empty((len(read), self.shape[1]), dtype=self.dtype)
        values = wide[:, : read.shape[1]]
        if self.mean is None or self.scale is None:
            values[...] = read
        elif read.dtype == self.dtype == np.float64:
            np.subtract(read, self.mean, out=values)
            values /= self.scale
        else:
            # In double precision, because subtracting a large mean would lose digits.
            np.divide(read - self.mean, self.scale, out=values, casting="same_kind")
        if self.ones:
            wide[:, -1] = 1
        require_unchanged(self.source)
        return wide


def contiguous(X: Examples) -> Examples:
    """Return the array X in C order (row by row in memory); MappedRows are returned unchanged."""
    return X if isinstance(X, MappedRows) else np.ascontiguousarray(X)


def rows_of(X: Examples, part: slice) -> Array:
    """Return the rows of X in the slice `part`, as an array (..., n, D).

    X: an array, or rows on disk, which are read.
    """
    if isinstance(X, MappedRows):
        return X.block(part)
    rows: Array = X[..., part, :]
    return rows
