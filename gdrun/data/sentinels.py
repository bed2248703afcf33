"""Numbers that perhaps mean a missing value, such as -999, far from the other values of a column.

gdrun does not replace them, because only the user knows what they mean. A note names them.
"""

from __future__ import annotations

import numpy as np

from gdrun.data.column_options import ColumnOptions
from gdrun.data.columns import Column, count

SENTINELS = tuple(sign * (10**digits - 1) for sign in (-1, 1) for digits in range(1, 6))
"""Numbers that stand for a missing value in many files: -9, -99, …, 9, 99, …."""

SAMPLE_ROWS = 2**16
"""The number of rows that are searched."""

FEWEST = 2
"""The fewest cells with such a number, since one may be a typing error, and the fewest others."""


def note_on_sentinel(column: Column, options: ColumnOptions) -> tuple[str, ...]:
    """A sentence on a number that perhaps means a missing value, or none.

    The number m is one of SENTINELS, and the smallest or the largest number of the column. Its
    distance from the other numbers, low to high, is more than twice their range: low − m > 2 (high
    − low) for m < low.
    """
    known = column.values[:SAMPLE_ROWS]
    known = known[~np.isnan(known)]
    if not column.source.is_number or not len(known):
        return ()
    for extreme in (float(known.min()), float(known.max())):
        if extreme not in SENTINELS:
            continue
        others = np.unique(known[known != extreme])
        if len(others) < FEWEST:
            continue
        low, high = float(others[0]), float(others[-1])
        times = int(np.count_nonzero(column.values == extreme))
        if times >= FEWEST and max(low - extreme, extreme - high) > 2 * (high - low):
            return (
                f"{column.name} has {extreme:.0f} in {count(times, 'cell')}, far from its other "
                f"values ({low:g} to {high:g}); if it means a missing value, set "
                f"{options.adding('missing_values', int(extreme))}",
            )
    return ()
