"""CSV and TSV files, read with the standard library and NumPy alone.

A file of plain numbers goes straight through NumPy's reader. Anything else, and anything that
fails there, is read cell by cell, so that an error can name its line and column.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.columns import (
    Column,
    Missing,
    leaving_out,
    read_column,
    shortened,
    table_from_columns,
)
from gdrun.data.csv_layout import CsvLayout, malformed, read_layout, undecodable
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem


def read_csv(
    path: Path,
    target: str | int | None = None,
    missing: Missing = "error",
    header: bool | None = None,
    ignore: str | int | tuple[str | int, ...] = (),
) -> Table:
    """A text file of rows, separated by comma, semicolon, tab or bar.

    target: the name of a column, or its position from 0 (default: the last). Text is class labels
    in the target, and one 0/1 column per value in a feature. Numbers may have a decimal comma
    where semicolons separate.

    missing: what becomes of gaps (empty cells, NA, NaN, null, none, ?). `error` reports them,
    `drop` leaves out their rows, `mean` fills them with the mean of the training rows and leaves
    out only the rows without a target.

    header: whether the first row names the columns (default: if it holds no number, and no text
    that comes again below). ignore: a column to leave out, or a list, by name or position.
    """
    where = str(path)
    layout = read_layout(path, header)
    unwanted = (ignore,) if isinstance(ignore, str | int) else ignore
    position, ignored = layout.choose(target, unwanted, where)
    chosen = [j for j in range(layout.width) if j not in ignored]
    numbers = _plain_numbers(path, layout)
    if numbers is not None:
        columns = {j: Column(layout.names[j], numbers[:, j]) for j in chosen}
        lines: Sequence[int] = range(len(numbers))
    else:
        cells, lines = _text_rows(path, layout)
        columns = _text_columns(cells, lines, layout, chosen, position, where)
    idle = {j: reason for j, reason in _idle(columns, layout).items() if j != position}
    features = [column for j, column in columns.items() if j != position and j not in idle]
    if not features:
        raise DataError(
            f"has no column besides the target, {layout.names[position]!r}",
            where=where,
            hint="columns are separated by comma, semicolon, tab or bar",
        )
    return table_from_columns(
        features,
        columns[position],
        lines,
        missing=missing,
        name=where,
        notes=[
            *(f"left out column {j}, which has no name: {why}" for j, why in idle.items()),
            *map(_counter_note, filter(_numbers_rows, features[:1])),
        ],
    )


def _plain_numbers(path: Path, layout: CsvLayout) -> Numbers | None:
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


def _text_rows(path: Path, layout: CsvLayout) -> tuple[list[list[str]], list[int]]:
    """Every row after the header as text, all of one width, and the line on which each begins."""
    rows: list[list[str]] = []
    lines: list[int] = []
    begin = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(
                file, delimiter=layout.delimiter, skipinitialspace=True, strict=True
            )
            for row in reader:
                if begin > layout.skip and "".join(row).strip():
                    rows.append(row)
                    lines.append(begin)
                begin = reader.line_num + 1
    except UnicodeDecodeError:
        raise undecodable(path) from None
    except csv.Error as error:
        raise malformed(error, f"{path}:{begin}") from None
    _require_width(rows, lines, layout.width, path)
    return rows, lines


def _require_width(rows: list[list[str]], lines: list[int], width: int, path: Path) -> None:
    ragged = [(line, len(row)) for line, row in zip(lines, rows, strict=True) if len(row) != width]
    if ragged:
        line, found = ragged[0]
        more = f", the first of {len(ragged)} rows that differ" if len(ragged) > 1 else ""
        raise DataError(
            f"has {found} fields where the first row has {width}{more}",
            where=f"{path}:{line}",
            hint="a field that contains the separator must stand in quotes",
        )


def _text_columns(
    rows: list[list[str]],
    lines: Sequence[int],
    layout: CsvLayout,
    chosen: Sequence[int],
    target: int,
    where: str,
) -> dict[int, Column]:
    """The chosen columns of `rows`, or one error for all of them that cannot be read."""
    columns: dict[int, Column] = {}
    problems: list[Problem] = []
    for position in chosen:
        name = layout.names[position]
        cells = [row[position] for row in rows]
        try:
            columns[position] = read_column(
                name, cells, lines, where, decimal=layout.decimal, target=position == target
            )
        except DataError as error:
            problems.extend(error.problems)
    if problems and not layout.header:
        problems = [_perhaps_a_name(problem, f"{where}:{lines[0]} ") for problem in problems]
    if problems:
        raise DataError(shortened(problems))
    return columns


def _perhaps_a_name(problem: Problem, first_row: str) -> Problem:
    """A bad cell in the first row of a file without a header may be the name of its column."""
    if not str(problem.where).startswith(first_row):
        return problem
    return replace(problem, hint="header: true reads the first row as names; or correct the cell")


def _idle(columns: Mapping[int, Column], layout: CsvLayout) -> dict[int, str]:
    """Columns without a name, beside named ones, that say nothing: exports leave them behind."""
    idle = {}
    for position, column in columns.items():
        if not layout.header or layout.header[position] or column.labels:
            continue
        if column.gaps.all():
            idle[position] = "it is empty"
        elif _counts_rows(column):
            idle[position] = "it only counts the rows"
    return idle


def _counts_rows(column: Column) -> bool:
    values = column.values
    return not column.labels and np.array_equal(values - values[0], np.arange(len(values)))


def _numbers_rows(column: Column) -> bool:
    """Whether a column that has a name is likely the number of the row: from 0 or 1 on."""
    return _counts_rows(column) and column.values[0] in (0, 1)


def _counter_note(column: Column) -> str:
    advice = leaving_out(column.name)
    return f"{column.name} only counts the rows; if it is no feature, {advice}"
