"""Columns of a file: numbers or labels, with missing values, and the table made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.encoding import SourceColumn, encoded
from gdrun.data.places import Places
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem

Missing = Literal["error", "drop", "mean"]

MOST_PROBLEMS = 10
"""The largest number of errors in one report; a last line has the number of the others."""


@dataclass(frozen=True)
class Column:
    """One column of a file.

    values: (N,), the numbers, or for a text column the index in `labels` of each text. NaN is a
    missing value. labels: the different texts of a text column; empty for a column of numbers.
    """

    name: str
    values: Numbers
    labels: tuple[str, ...] = ()

    @property
    def gaps(self) -> Flags:
        """True where a value is missing: (N,)."""
        return np.isnan(self.values)

    def keep(self, rows: Flags) -> Column:
        """Return the column with some of its rows only, and with the labels that occur in them.

        rows (N,): True for a row to keep.
        """
        values = self.values[rows]
        if not self.labels:
            return replace(self, values=values)
        known = ~np.isnan(values)
        used, codes = np.unique(values[known], return_inverse=True)
        values[known] = codes
        return Column(self.name, values, tuple(self.labels[int(code)] for code in used))

    @property
    def source(self) -> SourceColumn:
        """The name and the labels of this column, without its values."""
        return SourceColumn(self.name, self.labels)


def table_from_columns(
    features: Sequence[Column],
    target: Column,
    places: Places,
    *,
    missing: Missing,
    name: str,
    notes: Iterable[str] = (),
) -> Table:
    """Return the table of these columns. In X labels become 0/1 columns, in y class codes.

    places: the place of each row. missing: error, drop or mean, as for read_csv. name: the name of
    the table. notes: sentences for the user, to which this function adds its own.
    Raises DataError if a column has no values, or if a value is missing and may not be.
    """
    all_notes = list(notes)
    columns = [*features, target]
    total = len(target.values)
    _require_values(columns, name)
    if missing == "error":
        _require_no_gaps(columns, places)
    incomplete = target.gaps
    if missing == "drop":
        incomplete = np.logical_or.reduce([column.gaps for column in columns])
    if incomplete.any():
        if incomplete.all():
            raise DataError(
                f"each of the {total} rows has a missing value, so dropping them leaves no row",
                where=name,
                hint="set missing: mean to keep rows with a target and fill their missing values",
            )
        kind = "missing values" if missing == "drop" else "no target"
        all_notes.append(f"dropped {incomplete.sum()} of {count(total, 'row')} with {kind}")
        columns = [column.keep(~incomplete) for column in columns]
    *features, target = columns
    filled = [column.name for column in features if column.gaps.any()]
    if filled:
        all_notes.append(
            f"missing values are replaced by the mean of the training rows: {', '.join(filled)}"
        )
    sources = tuple(column.source for column in features)
    return Table(
        name=name,
        X=encoded(sources, [column.values for column in features]),
        y=np.array(target.values, dtype=np.int64 if target.labels else np.float64),
        feature_names=tuple(feature for source in sources for feature in source.feature_names),
        target_name=target.name,
        classes=target.labels,
        notes=tuple(all_notes),
        sources=sources,
        fills=missing == "mean",
    )


def _require_values(columns: Sequence[Column], where: str) -> None:
    empty = [column for column in columns if column.gaps.all()]
    if empty:
        problems = [
            Problem("the column is empty", f"{where} {column.name}", leaving_out(column.name))
            for column in empty
        ]
        raise DataError(shortened(problems))


def _require_no_gaps(columns: Sequence[Column], places: Places) -> None:
    problems = [
        Problem(
            counted_in_row(column.gaps, "missing", places),
            places.cell(int(column.gaps.argmax()), column.name),
        )
        for column in columns
        if column.gaps.any()
    ]
    if problems:
        hint = "set missing: drop to remove such rows, or missing: mean to use the training mean"
        problems = shortened(problems)
        raise DataError([*problems[:-1], replace(problems[-1], hint=hint)])


def shortened(problems: Sequence[Problem]) -> list[Problem]:
    """Return at most MOST_PROBLEMS of the problems, and a last one that counts the others."""
    rest = len(problems) - MOST_PROBLEMS
    if rest <= 0:
        return list(problems)
    shown, others = problems[:MOST_PROBLEMS], count(rest, "more column")
    return [*shown, Problem(f"{others} with such problems")]


def leaving_out(name: str) -> str:
    """Return a hint that says how to leave out the column with this name.

    >>> leaving_out("id")
    'leave it out with ignore: ["id"]'
    """
    return f"leave it out with ignore: [{json.dumps(name, ensure_ascii=False)}]"


def counted_in_row(rows: Flags, state: str, places: Places) -> str:
    """The number of rows in this state, in words, with the place of the first one.

    rows (N,): True for a row in this state. state: a word such as missing.
    """
    number, total, here = int(rows.sum()), len(rows), places.here(int(rows.argmax()))
    if number == 1:
        return f"1 of {count(total, 'value')} is {state}, {here}"
    return f"{number} of {total} values are {state}, the first one {here}"


def count(number: int, noun: str) -> str:
    """A number and its noun, in the plural unless it is 1."""
    return f"{number} {noun}{'s' if number != 1 else ''}"
