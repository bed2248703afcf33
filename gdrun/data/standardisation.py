"""The mean and the scale of each column over the training rows: (x − mean) / scale.

A feature with a single value in the training rows has the scale ∞, so that it is 0 in every row, as
it was in training. With the scale 1, a new row with another value would multiply it by a weight
that no training row has changed: for a network, the random initial weight.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Flags, Integers, Numbers
from gdrun.data.column_statistics import column_statistics
from gdrun.data.row_blocks import LARGE_ENTRIES, mean_and_scale_by_blocks
from gdrun.data.table import Table


def standardisation_of(
    table: Table, trained: Integers, means: Numbers | None
) -> tuple[Numbers, Numbers]:
    """Return the mean and the scale of each of d columns: (d,) each.

    They are those of the training rows of a table in memory, after missing values are replaced. The
    scale is the population standard deviation. For a column with a single value, which does not
    vary, the mean is that value and the scale is ∞. trained: the indices of the training rows.
    means: for each column the value that replaces missing ones; None if no value is missing. A
    large table is read block by block.
    """
    found = None
    if means is None and len(trained) * len(table.feature_names) >= LARGE_ENTRIES:
        found = mean_and_scale_by_blocks(table.X, trained)
    if found is None:
        found = standardisation(_filled(np.asarray(table.X[trained], dtype=np.float64), means))
    mean, scale, varies = found
    return mean, np.where(varies, scale, np.inf)


def mapped_standardisation(table: Table, trained: Integers) -> tuple[Numbers, Numbers]:
    """Return the mean and the scale of each of d columns: (d,) each.

    They are those of the training rows of a table on disk. The scale is the population standard
    deviation. For a column with a single value, which does not vary, the mean is that value and the
    scale is ∞. trained: the indices of the training rows. Raises DataError if a value is not
    finite, in a training row or any other row.
    """
    marks = np.zeros(len(table.y), dtype=bool)
    marks[trained] = True
    statistics = column_statistics(table.X, marks, table.name)
    varies = statistics.varies
    mean = np.where(varies, statistics.mean, statistics.low)
    return mean, np.where(varies, statistics.deviation, np.inf)


def standardisation(X: Numbers) -> tuple[Numbers, Numbers, Flags]:
    """Return the mean and the scale of each column of X (N, d), and whether it varies: (d,) each.

    A column varies if its values differ. The scale is the population standard deviation. For a
    column with a single value, the mean is that value and the scale is 1.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    # Scaling by a power of two is exact. It keeps the squares of very large or very small values
    # from overflowing or underflowing.
    exponent = np.frexp(np.maximum(-low, high))[1]
    unit = np.ldexp(X, -exponent)
    mean = unit.mean(axis=0)
    unit -= mean
    # The second pass removes the rounding error of the mean, which matters if the mean is large.
    rest = unit.mean(axis=0)
    unit -= rest
    mean += rest
    deviation = np.sqrt(np.mean(np.square(unit, out=unit), axis=0))
    scale = np.ldexp(deviation, exponent)
    # Subnormal values can differ and still have a standard deviation that rounds to 0.
    varies = (low != high) & (scale > 0)
    return (
        np.where(varies, np.ldexp(mean, exponent), X[0]),
        np.where(varies, scale, 1.0),
        varies,
    )


def _filled(X: Numbers, means: Numbers | None) -> Numbers:
    """Replace, in place, every missing value of X by the value of its column, and return X.

    means: the value of each column; None changes nothing.
    """
    if means is not None:
        np.copyto(X, means, where=np.isnan(X))
    return X
