"""CSV and TSV files, read with the standard library and NumPy.

A file of plain numbers is read with NumPy's fast reader. Every other file, and a file on which the
fast reader fails, is read cell by cell, so that an error message can name the line and the column.
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
    """A text file with one row for each example and a separator: comma, semicolon, tab or pipe (|).

    target: the target column, by name or by position from 0 (default: the last column with a name,
    or without a header the last column). Text in the target column is read as class labels. A
    feature column with text becomes one 0/1 column for each different text. With semicolons as
    separators, numbers may have a decimal comma.

    missing: how to treat missing values (empty cells, NA, NaN, null, none, ?). `error` stops with
    an error; `drop` removes the rows with missing values; `mean` replaces a missing value by the
    mean of its column in the training rows, and removes only rows without a target.

    header: whether the first row holds the names of the columns (default: yes, unless a cell of the
    first row is a number or occurs again in its column). ignore: a column to leave out, or a list
    of such columns, each by name or by position.

    Raises: DataError if the file cannot be read, or if its values cannot be used.
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
    useless = {j: reason for j, reason in _useless(columns, layout).items() if j != position}
    features = [column for j, column in columns.items() if j != position and j not in useless]
    if not features:
        raise DataError(
            f"has no feature: the only column is the target, {layout.names[position]!r}",
            where=where,
            hint="separate the columns with a comma, a semicolon, a tab or a pipe (|)",
        )
    return table_from_columns(
        features,
        columns[position],
        lines,
        missing=missing,
        name=where,
        notes=[
            *(f"left out column {j}, which has no name: {why}" for j, why in useless.items()),
            *map(_counter_note, filter(_numbers_rows, features[:1])),
        ],
    )


def _plain_numbers(path: Path, layout: CsvLayout) -> Numbers | None:
    """Return the file as an array (N, width) if it holds only finite numbers; otherwise None."""
    if layout.decimal != ".":
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            numbers = np.loadtxt(
                file,
                delimiter=layout.delimiter,
                skiprows=layout.skip,
                comments=None,  # In CSV a # has no special meaning.
                quotechar='"',
                ndmin=2,
            )
        except ValueError:
            return None
    # A NaN or an infinite value needs the slow reader, whose errors name the line.
    return numbers if numbers.shape[1] == layout.width and np.isfinite(numbers).all() else None


def _text_rows(path: Path, layout: CsvLayout) -> tuple[list[list[str]], list[int]]:
    """Return the cells of every row after the header, and the line where each row begins.

    Raises DataError if the file is not UTF-8 or not CSV, or if rows differ in the number of cells.
    """
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
                begin = reader.line_num + 1  # A quoted field may contain line breaks.
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
        more = f" ({len(ragged)} rows differ from the first)" if len(ragged) > 1 else ""
        raise DataError(
            f"this row has {found} fields, but the first row has {width}{more}",
            where=f"{path}:{line}",
            hint="put a field that contains the separator in quotes",
        )


def _text_columns(
    rows: list[list[str]],
    lines: Sequence[int],
    layout: CsvLayout,
    chosen: Sequence[int],
    target: int,
    where: str,
) -> dict[int, Column]:
    """Return the chosen columns of the file by position.

    rows: the cells of each row. lines: the line where each row begins. chosen: the positions of the
    columns to read. target: the position of the target. where: the file in error messages. Raises
    one DataError with the problems of all columns.
    """
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
    """Return the problem, with a hint about column names if it is in the first row of the file.

    first_row: the beginning of the place of a problem in the first row, as `FILE:LINE `.
    """
    if not str(problem.where).startswith(first_row):
        return problem
    hint = "if the first row holds the column names, set header: true; if not, correct the cell"
    return replace(problem, hint=hint)


def _useless(columns: Mapping[int, Column], layout: CsvLayout) -> dict[int, str]:
    """Return the columns to leave out: for the position of each, the reason as text.

    They have no name in the header, and they are empty or only count the rows. Programs that export
    data add such columns: pandas writes its index under an empty name.
    """
    useless = {}
    for position, column in columns.items():
        # A column with a name was probably made on purpose, so it is kept.
        if not layout.header or layout.header[position] or column.labels:
            continue
        if column.gaps.all():
            useless[position] = "it is empty"
        elif _counts_rows(column):
            useless[position] = "it only counts the rows"
    return useless


def _counts_rows(column: Column) -> bool:
    """Return whether the values of the column are k, k + 1, k + 2, … for some number k."""
    values = column.values
    return not column.labels and np.array_equal(values - values[0], np.arange(len(values)))


def _numbers_rows(column: Column) -> bool:
    """Return whether the column counts the rows from 0 or 1: it is probably an index."""
    return _counts_rows(column) and column.values[0] in (0, 1)


def _counter_note(column: Column) -> str:
    return f"{column.name} only counts the rows; if it is not a feature, {leaving_out(column.name)}"
