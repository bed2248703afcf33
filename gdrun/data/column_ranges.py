"""The range of a column: its smallest and largest number, its first and last day, or the labels.

It shows values that cannot be right, such as a price of −1 or an age of 999.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.data.columns import Column
from gdrun.data.dates import DAY
from gdrun.data.encoding import SourceColumn, columns_of_numbers
from gdrun.data.table import Table


@dataclass(frozen=True)
class ColumnRange:
    """What the values of a column range over; missing and infinite values do not count.

    limits: the smallest and the largest number, or the first and the last day as YYYY-MM-DD; None
    for a category or a boolean. labels: the number of rows of each label, the most frequent label
    first; empty for a number or a date.
    """

    limits: tuple[float, float] | tuple[str, str] | None = None
    labels: Mapping[str, int] = field(default_factory=dict)


def ranges_of_table(table: Table) -> dict[str, ColumnRange]:
    """The range of the target and of each column that became features, by its name.

    Hashed texts have none, nor has a column without values.
    """
    found, start = {}, 0
    for source in table.sources or columns_of_numbers(table.feature_names):
        stop = start + len(source.feature_names)
        found[source.name] = _range_of_features(source, table.X[:, start:stop])
        start = stop
    if table.classes:
        codes = table.y.astype(np.int64)
        found[table.target_name] = _of_codes(codes, table.classes)
    else:
        found[table.target_name] = _of_numbers(table.y)
    return {name: each for name, each in found.items() if each is not None}


def ranges_of_columns(columns: Iterable[Column]) -> dict[str, ColumnRange]:
    """The range of each of these columns, by its name; see `ranges_of_table`."""
    found = {column.name: _range_of_values(column.source, column.values) for column in columns}
    return {name: each for name, each in found.items() if each is not None}


def _range_of_values(source: SourceColumn, values: Numbers) -> ColumnRange | None:
    """The range of values (N,), as `source` encodes them; NaN is a missing value."""
    if source.buckets:
        return None
    known = values[~np.isnan(values)]
    if source.labels:
        return _of_codes(known.astype(np.int64), source.labels)
    if source.form == "boolean":
        return _of_codes(known.astype(np.int64), BOOLEAN)
    return _of_moments(known) if source.parts else _of_numbers(known)


def _range_of_features(source: SourceColumn, features: Numbers) -> ColumnRange | None:
    """The range of the features (N, k) that a column became."""
    if source.buckets:
        return None
    if source.labels:
        rows = np.count_nonzero(features[:, : len(source.labels)] == 1, axis=0)
        return _counted(rows, source.labels)
    if source.parts:
        return _of_moments(features[:, source.parts.index("days")] * DAY)
    if source.form == "boolean":
        return _counted([int((features[:, 0] == each).sum()) for each in (0, 1)], BOOLEAN)
    return _of_numbers(features[:, 0])


BOOLEAN = ("0", "1")
"""The labels of a boolean that is a feature."""


def _of_codes(codes: Integers, labels: Sequence[str]) -> ColumnRange | None:
    return _counted(np.bincount(codes, minlength=len(labels)), labels)


def _counted(rows: Sequence[int] | Integers, labels: Sequence[str]) -> ColumnRange | None:
    """The range of labels, each of which has this number of rows."""
    order = sorted(range(len(labels)), key=lambda code: -int(rows[code]))
    found = {labels[code]: int(rows[code]) for code in order if rows[code]}
    return ColumnRange(labels=found) if found else None


def _of_numbers(values: Array) -> ColumnRange | None:
    limits = _limits(values)
    return limits and ColumnRange(limits)


def _of_moments(seconds: Numbers) -> ColumnRange | None:
    """The range of moments in seconds from 1970-01-01."""
    limits = _limits(seconds)
    if limits is None:
        return None
    first, last = (str(np.datetime64(int(each // DAY), "D")) for each in limits)
    return ColumnRange((first, last))


def _limits(values: Array) -> tuple[float, float] | None:
    """The smallest and the largest finite value; None without one."""
    with np.errstate(invalid="ignore"):  # the cast of a signalling NaN warns
        numbers = np.asarray(values, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    return (float(known.min()), float(known.max())) if len(known) else None
