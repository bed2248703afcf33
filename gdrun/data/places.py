"""The places of cells in error messages: a file and a line of it, or a row of a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gdrun.data.csv_layout import LONGEST_LINE, CsvLayout, malformed, split_rows, too_long
from gdrun.data.ragged_rows import wrong_width
from gdrun.data.text_files import TextFile, undecodable


class Places(Protocol):
    """Where the rows of a table come from."""

    @property
    def table(self) -> str:
        """The file, or the files, as the user names them."""

    def cell(self, row: int, name: str) -> str:
        """The place of a cell: its file and column, and its line if the file has lines."""

    def at(self, row: int) -> str:
        """The words for the place of a row, such as `line 3` or `row 1`."""

    def here(self, row: int) -> str:
        """The words that end a message about this row, such as `in this line`."""


@dataclass(frozen=True)
class TableRows:
    """The places of a table without lines, such as a Parquet file. table: the file."""

    table: str

    def cell(self, row: int, name: str) -> str:
        return f"{self.table} {name}"

    def at(self, row: int) -> str:
        return f"row {row}, where the first is row 0"

    def here(self, row: int) -> str:
        return f"in row {row} (the first is row 0)"


@dataclass(frozen=True)
class TextLines:
    """The places of the rows of text files, which are read again to find a line.

    table: the path. files: each file with its layout and its number of rows.
    """

    table: str
    files: Sequence[tuple[TextFile, CsvLayout, int]]
    _found: dict[int, list[int]] = field(default_factory=dict)

    def cell(self, row: int, name: str) -> str:
        index = 0
        while row >= self.files[index][2]:
            row -= self.files[index][2]
            index += 1
        file, layout, _ = self.files[index]
        if index not in self._found:
            self._found[index] = [line for line, _ in checked_rows(file, layout)]
        return f"{file.where}:{self._found[index][row]} {name}"

    def at(self, row: int) -> str:
        place, name = self.cell(row, "").strip(), self.files[0][0].where
        return f"line {place.removeprefix(f'{name}:')}" if len(self.files) == 1 else place

    def here(self, row: int) -> str:
        return "in this line"


def checked_rows(file: TextFile, layout: CsvLayout) -> Iterator[tuple[int, list[str]]]:
    """Every row after the header, with the line on which it begins. Empty rows are left out.

    Raises DataError if the file is not UTF-8 or not CSV. If rows have another width than the
    layout, raises DataError after the last row, because the message counts these rows. Empty fields
    after the last column are ignored.
    """
    begin, wrong, others = 1, None, -1
    try:
        with file.path.open(encoding="utf-8-sig", newline="") as lines:
            for end, row in split_rows(lines, layout.delimiter):
                if begin > layout.skip and any(cell.strip() for cell in row):
                    if not any(cell.strip() for cell in row[layout.width :]):
                        row = row[: layout.width]
                    if len(row) == layout.width:
                        yield begin, row
                    else:
                        others += 1
                        wrong = wrong or (begin, row)
                begin = end + 1  # A quoted field may contain line breaks.
    except UnicodeDecodeError:
        raise undecodable(file) from None
    except csv.Error as error:
        raise malformed(error, f"{file.where}:{begin}") from None
    if wrong:
        raise wrong_width(wrong[1], layout.width, others, f"{file.where}:{wrong[0]}")


def require_short_rows(file: TextFile, layout: CsvLayout) -> None:
    """Raise DataError for the first row of a file that has more than LONGEST_LINE bytes."""
    for begin, row in checked_rows(file, layout):
        if sum(len(cell.encode()) + 1 for cell in row) > LONGEST_LINE:
            raise too_long("row", f"{file.where}:{begin}")


def write_plainly(file: TextFile, layout: CsvLayout, target: Path, *, by_cells: bool) -> None:
    """Write the rows of a file, without its header, with commas and with as few quotes as possible.

    target: the file to write. by_cells: whether each cell gets a line of its own. Raises DataError
    if the file is not UTF-8 or not CSV, or has rows of another width than the layout.
    """
    with target.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        for _, row in checked_rows(file, layout):
            if not by_cells:
                writer.writerow(row)
            elif _needs_quotes(row):
                writer.writerows([cell] for cell in row)
            else:
                opened.write("\n".join(row) + "\n")


def _needs_quotes(row: Sequence[str]) -> bool:
    """Whether some cell must have quotes if it has a line of its own."""
    text = "".join(row)
    return "" in row or any(sign in text for sign in '",\r\n')
