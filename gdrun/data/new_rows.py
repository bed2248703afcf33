"""New rows for a trained model: their cells become features in the same way as in training."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.data.cells import STANDARD, MissingMarks, cell_value
from gdrun.data.columns import listed, shortened
from gdrun.data.encoding import UNSEEN, Encoding, SourceColumn
from gdrun.data.feature_matrix import encoded
from gdrun.data.kept_columns import KeptColumns
from gdrun.data.marked_numbers import marked_number
from gdrun.data.new_dates import Place, dates_of_moments, dates_of_numbers, parsed_cell
from gdrun.errors import DataError, Problem, near

Unseen = Literal["error", "ignore"]
MOST_NAMED = 10
"""The largest number of columns or labels that a sentence names; the others are counted."""

_OTHER = -2.0
"""The code of a cell whose text, with its blanks, is not a label."""


@dataclass
class RowEncoder:
    """Encodes new rows, and counts filled values and ignored labels for the user.

    encoding: the encoding of the model. unseen: how a label that training did not see is treated:
    `error` raises DataError, `ignore` sets all 0/1 columns of its text column to 0. In a column
    with buckets, such a label is always ignored. gaps: columns whose missing values stay missing
    (NaN) if they cannot be filled. ignoring: the setting `unseen: ignore`, as messages write it.
    late: whether unseen labels are reported only by `require_seen`, which is called with the rows
    that are used. filled, ignored: the number of missing values and of unseen labels so far, by
    column. changed: by feature, the number of rows so far with another value than the single one in
    training. extra: columns that were not needed. kept: columns whose cells are collected.
    """

    encoding: Encoding
    unseen: Unseen = "error"
    gaps: frozenset[str] = frozenset()
    ignoring: str = '`unseen="ignore"`'
    late: bool = False
    filled: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    extra: tuple[str, ...] = ()
    kept: KeptColumns = field(default_factory=KeptColumns)
    _unseen: list[tuple[int, str, Problem]] = field(default_factory=list)

    def features(self, cells: Sequence[Any], place: Place, decimal: str = ".") -> Numbers:
        """The d features of n rows, (n, d), before missing values are filled.

        cells: for each column of the encoding n texts, or an array of numbers (n,). place: a
        function that returns the place of a row, for messages. decimal: the decimal sign of texts.
        Raises DataError, with a problem for each column, if a cell has the wrong type, is infinite,
        or is a label that training did not see. A missing value is also an error if training
        accepted none in this column.
        """
        values: list[Numbers] = []
        problems: list[Problem] = []
        for column, each in zip(self.encoding.columns, cells, strict=True):
            try:
                values.append(self._values(column, each, place, decimal))
            except DataError as error:
                problems += error.problems
        if problems:
            raise DataError(shortened(problems))
        features = encoded(self.encoding.columns, values)
        self.changed.update(self.encoding.other_values(features))
        return features

    def matrix(self, X: Array, place: Place) -> Numbers:
        """X (n, d), n rows of the d features in the model's order, as a new float64 array.

        place: a function that returns the place of a row, for messages. Raises DataError if a value
        is infinite, or missing where training accepted none.
        """
        features = np.array(X, dtype=np.float64, order="C")
        infinite = np.isinf(features)
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            where = f"{place(row)} {self.encoding.feature_names[column]}"
            raise DataError("the value is infinite", where=where, hint="correct it")
        missing = np.isnan(features)
        if missing.any():
            for column in np.flatnonzero(missing.any(axis=0)):
                name = self.encoding.feature_names[column]
                self._count_missing(name, missing[:, column], place)
        self.changed.update(self.encoding.other_values(features))
        return features

    @property
    def notes(self) -> list[str]:
        """Sentences on extra columns, filled missing values and ignored labels."""
        notes = []
        if self.extra:
            columns = "1 column" if len(self.extra) == 1 else f"{len(self.extra)} columns"
            notes.append(
                f"ignored {columns} that the model does not use: {listed(self.extra, MOST_NAMED)}"
            )
        if self.filled:
            notes.append(f"missing values filled as in training: {_counted(self.filled)}")
        if self.ignored:
            counts = _counted(self.ignored)
            notes.append(f"all 0/1 columns are 0 for values that training did not see: {counts}")
        if self.changed:
            what = "rows with another value than the single one in training, which has no effect"
            notes.append(f"{what}: {_counted(self.changed)}")
        return notes

    def _values(self, column: SourceColumn, cells: Any, place: Place, decimal: str) -> Numbers:
        if column.labels:
            values = self._codes(column, cells, place)
        elif isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            values = dates_of_moments(cells, column, place)
        elif isinstance(cells, np.ndarray):
            values = numbers_in(cells, column.name, place, missing=self.encoding.missing)
            if column.form == "date_number":
                values = dates_of_numbers(values, column.name, place)
        elif column.form in ("number", "marked"):
            marked = column.form == "marked"
            values = numbers_in(
                cells, column.name, place, decimal, self.encoding.missing, marked=marked
            )
        else:
            values = self._parsed(column, cells, place)
        missing = np.isnan(values)
        if missing.any():
            self._count_missing(column.name, missing, place)
        return values

    def _parsed(self, column: SourceColumn, cells: Sequence[str], place: Place) -> Numbers:
        """The values of booleans or dates in these cells, NaN for a missing value.

        Raises DataError for the first cell that is neither.
        """
        known: dict[str, float] = {}
        for cell in dict.fromkeys(cells):
            value = parsed_cell(cell.strip(), column.form)
            if value is None and cell in self.encoding.missing:
                value = np.nan
            if value is None:
                what = (
                    "true or false"
                    if column.form == "boolean"
                    else "a date in the format of training"
                )
                raise DataError(
                    f"{cell.strip()!r} is not {what}",
                    where=f"{place(list(cells).index(cell))} {column.name}",
                    hint="correct the cell, or leave it empty"
                    if column.name in self.encoding.fillable
                    else "correct the cell",
                )
            known[cell] = value
        return np.array([known[cell] for cell in cells], dtype=np.float64)

    def _codes(self, column: SourceColumn, cells: Any, place: Place) -> Numbers:
        """The codes of these labels: NaN for a missing value, UNSEEN for an ignored label."""
        if isinstance(cells, np.ndarray):
            # Only a missing number or moment differs from itself.
            empty = (cells != cells).tolist()
            texts = map(str, cells.tolist())
            cells = ["" if gap else text for gap, text in zip(empty, texts, strict=True)]
        codes = self._code_of[column.name]
        if column.buckets:
            return self._bucket_codes(column, cells, codes)
        found = np.fromiter((codes.get(cell, _OTHER) for cell in cells), np.float64, len(cells))
        for row in np.flatnonzero(found == _OTHER).tolist():
            text = cells[row].strip()
            if text in codes:
                found[row] = codes[text]
            elif text in self.encoding.missing:
                found[row] = np.nan
            else:
                found[row] = UNSEEN
                self._count_unseen(column, text, row, place)
        return found

    def _count_unseen(self, column: SourceColumn, text: str, row: int, place: Place) -> None:
        if self.unseen == "ignore":
            self.ignored[column.name] += 1
            return
        problem = Problem(
            f"training did not see the value {text!r}",
            f"{place(row)} {column.name}",
            f"training saw {listed(column.labels, MOST_NAMED)}; "
            f"{self.ignoring} sets all 0/1 columns of {column.name} to 0",
        )
        if not self.late:
            raise DataError([problem])
        self._unseen.append((row, column.name, problem))

    def require_seen(self, rows: Flags) -> None:
        """Raise DataError, with a problem for each column, for unseen labels in some rows.

        rows (n,): True for a row that is used, of the n rows that were encoded since the last call.
        """
        found: dict[str, Problem] = {}
        for row, name, problem in self._unseen:
            if rows[row]:
                found.setdefault(name, problem)
        self._unseen.clear()
        if found:
            raise DataError(shortened(list(found.values())))

    def _bucket_codes(
        self, column: SourceColumn, cells: Sequence[str], codes: dict[str, float]
    ) -> Numbers:
        """The codes of the buckets of these texts; UNSEEN for a bucket without training rows."""
        known = {
            cell: np.nan
            if cell in self.encoding.missing
            else codes.get(column.label(cell.strip()), UNSEEN)
            for cell in dict.fromkeys(cells)
        }
        found = np.array([known[cell] for cell in cells], dtype=np.float64)
        if unseen := int((found == UNSEEN).sum()):
            self.ignored[column.name] += unseen
        return found

    @cached_property
    def _code_of(self) -> dict[str, dict[str, float]]:
        """For each text column, the code of each label."""
        return {
            column.name: {label: float(code) for code, label in enumerate(column.labels)}
            for column in self.encoding.columns
        }

    def _count_missing(self, name: str, missing: Array, place: Place) -> None:
        if name not in self.encoding.fillable:
            if name in self.gaps:
                return
            raise DataError(
                "the value is missing, and the model was trained without missing values",
                where=f"{place(int(missing.argmax()))} {name}",
                hint="fill it in, or train with dataset.missing=mean, so that the mean of the "
                "training rows replaces it",
            )
        self.filled[name] += int(missing.sum())


def numbers_in(
    cells: Any,
    name: str,
    place: Place,
    decimal: str = ".",
    missing: MissingMarks = STANDARD,
    *,
    marked: bool = False,
) -> Numbers:
    """The numbers in n cells, (n,); NaN is a missing value.

    cells: texts, or an array (n,). name: the name of the column. place: a function that returns the
    place of a row, for messages. decimal: the decimal sign of the texts. missing: the cells that
    are missing values. marked: whether a number may have marks such as $.
    Raises DataError for the first cell that is not a number, or is infinite.
    """
    numbers = _plain_numbers(cells, decimal)
    if numbers is not None and missing.numbers:
        numbers = np.where(np.isin(numbers, sorted(missing.numbers)), np.nan, numbers)
    if numbers is None:
        values = [cell_value(cell, decimal, missing) for cell in cells]
        if marked:
            found = [marked_number(cell, decimal, missing) for cell in cells]
            values = [None if pair is None else pair[0] for pair in found]
        if None in values:
            row = values.index(None)
            raise DataError(
                f"{cells[row].strip()!r} is not a number",
                where=f"{place(row)} {name}",
                hint="this column had numbers in training; correct the cell, or leave it empty if "
                "the model fills missing values",
            )
        numbers = np.array(values, dtype=np.float64)
    infinite = np.isinf(numbers)
    if infinite.any():
        where = f"{place(int(infinite.argmax()))} {name}"
        hint = "correct it, or leave it empty if the model fills missing values"
        raise DataError("the value is infinite", where=where, hint=hint)
    return numbers


def _plain_numbers(cells: Any, decimal: str) -> Numbers | None:
    """The cells as numbers, converted all at once; None if a text is not plainly a number."""
    if isinstance(cells, np.ndarray):
        return cells.astype(np.float64)
    # float accepts 1_000, which is text in a data file.
    if decimal != "." or "_" in "".join(cells):
        return None
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def require_columns(
    names: Sequence[str], wanted: Sequence[str], where: str, target: str | None = None
) -> None:
    """Raise a DataError that names all missing columns if `names` lacks some that are wanted.

    where: the data, for messages. target: the name of the target, for a hint, if it is wanted to
    measure a trained model; otherwise None.
    """
    missing = [name for name in wanted if name not in names]
    meant = _similar(missing, [name for name in names if name not in wanted])
    if missing == [target]:
        hint = f"only rows with a {target} can be evaluated; `gdrun predict RUN DATA` predicts it"
        raise DataError(f"lacks the target, {target}", where=where, hint=meant or hint)
    if missing:
        one = len(missing) == 1
        columns = "the column" if one else f"{len(missing)} columns"
        hint = f"it has {listed(names, MOST_NAMED)}; the names must be those of the training data"
        if not meant and 2 * len(missing) <= len(wanted) and target not in missing:
            left_out = ", ".join(json.dumps(name, ensure_ascii=False) for name in missing)
            hint += f"; if new rows never have {'it' if one else 'them'}, "
            hint += f"add {left_out} to ignore and train again"
        what = f"lacks {columns} that the model needs: {', '.join(missing)}"
        raise DataError(what, where=where, hint=meant or hint)


def _similar(missing: Sequence[str], others: Sequence[str]) -> str:
    """A hint with the columns whose names are similar to the missing ones; empty without any.

    others: the names of the columns that the model does not need.
    """
    similar = {name: found[0] for name in missing if (found := near(name, others, least=0.8))}
    if not similar:
        return ""
    pairs = " and ".join(f"{other} for {name}" for name, other in similar.items())
    return f"did you mean {pairs}? the names must be those of the training data"


def _counted(counts: Counter[str]) -> str:
    return listed([f"{name} ({count:,})" for name, count in counts.items()], MOST_NAMED)
