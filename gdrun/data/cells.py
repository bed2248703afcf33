"""The cells of a text column: the number in a single cell, and the cells of a column as codes."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gdrun.array_types import Flags, Integers, Numbers

MISSING_WORDS = ("", "NA", "N/A", "#N/A", "<NA>", "nan", "null", "none", "?", "-")
"""Cells that mean "no value"; the comparison ignores case."""

STANDARD_LIST = "standard"
"""The entry of a user's list of marks that means all MISSING_WORDS."""


@dataclass(frozen=True)
class MissingMarks:
    """The cells that mean "no value". An empty cell always does.

    words: the texts, in lower case. numbers: the numbers; -999 includes the cell -999.0.
    """

    words: frozenset[str] = frozenset(word.lower() for word in MISSING_WORDS)
    numbers: frozenset[float] = frozenset()

    @classmethod
    def of(cls, marks: Iterable[str | int | float]) -> MissingMarks:
        """The marks that a user lists, such as ["?", -999]; "standard" means all MISSING_WORDS.

        >>> MissingMarks.of(["N/A", -9]) == MissingMarks(frozenset({"", "n/a"}), frozenset({-9.0}))
        True
        >>> MissingMarks.of(["standard", "unknown"]).words - MissingMarks.of(["standard"]).words
        frozenset({'unknown'})
        """
        texts, numbers = {""}, set()
        for mark in marks:
            if not isinstance(mark, str):
                numbers.add(float(mark))
            elif is_standard_list(mark):
                texts.update(each.lower() for each in MISSING_WORDS)
            else:
                texts.add(mark.strip().lower())
        return cls(frozenset(texts), frozenset(numbers))

    def __contains__(self, cell: str) -> bool:
        return cell.strip().lower() in self.words

    @property
    def listed(self) -> list[str | float]:
        """The marks as a list that `of` accepts."""
        return [*sorted(self.words), *sorted(self.numbers)]


def is_standard_list(mark: str | int | float) -> bool:
    """Whether a mark in a user's list means all MISSING_WORDS."""
    return isinstance(mark, str) and mark.strip().lower() == STANDARD_LIST


STANDARD = MissingMarks()
"""The marks of a missing value in texts, unless the user lists others."""


def cell_value(cell: str, decimal: str = ".", missing: MissingMarks = STANDARD) -> float | None:
    """The number in a cell; NaN for a missing value, None for text.

    >>> cell_value("1e-3"), cell_value("NA"), cell_value("red"), cell_value("1,5", decimal=",")
    (0.001, nan, None, 1.5)

    With a decimal comma, a cell with a point is text, because the point may mark thousands:

    >>> cell_value("2.155", decimal=",")

    missing: the cells that are missing values.

    >>> marks = MissingMarks.of([-9])
    >>> cell_value("NA", missing=marks), cell_value("-9.0", missing=marks)
    (None, nan)
    """
    try:
        value = float(cell if decimal == "." else _with_point(cell, decimal))
    except ValueError:
        return float("nan") if cell in missing else None
    if value != value:
        return value if cell.strip().lstrip("+-") in missing else None
    if value in missing.numbers:
        return float("nan")
    # Python reads 1_000 as a number; in a data file it is text.
    return None if "_" in cell else value


def _with_point(cell: str, decimal: str) -> str:
    return "" if "." in cell else cell.replace(decimal, ".")


def control_character(text: str) -> str | None:
    """The code of the first control character in a text, such as 0x1b; None without one.

    Blanks, tabs and line ends are allowed.
    """
    found = (sign for sign in text if unicodedata.category(sign) == "Cc" and sign not in "\t\n\r")
    return next((f"0x{ord(sign):02x}" for sign in found), None)


@dataclass(frozen=True)
class Cells:
    """The N cells of one column.

    texts: the different texts of the cells. codes (N,): for each cell the index of its text.
    """

    codes: Integers
    texts: Sequence[str]

    @classmethod
    def of(cls, cells: Iterable[str]) -> Cells:
        """The cells of a column from the text of each.

        >>> Cells.of(["red", "blue", "red"])
        Cells(codes=array([0, 1, 0]), texts=['red', 'blue'])
        """
        codes: dict[str, int] = {}
        found = [codes.setdefault(cell, len(codes)) for cell in cells]
        return cls(np.array(found, dtype=np.int64), list(codes))

    @classmethod
    def joined(cls, parts: Sequence[Cells]) -> Cells:
        """The cells of several files, one after the other."""
        if len(parts) == 1:
            return parts[0]
        known: dict[str, int] = {}
        codes = [
            np.array([known.setdefault(t, len(known)) for t in part.texts], np.int64)[part.codes]
            for part in parts
        ]
        return cls(np.concatenate(codes), list(known))

    def __len__(self) -> int:
        return len(self.codes)

    def keep(self, rows: Flags) -> Cells:
        """The cells of some rows only. rows (N,): True for a row to keep."""
        return Cells(self.codes[rows], self.texts)

    @cached_property
    def blank(self) -> Flags:
        """Whether each of the N cells is empty or consists of blanks: (N,)."""
        return self._where([not text.strip() for text in self.texts])

    def values(self, decimal: str, missing: MissingMarks = STANDARD) -> tuple[Numbers, Flags]:
        """The number in each cell (NaN if missing or text), and whether it is text: (N,) each."""
        found = [cell_value(text, decimal, missing) for text in self.texts]
        numbers = np.array([np.nan if value is None else value for value in found], np.float64)
        return numbers[self.codes], self._where([value is None for value in found])

    def marked(self, missing: MissingMarks) -> Flags:
        """Whether each of the N cells is one of the words of `missing`, such as NA: (N,).

        The numbers of `missing` do not count.
        """
        return self._where([text in missing for text in self.texts])

    def _where(self, of_texts: list[bool]) -> Flags:
        return np.array(of_texts, dtype=bool)[self.codes]

    def texts_in(self, rows: Flags) -> list[str]:
        """The different texts in some rows, sorted, without blanks around them.

        rows (N,): True for a chosen row.
        """
        return sorted({self.texts[code].strip() for code in np.unique(self.codes[rows])})

    def by_text(self, rows: Flags, value: Callable[[str], float]) -> Numbers:
        """Return value(text) for each cell of the chosen rows, and NaN for the other rows: (N,).

        rows (N,): True for a chosen row. value: a function of a text without blanks around it,
        which is called once for each different text.
        """
        of_code = np.full(len(self.texts), np.nan)
        for code in np.unique(self.codes[rows]):
            of_code[code] = value(self.texts[code].strip())
        values: Numbers = of_code[self.codes]
        values[~rows] = np.nan
        return values

    def text(self, row: int) -> str:
        """The text of one cell, without blanks around it."""
        return self.texts[int(self.codes[row])].strip()
