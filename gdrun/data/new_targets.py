"""The target of a trained model: its values in new rows become numbers or codes of classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.data.booleans import boolean_codes, boolean_word
from gdrun.data.cells import STANDARD, MissingMarks, cell_value
from gdrun.data.new_dates import Place
from gdrun.data.new_rows import MOST_NAMED, RowEncoder, numbers_in
from gdrun.errors import DataError, suggestion

NO_CLASS = -1
"""The code of a target that is missing."""


def measured(encoder: RowEncoder, target: Target | None) -> str | None:
    """The name of the target if rows are read to measure a trained model, else None.

    It is None for the file of a validation or test part, which is read before training.
    """
    return None if target is None or encoder.late else target.name


@dataclass(frozen=True)
class Target:
    """The target of a model.

    classes: the labels of the classes; empty for a regression. numbered: whether the labels are
    whole numbers. gaps: whether rows may have no target. marks: the cells that are missing values.
    """

    name: str
    classes: tuple[str, ...] = ()
    numbered: bool = False
    gaps: bool = False
    marks: MissingMarks = STANDARD

    def known(self, y: Array) -> Flags:
        """Whether each of n rows has a target, (n,).

        y (n,): numbers or class codes; NaN or the code NO_CLASS is a missing target.
        """
        return y != NO_CLASS if self.classes else ~np.isnan(y)

    def encode(self, cells: Any, place: Place, decimal: str = ".") -> Array:
        """The targets in n cells, (n,): numbers, or class codes. cells: texts, or an array.

        A target that is missing is NaN or the code NO_CLASS. place: a function that returns the
        place of a row, for messages. decimal: the decimal sign of texts. Raises DataError if a
        target is missing although `gaps` is false, or is a class that training did not see.
        """
        if self.classes and not self.numbered:
            # Only a missing value, NaN, differs from itself.
            labels = ["" if cell != cell else str(cell).strip() for cell in cells]
        else:
            numbers = numbers_in(cells, self.name, place, decimal, self.marks, marked=True)
            missing = np.isnan(numbers)
            if missing.any() and not self.gaps:
                self._refuse_missing(int(missing.argmax()), place)
            if not self.classes:
                return numbers
            labels = [
                str(int(number)) if number.is_integer() else str(number)
                for number in numbers.tolist()
            ]
            labels = ["" if gap else label for gap, label in zip(missing, labels, strict=True)]
        codes = self._codes_of({*labels})
        found = np.fromiter((codes.get(label, NO_CLASS) for label in labels), np.int64, len(labels))
        for row in np.flatnonzero(found == NO_CLASS).tolist():
            value = cell_value(labels[row], missing=self.marks)
            absent = value is not None and value != value
            if not absent or not self.gaps:
                self._refuse_label(labels[row], row, place, absent=absent)
        return found

    def _codes_of(self, labels: set[str]) -> dict[str, int]:
        """The codes of the classes, and of labels that are the same booleans in another spelling.

        A query reads the yes and no of a CSV file as true and false.
        """
        codes = {label: code for code, label in enumerate(self.classes)}
        values = boolean_codes(self.classes)
        if values is None or len(values) != 2:
            return codes
        booleans = {values[label]: code for label, code in codes.items()}
        known = {label: boolean_word(label) for label in labels}
        return {
            label: booleans[value] for label, value in known.items() if value is not None
        } | codes

    def _refuse_label(self, label: str, row: int, place: Place, *, absent: bool) -> None:
        if absent:
            self._refuse_missing(row, place)
        raise DataError(
            f"training did not see the class {label!r}",
            where=f"{place(row)} {self.name}",
            hint=suggestion(label, self.classes, most_listed=MOST_NAMED),
        )

    def _refuse_missing(self, row: int, place: Place) -> None:
        raise DataError(
            "the target is missing",
            where=f"{place(row)} {self.name}",
            hint="remove the row: only rows with a target can be evaluated",
        )


def labelled_rows(
    blocks: Iterable[tuple[Numbers, Array | None]], target: Target, notes: list[str]
) -> Iterator[tuple[Numbers, Array]]:
    """The rows of each block that have a target. The others are counted in a note.

    blocks: features and targets; the targets must not be None. notes: the list to which the note is
    added. Raises DataError if there are rows, and none has a target.
    """
    rows = found = 0
    for X, y in blocks:
        assert y is not None  # the blocks are read with their targets
        known = target.known(y)
        rows, found = rows + len(y), found + int(known.sum())
        if known.any():
            yield X[known], y[known]
    if rows and not found:
        raise DataError(
            "no row has a target",
            where=target.name,
            hint="`gdrun predict RUN DATA` needs no targets",
        )
    if found < rows:
        notes.append(f"left out {rows - found} of {rows} rows because the target is missing")
