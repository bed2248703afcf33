"""How a text file of rows is written: its separator, its header, its width."""

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


@dataclass(frozen=True)
class CsvLayout:
    """What the first lines of a file say about the rest.

    header: the cells of the header row, empty without one. width: the number of columns.
    skip: the lines before the first row of data.
    """

    delimiter: str
    header: tuple[str, ...]
    width: int
    skip: int

    @property
    def decimal(self) -> str:
        return _decimal(self.delimiter)

    @cached_property
    def names(self) -> list[str]:
        cells = self.header or ("",) * self.width
        return [cell or f"x{position}" for position, cell in enumerate(cells)]

    def choose(
        self, target: str | int | None, ignore: Sequence[str | int], where: str
    ) -> tuple[int, frozenset[int]]:
        """The positions of the target and of the columns that are left out.

        Without a `target` it is the last column that has a name and is not left out.

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
                f"the target {self.names[position]!r} is among the columns to leave out",
                where="dataset.ignore",
                hint="name another target, or do not ignore this one",
            )
        return position, ignored

    def _position(self, column: str | int, key: str, where: str) -> int:
        """Where a column stands that is given by name, or by position: −1 is the last."""
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
                hint=f"its columns are 0 to {self.width - 1}; a name in digits stands in quotes",
            )
        return column % self.width


def read_layout(path: Path, header: bool | None = None) -> CsvLayout:
    """Judge the first lines of a file, which must exist and hold at least one row of data.

    header: whether the first row names the columns; None judges by what it holds.
    """
    sample = _first_lines(path)
    delimiter = _delimiter(sample)
    rows, ends = _sample_rows(sample, delimiter, path)
    if not rows:
        raise DataError(
            "is empty", where=str(path), hint="a row for each example, with its target, is needed"
        )
    if not (_is_header(rows, _decimal(delimiter)) if header is None else header):
        return CsvLayout(delimiter, (), len(rows[0]), 0)
    if len(rows) == 1:
        raise DataError(
            "has a header and no rows",
            where=str(path),
            hint="a row for each example is needed; header: false reads the first row as one",
        )
    layout = CsvLayout(delimiter, tuple(rows[0]), len(rows[0]), ends[0])
    _require_unique(layout.names, f"{path}:{layout.skip}")
    return layout


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(islice(file, SAMPLE_LINES))
    except UnicodeDecodeError:
        raise undecodable(path) from None
    except OSError as error:
        raise unreadable(path, error) from None


def _sample_rows(
    sample: Sequence[str], delimiter: str, path: Path
) -> tuple[list[list[str]], list[int]]:
    """The rows of the sample that hold anything, and the line on which each ends."""
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
    """The error for a row that the rules of CSV do not allow."""
    return DataError(
        f"this row cannot be read: {error}",
        where=where,
        hint='a quote that opens must close, and a quote within quotes is written ""',
    )


def undecodable(path: Path) -> DataError:
    """The error for a file that is known not to be UTF-8: the line of its first such byte."""
    data = path.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
    return DataError(
        f"is not UTF-8 text: byte 0x{byte:02x}",
        where=f"{path}:{line}",
        hint="save the file as UTF-8",
    )


def _delimiter(sample: Sequence[str]) -> str:
    """The sign that splits the most rows alike, then gives the most numbers, then the most cells.

    Numbers come before cells because a comma may be their decimal sign.
    """

    def fit(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:  # A long row that it does not split is too long for one cell.
            return 0, 0, 0
        width = len(rows[0]) if rows else 1
        if width == 1:
            return 0, 0, 1
        cells = [cell for row in rows for cell in row]
        numbers = sum(_is_number(cell, _decimal(delimiter)) for cell in cells)
        return sum(len(row) == width for row in rows), numbers / len(cells), width

    return max(DELIMITERS, key=fit)


def _is_number(cell: str, decimal: str) -> bool:
    """Whether a cell holds a number; NA, which may be sodium, is none."""
    value = cell_value(cell, decimal)
    return value is not None and value == value


def _decimal(delimiter: str) -> str:
    """The decimal sign: semicolons separate where a comma already has that office."""
    return "," if delimiter == ";" else "."


def _is_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """A header holds no number, and no text that comes again further down its column."""
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
            f"columns {', '.join(positions)} share the name {name!r}",
            where=where,
            hint="give each column its own name",
        )
