"""The layout of a CSV file: its separator, its header and its number of columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from gdrun.data.columns import cell_value
from gdrun.data.unreadable import unreadable
from gdrun.errors import DataError, suggestion

DELIMITERS = ",;\t|"
SAMPLE_LINES = 50
"""The number of lines at the start of a file from which its layout is guessed."""


@dataclass(frozen=True)
class CsvLayout:
    """The layout of a file, as guessed from its first lines.

    delimiter: the separator of the columns. header: the column names in the header row; empty
    without a header. width: the number of columns. skip: the number of lines before the first row
    of data.
    """

    delimiter: str
    header: tuple[str, ...]
    width: int
    skip: int

    @property
    def decimal(self) -> str:
        """The decimal sign of numbers: a comma if the separator is a semicolon, else a point."""
        return _decimal(self.delimiter)

    @cached_property
    def names(self) -> list[str]:
        """The name of each column; without a name in the header, x0, x1, … by its position."""
        cells = self.header or ("",) * self.width
        return [cell or f"x{position}" for position, cell in enumerate(cells)]

    def choose(
        self, target: str | int | None, ignore: Sequence[str | int], where: str
    ) -> tuple[int, frozenset[int]]:
        """Return the position of the target column, and the positions of the columns to leave out.

        target: a name or a position; None means the last column with a name in the header that is
        not left out, or else the last one not left out. ignore: the columns to leave out, by name
        or position. where: the file in error messages. A negative position counts from the end.
        Raises DataError if a column does not exist, or if the target is left out.

        >>> houses = CsvLayout(",", ("", "size", "price", ""), 4, 1)
        >>> houses.choose(None, (), "houses.csv")
        (2, frozenset())
        >>> houses.choose("size", [-1, "price"], "houses.csv")
        (1, frozenset({2, 3}))
        """
        ignored = frozenset(self._position(column, "ignore", where) for column in ignore)
        if target is None:
            left = [j for j in range(self.width) if j not in ignored]
            named = [j for j in left if self.header and self.header[j]]
            return (named or left or [0])[-1], ignored
        position = self._position(target, "target", where)
        if position in ignored:
            raise DataError(
                f"the target {self.names[position]!r} is also in the list of columns to ignore",
                where="dataset.ignore",
                hint="choose another target, or remove this one from ignore",
            )
        return position, ignored

    def _position(self, column: str | int, key: str, where: str) -> int:
        """Return the position of a column, from 0.

        column: its name or its position, where −1 is the last column. key: the option that names
        the column. where: the file in error messages. Raises DataError if there is no such column.
        """
        if isinstance(column, str):
            if column not in self.names:
                raise DataError(
                    f"{where} has no column {column!r}",
                    where=f"dataset.{key}",
                    hint=suggestion(column, self.names),
                )
            return self.names.index(column)
        if not -self.width <= column < self.width:
            raise DataError(
                f"{where} has no column {column}",
                where=f"dataset.{key}",
                hint=f"the columns of the file are 0 to {self.width - 1}; "
                "if the name of a column is a number, quote it: '7'",
            )
        return column % self.width


def read_layout(path: Path, header: bool | None = None) -> CsvLayout:
    """Return the layout of a file, guessed from its first lines.

    header: whether the first row holds the column names; with None this is guessed too.
    Raises DataError if the file cannot be read, has no row of data, or uses a column name twice.
    """
    sample = _first_lines(path)
    delimiter = _delimiter(sample)
    rows, ends = _sample_rows(sample, delimiter, path)
    if not rows:
        raise DataError(
            "is empty", where=str(path), hint="write one row for each example, with its target"
        )
    if not (_is_header(rows, _decimal(delimiter)) if header is None else header):
        return CsvLayout(delimiter, (), len(rows[0]), 0)
    if len(rows) == 1:
        raise DataError(
            "has a header but no examples",
            where=str(path),
            hint="add a row for each example; or set header: false if the first row is an example",
        )
    layout = CsvLayout(delimiter, tuple(rows[0]), len(rows[0]), ends[0])
    _require_unique(layout.names, f"{path}:{layout.skip}")
    return layout


def _first_lines(path: Path) -> list[str]:
    try:
        # utf-8-sig skips the byte order mark that spreadsheet programs write.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(islice(file, SAMPLE_LINES))
    except UnicodeDecodeError:
        raise undecodable(path) from None
    except OSError as error:
        raise unreadable(path, error) from None


def _sample_rows(
    sample: Sequence[str], delimiter: str, path: Path
) -> tuple[list[list[str]], list[int]]:
    """Return the cells of each row in the first lines of a file, and the line where the row ends.

    sample: the lines. path: the file in error messages. Empty rows are left out.
    """
    rows: list[list[str]] = []
    ends: list[int] = []
    reader = csv.reader(sample, delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                ends.append(reader.line_num)
    except csv.Error as error:
        raise malformed(error, f"{path}:{reader.line_num}") from None
    return rows, ends


def malformed(error: csv.Error, where: str) -> DataError:
    """Return the error for a row that does not follow the CSV format.

    error: what the module csv reported. where: the file and the line.
    """
    return DataError(
        f"this row cannot be read: {error}",
        where=where,
        hint='close every quote; write a quote inside a quoted field as ""',
    )


def undecodable(path: Path) -> DataError:
    """Return the error for a file that is not UTF-8, with the line of the first wrong byte."""
    data = path.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
    return DataError(
        f"is not UTF-8 text: the byte 0x{byte:02x} in this line is wrong",
        where=f"{path}:{line}",
        hint="save the file as UTF-8",
    )


def _delimiter(sample: Sequence[str]) -> str:
    """Return the separator of the lines in `sample`: the character that divides them best.

    With the best separator, the most rows have as many cells as the first row. Among separators
    that are equal in this, the best one gives the largest share of numbers, and then the most
    columns. The share of numbers is compared first, because a comma may be a decimal sign.
    """

    def fit(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:  # The module csv refuses a cell longer than 131,072 characters.
            return 0, 0, 0
        width = len(rows[0]) if rows else 1
        if width == 1:
            return 0, 0, 1
        cells = [cell for row in rows for cell in row]
        numbers = sum(_is_number(cell, _decimal(delimiter)) for cell in cells)
        return sum(len(row) == width for row in rows), numbers / len(cells), width

    return max(DELIMITERS, key=fit)


def _is_number(cell: str, decimal: str) -> bool:
    """Return whether a cell holds a number and not a missing value. decimal: the decimal sign."""
    # A header may use NA or None as a name: NA can be sodium.
    value = cell_value(cell, decimal)
    return value is not None and value == value


def _decimal(delimiter: str) -> str:
    """Return the decimal sign in a file with this separator: a comma with semicolons.

    Programs that write decimal commas use semicolons as separators.
    """
    return "," if delimiter == ";" else "."


def _is_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Return whether the first row is a header with column names.

    It is one if none of its cells is a number or occurs again in the same column. decimal: the
    decimal sign.
    """
    first, rest = rows[0], rows[1:]
    if any(_is_number(cell, decimal) for cell in first):
        return False
    below = ({row[j] for row in rest if j < len(row)} for j in range(len(first)))
    return not any(cell and cell in column for cell, column in zip(first, below, strict=True))


def _require_unique(names: Sequence[str], where: str) -> None:
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        positions = [str(position) for position, other in enumerate(names) if other == name]
        raise DataError(
            f"columns {', '.join(positions)} have the same name {name!r}",
            where=where,
            hint="give each column its own name",
        )
