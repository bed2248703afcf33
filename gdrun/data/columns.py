"""Columns of a text file, with numbers or labels and missing values; a table is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.encoding import SourceColumn, encoded
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem

Missing = Literal["error", "drop", "mean"]

MISSING_WORDS = frozenset({"", "?", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"})
"""The cells that mean a missing value, in lower case; a cell is compared in lower case."""

MOST_LABELS = 20
"""A limit on the different texts of a column that is read as class labels or categories.

A column is rejected if it has more different texts than this, and also more than half as many as it
has values.
"""

MOST_HOT = 1000
"""The largest number of labels of one feature, which becomes one 0/1 column for each label."""

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


def cell_value(cell: str, decimal: str = ".") -> float | None:
    """Return the number in a cell; NaN for a missing value, None for text.

    decimal: the decimal sign.

    >>> cell_value("1e-3"), cell_value("NA"), cell_value("red"), cell_value("1,5", decimal=",")
    (0.001, nan, None, 1.5)
    """
    try:
        value = float(cell if decimal == "." else cell.replace(decimal, "."))
    except ValueError:
        return float("nan") if cell.strip().lower() in MISSING_WORDS else None
    # Python reads 1_000 as a number; in a data file it is text.
    return None if "_" in cell else value


def _all_numbers(cells: Sequence[str], decimal: str) -> Numbers | None:
    """Return `cells` as numbers (N,), converted all at once; None if this is not possible.

    It is not possible if a cell is not a number, or if `decimal`, the decimal sign, is a comma.
    """
    # float accepts 1_000, which cell_value treats as text.
    if decimal != "." or "_" in "".join(cells):
        return None
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def read_column(
    name: str, cells: Sequence[str], lines: Sequence[int], where: str, *, decimal: str, target: bool
) -> Column:
    """Return the column with these cells.

    It is a column of numbers if all cells are numbers or missing; otherwise a column of labels.
    lines: the line number of each cell in the file. where: the file in error messages. decimal: the
    decimal sign. target: whether the column is the target; a target may mix numbers and a few texts
    as labels, such as 1, 2, 3+.
    Raises DataError for infinite numbers, for a few texts among many numbers, for numbers with
    another decimal sign, and if there are too many different texts for categories.
    """
    if (plain := _all_numbers(cells, decimal)) is not None:
        return _finite_column(name, plain, lines, where)
    values = [cell_value(cell, decimal) for cell in cells]
    text = [row for row, value in enumerate(values) if value is None]
    if not text:
        return _finite_column(name, np.array(values, dtype=np.float64), lines, where)
    filled = [row for row, value in enumerate(values) if value is None or value == value]
    # Below this share of texts the column is taken for numbers with typing errors in it.
    share = 0.1 if target else 0.5
    if len(text) < share * len(filled):
        raise DataError(
            f"{_count(len(text), 'cell')} of text among {len(filled) - len(text)} numbers, "
            f"such as {cells[text[0]].strip()!r} in this line",
            where=f"{where}:{lines[text[0]]} {name}",
            hint="correct these cells; or leave them empty, and set missing: drop or mean",
        )
    if all(cell_value(cells[row], decimal=",") is not None for row in text):
        raise DataError(
            f"{_count(len(text), 'number')} with a decimal comma, "
            f"such as {cells[text[0]].strip()!r} in this line",
            where=f"{where}:{lines[text[0]]} {name}",
            hint="write decimal points, or separate the columns with semicolons",
        )
    labels, codes = np.unique([cells[row].strip() for row in filled], return_inverse=True)
    scattered = len(labels) > MOST_LABELS and 2 * len(labels) > len(filled)
    if scattered or (len(labels) > MOST_HOT and not target):
        raise DataError(
            f"has {len(labels)} different texts in {len(filled)} rows, too many for categories",
            where=f"{where} {name}",
            hint="choose another target"
            if target
            else f"if the column is an identifier, {leaving_out(name)}",
        )
    numbers = np.full(len(cells), np.nan)  # float64, because integers have no NaN
    numbers[filled] = codes
    return Column(name, numbers, tuple(map(str, labels)))


def table_from_columns(
    features: Sequence[Column],
    target: Column,
    lines: Sequence[int],
    *,
    missing: Missing,
    name: str,
    notes: Iterable[str] = (),
) -> Table:
    """Return the table of these columns. In X labels become 0/1 columns, in y class codes.

    lines: the line number of each row in the file. missing: how to treat missing values: error,
    drop or mean, as for `read_csv`. name: the name of the table. notes: sentences for the user;
    this function adds others to them.
    Raises DataError if a column has no values, or, with `error`, if a value is missing.
    """
    all_notes = list(notes)
    columns = [*features, target]
    total = len(target.values)
    _require_values(columns, name)
    if missing == "error":
        _require_no_gaps(columns, lines, name)
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
        all_notes.append(f"dropped {incomplete.sum()} of {_count(total, 'row')} with {kind}")
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


def _finite_column(name: str, numbers: Numbers, lines: Sequence[int], where: str) -> Column:
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise DataError(
            _counted_in_line(len(infinite), len(numbers), "infinite"),
            where=f"{where}:{lines[infinite[0]]} {name}",
            hint="correct these cells; or leave them empty, and set missing: drop or mean",
        )
    return Column(name, numbers)


def _require_values(columns: Sequence[Column], where: str) -> None:
    empty = [column for column in columns if column.gaps.all()]
    if empty:
        problems = [
            Problem("the column is empty", f"{where} {column.name}", leaving_out(column.name))
            for column in empty
        ]
        raise DataError(shortened(problems))


def _require_no_gaps(columns: Sequence[Column], lines: Sequence[int], where: str) -> None:
    problems = [
        Problem(
            _counted_in_line(int(column.gaps.sum()), len(lines), "missing"),
            f"{where}:{lines[int(column.gaps.argmax())]} {column.name}",
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
    shown, others = problems[:MOST_PROBLEMS], _count(rest, "more column")
    return [*shown, Problem(f"{others} with such problems")]


def leaving_out(name: str) -> str:
    """Return a hint that says how to leave out the column with this name.

    >>> leaving_out("id")
    'leave it out with ignore: ["id"]'
    """
    return f"leave it out with ignore: [{json.dumps(name, ensure_ascii=False)}]"


def _counted_in_line(number: int, total: int, state: str) -> str:
    if number == 1:
        return f"1 of {_count(total, 'value')} is {state}, in this line"
    return f"{number} of {total} values are {state}, the first one in this line"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
