"""How a text file of rows is written: its separator, its header, its width."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gdrun.data.columns import cell_value
from gdrun.errors import DataError, near, suggestion

DELIMITERS = ",;\t|"
SAMPLE_LINES = 50


@dataclass(frozen=True)
class Layout:
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

    @property
    def names(self) -> list[str]:
        cells = self.header or ("",) * self.width
        return [cell or f"x{position}" for position, cell in enumerate(cells)]

    def target_position(self, target: str | int | None, where: str) -> int:
        """Where the target stands: by name, by position (−1 is the last), or else the last named.

        >>> Layout(",", ("", "size", "price", ""), 4, 1).target_position(None, "houses.csv")
        2
        """
        if isinstance(target, str):
            if target not in self.names:
                raise DataError(
                    f"{where} has no column {target!r}",
                    where="dataset.target",
                    hint=suggestion(target, self.names),
                )
            return self.names.index(target)
        if target is None:
            return max((j for j, cell in enumerate(self.header) if cell), default=self.width - 1)
        if not -self.width <= target < self.width:
            raise DataError(
                f"{where} has no column {target}",
                where="dataset.target",
                hint=f"its columns are 0 to {self.width - 1}",
            )
        return target % self.width


def read_layout(path: Path) -> Layout:
    """Judge the first lines of a file, which must exist and hold at least one row of data."""
    sample = _first_lines(path)
    delimiter = _delimiter(sample)
    reader = csv.reader(sample, delimiter=delimiter, skipinitialspace=True)
    cells = ([cell.strip() for cell in row] for row in reader)
    ends, rows = [], []
    for row in cells:
        if any(row):
            ends.append(reader.line_num)
            rows.append(row)
    if not rows:
        raise DataError("is empty", where=str(path))
    if not _is_header(rows, _decimal(delimiter)):
        return Layout(delimiter, (), len(rows[0]), 0)
    if len(rows) == 1:
        raise DataError("has a header and no rows", where=str(path))
    layout = Layout(delimiter, tuple(rows[0]), len(rows[0]), ends[0])
    _require_unique(layout.names, f"{path}:{layout.skip}")
    return layout


def _first_lines(path: Path) -> list[str]:
    if path.is_dir():
        raise DataError("is a directory, not a file", where=str(path))
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return list(islice(file, SAMPLE_LINES))
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), hint=_neighbours(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _delimiter(sample: Sequence[str]) -> str:
    """The sign that splits the most rows into as many cells as the first one, then the most."""

    def fit(delimiter: str) -> tuple[int, int]:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        width = len(rows[0]) if rows else 1
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    return max(DELIMITERS, key=fit)


def _decimal(delimiter: str) -> str:
    """The decimal sign: semicolons separate where a comma already has that office."""
    return "," if delimiter == ";" else "."


def _is_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """A header holds no number, and no text that comes again further down its column."""
    first, rest = rows[0], rows[1:]
    if any(cell and cell_value(cell, decimal) is not None for cell in first):
        return False
    below = ({row[j] for row in rest if j < len(row)} for j in range(len(first)))
    return not any(cell and cell in column for cell, column in zip(first, below, strict=True))


def _require_unique(names: Sequence[str], where: str) -> None:
    for name in names:
        positions = [str(position) for position, other in enumerate(names) if other == name]
        if len(positions) > 1:
            raise DataError(
                f"columns {', '.join(positions)} are all called {name!r}",
                where=where,
                hint="give each column its own name",
            )


def _neighbours(path: Path) -> str | None:
    """A hint that names files near to a missing one."""
    if not path.parent.is_dir():
        return f"there is no directory {path.parent} either"
    alike = near(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    found = " or ".join(str(path.parent / name) for name in alike)
    return f"did you mean {found}?" if found else None
