"""CSV and TSV files, read with the standard library and NumPy alone.

A file of plain numbers goes straight through NumPy's reader. Anything else, and anything that
fails there, is read cell by cell, so that an error can name its line and column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gdrun.data.columns import Column, Missing, read_column, shortened, table_from_columns
from gdrun.data.csv_layout import Layout, read_layout
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem


def read_csv(path: Path, target: str | int | None = None, missing: Missing = "error") -> Table:
    """A text file of rows, separated by comma, semicolon, tab or bar.

    target: the name of a column, or its position from 0 (default: the last). Text is class labels
    in the target, and one 0/1 column per value in a feature. Numbers may have a decimal comma
    where semicolons separate.

    missing: what becomes of gaps (empty cells, NA, NaN, null, none, ?). `error` reports them,
    `drop` leaves out their rows, `mean` fills them with the mean of the training rows and leaves
    out only the rows without a target.
    """
    where = str(path)
    layout = read_layout(path)
    position = layout.target_position(target, where)
    numbers = _plain_numbers(path, layout)
    if numbers is not None:
        columns = [Column(name, numbers[:, j]) for j, name in enumerate(layout.names)]
        lines: Sequence[int] = range(len(numbers))
    else:
        cells, lines = _text_rows(path, layout)
        columns = _text_columns(cells, lines, layout, position, where)
    idle = {j: reason for j, reason in _idle(columns, layout).items() if j != position}
    features = [column for j, column in enumerate(columns) if j != position and j not in idle]
    if not features:
        raise DataError(
            "has no column besides the target",
            where=where,
            hint="columns are separated by comma, semicolon, tab or bar",
        )
    return table_from_columns(
        features,
        columns[position],
        lines,
        missing=missing,
        name=where,
        notes=[f"left out column {j}, which has no name: {why}" for j, why in idle.items()],
    )


def _plain_numbers(path: Path, layout: Layout) -> NDArray[np.float64] | None:
    """The file as one array (N, width) if it holds finite numbers alone, else None."""
    if layout.decimal != ".":
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            numbers = np.loadtxt(
                file,
                delimiter=layout.delimiter,
                skiprows=layout.skip,
                comments=None,
                quotechar='"',
                ndmin=2,
            )
        except ValueError:
            return None
    return numbers if numbers.shape[1] == layout.width and np.isfinite(numbers).all() else None


def _text_rows(path: Path, layout: Layout) -> tuple[list[list[str]], list[int]]:
    """Every row after the header as text, all of one width, and the line on which each begins."""
    text = io.StringIO(_decoded(path), newline="")
    reader = csv.reader(text, delimiter=layout.delimiter, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    begin = 1
    try:
        for row in reader:
            if begin > layout.skip and "".join(row).strip():
                rows.append(row)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"this row cannot be read: {error}",
            where=f"{path}:{begin}",
            hint='a quote that opens must close, and a quote within quotes is written ""',
        ) from None
    _require_width(rows, lines, layout.width, path)
    return rows, lines


def _require_width(rows: list[list[str]], lines: list[int], width: int, path: Path) -> None:
    ragged = [(line, len(row)) for line, row in zip(lines, rows, strict=True) if len(row) != width]
    if ragged:
        line, found = ragged[0]
        more = f"; so do {len(ragged) - 1} more rows" if len(ragged) > 1 else ""
        raise DataError(
            f"has {found} fields where the first row has {width}{more}",
            where=f"{path}:{line}",
            hint="a field that contains the separator must stand in quotes",
        )


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"is not UTF-8 text: byte 0x{data[error.start]:02x}",
            where=f"{path}:{line}",
            hint="save the file as UTF-8",
        ) from None


def _text_columns(
    rows: list[list[str]], lines: Sequence[int], layout: Layout, target: int, where: str
) -> list[Column]:
    """The columns of `rows`, or one error for all the columns that cannot be read."""
    columns: list[Column] = []
    problems: list[Problem] = []
    for position, name in enumerate(layout.names):
        cells = [row[position] for row in rows]
        try:
            columns.append(
                read_column(
                    name,
                    cells,
                    lines,
                    where,
                    decimal=layout.decimal,
                    target=position == target,
                )
            )
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(shortened(problems, "column"))
    return columns


def _idle(columns: Sequence[Column], layout: Layout) -> dict[int, str]:
    """Columns without a name, beside named ones, that say nothing: exports leave them behind."""
    idle = {}
    for position, (cell, column) in enumerate(zip(layout.header, columns, strict=False)):
        if cell or column.labels:
            continue
        if column.gaps.all():
            idle[position] = "it is empty"
        elif np.array_equal(column.values - column.values[0], np.arange(len(column.values))):
            idle[position] = "it only counts the rows"
    return idle
