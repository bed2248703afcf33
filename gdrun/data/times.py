"""The times by which rows are split, and the words for the times of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.data.dates import DAY
from gdrun.data.table import Table
from gdrun.errors import DataError, suggestion


@dataclass(frozen=True)
class Times:
    """The times of N rows.

    column: the name of the column of times. values (N,): numbers, or the days from 1970-01-01 to
    dates, with fractions; NaN if missing. dates: whether they are days.
    """

    column: str
    values: Numbers
    dates: bool = False

    def note(self, parts: Mapping[str, Integers]) -> str:
        """A sentence with the first and the last time of each part.

        parts: the indices of the rows of each part, by its name; a part may be empty.

        >>> days = Times("sold", np.array([19000.0, 19001, 19002]), dates=True)
        >>> days.note({"training": np.array([0, 1]), "validation": np.array([2])})
        'the times of sold: training 2022-01-08 to 2022-01-09, validation 2022-01-10'
        """
        found = {name: self.values[rows] for name, rows in parts.items() if len(rows)}
        ends = np.array([[times.min(), times.max()] for times in found.values()])
        words = iter(self._words(ends.ravel()))
        listed = []
        for name, first, last in zip(found, words, words, strict=True):
            listed.append(f"{name} {first}" + (f" to {last}" if last != first else ""))
        return f"the times of {self.column}: {', '.join(listed)}"

    def _words(self, times: Numbers) -> list[str]:
        """These times in words: dates without a time of day if all of them are midnights."""
        if not self.dates:
            return [f"{time:.15g}" for time in times]
        exact = np.round(times * (DAY * 1000)).astype("datetime64[ms]")
        found = (exact.astype(f"datetime64[{unit}]") for unit in ("D", "m", "s", "ms"))
        shown = next(each for each in found if (each == exact).all())
        return [str(time).replace("T", " ") for time in shown]


def times_of(column: str, table: Table) -> Times:
    """Return the time of each row of a table: a number, or the days from 1970-01-01 to a date.

    column: the name of a feature with numbers, or of a column of dates. A missing time is NaN.
    Raises DataError if there is no such column.
    """
    where = "dataset.split.time"
    names = list(table.feature_names)
    sources = {source.name: source for source in table.sources}
    source = sources.get(column)
    if source is not None and source.labels:
        raise DataError(
            f"{column} is text, not a number or a date",
            where=where,
            hint="choose a column of numbers or of dates such as 2024-03-31",
        )
    dates = source is not None and bool(source.parts)
    feature = column
    if source is not None and dates:
        # The days have fractions, so this one feature has the time of day too.
        feature = source.feature_names[source.parts.index("days")]
    if feature not in names:
        known = list(dict.fromkeys([*sources, *names]))
        raise DataError(
            f"{table.name} has no feature {column!r}", where=where, hint=suggestion(column, known)
        )
    values = np.array(table.X[:, names.index(feature)], dtype=np.float64)
    return Times(column, values, dates)
