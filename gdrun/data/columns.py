"""Columns of a file, with their values, and words about them for messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.encoding import SourceColumn
from gdrun.data.places import Places
from gdrun.errors import DataError, Problem

MOST_PROBLEMS = 10
"""The largest number of errors in one report; a last line has the number of the others."""

MOST_NAMED = 5
"""The usual largest number of columns or classes that a sentence names."""


class KindError(DataError):
    """The error for a column that cannot be used. kind: what the column is, date or text."""

    def __init__(self, what: str, *, kind: Literal["date", "text"], where: str, hint: str) -> None:
        super().__init__(what, where=where, hint=hint)
        self.kind = kind

    def __reduce__(self) -> tuple[object, ...]:
        return (DataError, (self.problems,))


@dataclass(frozen=True)
class Column:
    """One column of a file.

    values: (N,), one value for each row, as `source` encodes it: the numbers, the indices of labels
    or the seconds of dates. NaN is a missing value. source: the column without its values.
    left_out: why the column is no feature; empty for a feature. notes: sentences for the user.
    finite: whether it is known that all values are finite, so that none is missing.
    """

    values: Numbers
    source: SourceColumn
    left_out: str = ""
    notes: tuple[str, ...] = ()
    finite: bool = False

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of a category; empty for other columns."""
        return self.source.labels

    @property
    def gaps(self) -> Flags:
        """True where a value is missing: (N,)."""
        return np.isnan(self.values)

    @cached_property
    def missing(self) -> int:
        """The number of missing values. It is counted once, since a column may have many rows."""
        return 0 if self.finite else int(np.count_nonzero(self.gaps))

    @property
    def empty(self) -> bool:
        """Whether every value is missing."""
        return self.missing == len(self.values)

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
        labels = tuple(self.labels[int(code)] for code in used)
        return replace(self, values=values, source=replace(self.source, labels=labels))


def shortened(problems: Sequence[Problem]) -> list[Problem]:
    """Return at most MOST_PROBLEMS of the problems, and a last one that counts the others."""
    rest = len(problems) - MOST_PROBLEMS
    if rest <= 0:
        return list(problems)
    shown, others = problems[:MOST_PROBLEMS], count(rest, "more column")
    return [*shown, Problem(f"{others} with such problems")]


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


def listed(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """The names, separated by commas; after `most` of them only the number of the others.

    >>> listed(["age", "size", "price"], 2)
    'age, size and 1 more'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
