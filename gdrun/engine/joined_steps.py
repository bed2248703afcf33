"""How the values of consecutive steps are joined to one point of a step trace."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.trace_columns import STEP_COLUMNS

REDUCED_DIRECTLY = 16
"""NumPy reduces (sums or takes the maximum over) a contiguous axis at full speed only if the axis
has at least this many entries.
"""

JOINED = 3
"""How many neighbouring points become one when a trace has too many. Odd, so that strides are."""

_JOINS = {"max": np.maximum, "sum": np.add}
"""How the values of several steps are joined, for columns that do not keep the last value."""


def join_of(name: str) -> np.ufunc | None:
    """The function that joins the values of two steps; None for a column that keeps the last."""
    return _JOINS.get(STEP_COLUMNS[name].join)


def joined(join: np.ufunc, column: Array, stride: int) -> Array:
    """Join every `stride` rows of a column (steps, ...) to one row; remaining rows give a last row.

    Each group of rows is joined by halves, repeatedly, because NumPy is slow at reducing an axis
    with few entries. The middle row of an odd number is joined to the first one.
    """
    whole = len(column) // stride * stride
    parts = column[:whole].reshape(-1, stride, *column.shape[1:])
    result: Array
    if stride >= REDUCED_DIRECTLY and column[0].size == 1:
        result = join.reduce(parts, axis=1, dtype=float)
    else:
        while (half := parts.shape[1] // 2) > 0:
            halves = join(parts[:, :half], parts[:, -half:], dtype=float)
            if parts.shape[1] % 2:
                join(halves[:, 0], parts[:, half], out=halves[:, 0])
            parts = halves
        result = parts[:, 0]
    if whole < len(column):
        rest = join.reduce(column[whole:], axis=0, dtype=float)
        result = np.concatenate([result, rest[None]])
    return result
