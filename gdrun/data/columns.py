"""Columns of a text file: numbers or labels, with gaps; and the table they make together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem

Missing = Literal["error", "drop", "mean"]

MISSING_WORDS = frozenset({"", "?", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"})
"""Cells that say "no value", in any case of letters."""

MOST_LABELS = 20
"""A text column with more labels than this, in over half of the rows, is no category."""

MOST_HOT = 1000
"""A feature with more labels than this would make too many 0/1 columns."""

MOST_PROBLEMS = 10
"""Columns reported one by one; the rest are counted."""


@dataclass(frozen=True)
class Column:
    """One column. values (N,): numbers, or codes of `labels` where there are any; NaN is a gap."""

    name: str
    values: Numbers
    labels: tuple[str, ...] = ()

    @property
    def gaps(self) -> Flags:
        return np.isnan(self.values)

    def keep(self, rows: Flags) -> Column:
        """The chosen rows; labels that none of them carries are forgotten."""
        values = self.values[rows]
        if not self.labels:
            return replace(self, values=values)
        known = ~np.isnan(values)
        used, codes = np.unique(values[known], return_inverse=True)
        values[known] = codes
        return Column(self.name, values, tuple(self.labels[int(code)] for code in used))

    def features(self) -> tuple[Numbers, list[str]]:
        """The feature columns (N, k) and their names: itself, or one 0/1 column a label."""
        if not self.labels:
            return self.values[:, None], [self.name]
        hot = (self.values[:, None] == np.arange(len(self.labels))).astype(np.float64)
        hot[self.gaps] = np.nan
        return hot, [f"{self.name}={label}" for label in self.labels]


def cell_value(cell: str, decimal: str = ".") -> float | None:
    """The number in a cell, NaN for a gap, None for text.

    >>> cell_value("1e-3"), cell_value("NA"), cell_value("red"), cell_value("1,5", decimal=",")
    (0.001, nan, None, 1.5)
    """
    try:
        value = float(cell if decimal == "." else cell.replace(decimal, "."))
    except ValueError:
        return float("nan") if cell.strip().lower() in MISSING_WORDS else None
    return None if "_" in cell else value


def _all_numbers(cells: Sequence[str], decimal: str) -> Numbers | None:
    """The column of numbers that `cells` hold, at the speed of `float`; None if one is none."""
    if decimal != "." or "_" in "".join(cells):
        return None
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def read_column(
    name: str, cells: Sequence[str], lines: Sequence[int], where: str, *, decimal: str, target: bool
) -> Column:
    """The column that `cells` hold: numbers if every cell is one, else labels.

    Raises DataError for infinite numbers, for text in the midst of numbers (a target may mix
    them, as the labels 1, 2, 3+ do), for numbers that only another decimal sign would make
    such, and for text that hardly repeats.
    """
    if (plain := _all_numbers(cells, decimal)) is not None:
        return _finite_column(name, plain, lines, where)
    values = [cell_value(cell, decimal) for cell in cells]
    text = [row for row, value in enumerate(values) if value is None]
    if not text:
        return _finite_column(name, np.array(values, dtype=np.float64), lines, where)
    filled = [row for row, value in enumerate(values) if value is None or value == value]
    share = 0.1 if target else 0.5
    if len(text) < share * len(filled):
        raise DataError(
            f"{_count(len(text), 'cell')} of text among {len(filled) - len(text)} numbers, "
            f"here {cells[text[0]].strip()!r}",
            where=f"{where}:{lines[text[0]]} {name}",
            hint="correct these cells, or leave them empty to mark them as missing",
        )
    if all(cell_value(cells[row], decimal=",") is not None for row in text):
        raise DataError(
            f"{_count(len(text), 'number')} with a decimal comma, here {cells[text[0]].strip()!r}",
            where=f"{where}:{lines[text[0]]} {name}",
            hint="write decimal points, or separate the columns by semicolons",
        )
    labels, codes = np.unique([cells[row].strip() for row in filled], return_inverse=True)
    scattered = len(labels) > MOST_LABELS and 2 * len(labels) > len(filled)
    if scattered or (len(labels) > MOST_HOT and not target):
        raise DataError(
            f"{len(labels)} different texts in {len(filled)} rows are too many for categories",
            where=f"{where} {name}",
            hint="name another target" if target else f"an identifier? {leaving_out(name)}",
        )
    numbers = np.full(len(cells), np.nan)
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
    """One table: gaps handled as `missing` says, labels one-hot in X and codes in y."""
    said = list(notes)
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
                f"every one of its {total} rows has a missing value",
                where=name,
                hint="missing: mean keeps rows with a target, filling the other gaps",
            )
        kind = "missing values" if missing == "drop" else "no target"
        said.append(f"dropped {incomplete.sum()} of {_count(total, 'row')} with {kind}")
        columns = [column.keep(~incomplete) for column in columns]
    *features, target = columns
    filled = [column.name for column in features if column.gaps.any()]
    if filled:
        said.append(f"missing values take the mean of the training rows: {', '.join(filled)}")
    blocks = [column.features() for column in features]
    return Table(
        name=name,
        X=np.ascontiguousarray(np.concatenate([block for block, _ in blocks], axis=1)),
        y=np.array(target.values, dtype=np.int64 if target.labels else np.float64),
        feature_names=tuple(feature for _, names in blocks for feature in names),
        target_name=target.name,
        classes=target.labels,
        notes=tuple(said),
    )


def _finite_column(name: str, numbers: Numbers, lines: Sequence[int], where: str) -> Column:
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise DataError(
            f"{len(infinite)} of {len(numbers)} values infinite, the first on this line",
            where=f"{where}:{lines[infinite[0]]} {name}",
            hint="no method can train on it: correct the cell, or leave it empty (missing)",
        )
    return Column(name, numbers)


def _require_values(columns: Sequence[Column], where: str) -> None:
    empty = [column for column in columns if column.gaps.all()]
    if empty:
        problems = [
            Problem("has no values at all", f"{where} {column.name}", leaving_out(column.name))
            for column in empty
        ]
        raise DataError(shortened(problems))


def _require_no_gaps(columns: Sequence[Column], lines: Sequence[int], where: str) -> None:
    problems = [
        Problem(
            f"{column.gaps.sum()} of {len(lines)} values missing, the first on this line",
            f"{where}:{lines[int(column.gaps.argmax())]} {column.name}",
        )
        for column in columns
        if column.gaps.any()
    ]
    if problems:
        hint = "missing: drop leaves such rows out; missing: mean fills in training means"
        problems = shortened(problems)
        raise DataError([*problems[:-1], replace(problems[-1], hint=hint)])


def shortened(problems: Sequence[Problem]) -> list[Problem]:
    """The problems of at most MOST_PROBLEMS columns, and one more that counts the rest."""
    rest = len(problems) - MOST_PROBLEMS
    if rest <= 0:
        return list(problems)
    return [*problems[:MOST_PROBLEMS], Problem(f"and {_count(rest, 'more column')} like these")]


def leaving_out(name: str) -> str:
    """The move that leaves a column out.

    >>> leaving_out("id")
    'ignore: ["id"] leaves the column out'
    """
    return f"ignore: [{json.dumps(name, ensure_ascii=False)}] leaves the column out"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
