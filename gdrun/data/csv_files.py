"""CSV and TSV files: their layout is found by gdrun, and their rows are read by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.cells import Cells
from gdrun.data.column_kinds import read_column
from gdrun.data.column_names import as_tuple
from gdrun.data.columns import Column, Missing, shortened, table_from_columns
from gdrun.data.csv_layout import CsvLayout, read_layout
from gdrun.data.csv_scan import CsvScan
from gdrun.data.decimal_signs import decimal_sign
from gdrun.data.duckdb_connection import connection
from gdrun.data.places import TextLines
from gdrun.data.row_numbers import identifier_notes, useless
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.text_files import TextFile, text_file
from gdrun.errors import DataError, Problem

Columns = dict[int, Numbers | Cells]


def read_csv(
    path: Path,
    target: str | int | None = None,
    missing: Missing = "error",
    header: bool | None = None,
    ignore: str | int | tuple[str | int, ...] = (),
    categories: str | int | tuple[str | int, ...] = (),
    decimal: Literal[".", ","] | None = None,
    encoding: str | None = None,
) -> Table:
    """A text file with one row for each example and a separator: comma, semicolon, tab, pipe (|),
    or blanks.

    target: the name of a column, or its position from 0 (default: the last column). Text in the
    target is read as class labels; a text feature becomes one 0/1 column for each of its values.

    path: may name several files with the same columns, such as data/part-*.csv, which are joined
    in the order of their names. Files may be compressed with gzip or zstd.

    missing: how to treat missing values (empty cells, NA, NaN, null, none, ?). `error` stops with
    an error; `drop` removes the rows with missing values; `mean` replaces a missing value by the
    mean of its column in the training rows, and removes only rows without a target.

    header: whether the first row holds the names of the columns (default: yes, if no cell of that
    row is a number or occurs again below it). ignore: a column to leave out, or a list of
    columns, by name or position. categories: columns whose cells are labels, even if they are
    numbers.

    decimal: the decimal sign (default: a point; with semicolons as separators the sign that the
    numbers show). encoding: the encoding of the text (default: UTF-8, or UTF-16 if it is marked).

    Raises: DataError if the file cannot be read, or if its values cannot be used.
    """
    where = str(path)
    with ExitStack() as open_files:
        files = [
            open_files.enter_context(text_file(each, encoding)) for each in matching_files(path)
        ]
        layouts = [read_layout(file, header) for file in files]
        layout = layouts[0]
        _require_same(files, layouts)
        position, ignored = layout.choose(target, as_tuple(ignore), where)
        labelled = layout.positions(as_tuple(categories), "categories", where)
        chosen = [j for j in range(layout.width) if j not in ignored]
        folder = Path(open_files.enter_context(TemporaryDirectory(prefix="gdrun-")))
        database = open_files.enter_context(connection())
        scans = [
            CsvScan(database, file, each, folder) for file, each in zip(files, layouts, strict=True)
        ]
        sign: str = decimal or "."
        if decimal is None and layout.delimiter == ";":
            sign = decimal_sign(scans, chosen)
        cells, rows = _all_cells(scans, chosen, sign, labelled)
        places = TextLines(where, list(zip(files, layouts, rows, strict=True)))
        if not sum(rows):
            raise DataError("has no rows", where=where, hint="add a row for each example")
        columns = _columns(cells, places, layout, position, sign, labelled)
        dropped = {j: why for j, why in useless(columns, layout.header).items() if j != position}
        features = [column for j, column in columns.items() if j != position and j not in dropped]
        if not features:
            raise DataError(
                f"has no column except the target, {layout.names[position]!r}",
                where=where,
                hint="the separator must be a comma, a semicolon, a tab, a pipe (|) or blanks",
            )
        return table_from_columns(
            features,
            columns[position],
            places,
            missing=missing,
            name=where,
            notes=[
                *layout.notes,
                *(f"left out column {j}, which has no name: {why}" for j, why in dropped.items()),
                *identifier_notes(features),
            ],
        )


def _require_same(files: Sequence[TextFile], layouts: Sequence[CsvLayout]) -> None:
    """Raise DataError if a file has other columns than the first file."""
    first = layouts[0]
    for file, layout in zip(files, layouts, strict=True):
        if (layout.header, layout.width) != (first.header, first.width):
            shown = ", ".join(layout.header) or f"{layout.width} columns without names"
            expected = ", ".join(first.header) or f"{first.width} columns without names"
            raise DataError(
                f"has other columns than {files[0].where}: {shown} instead of {expected}",
                where=file.where,
                hint="files that are read together need the same columns in the same order",
            )


def _all_cells(
    scans: Sequence[CsvScan], chosen: Sequence[int], decimal: str, labelled: frozenset[int]
) -> tuple[Columns, list[int]]:
    """The cells of the chosen columns of all files, and the number of rows of each file.

    The cells of a column are numbers if all of them, in all files, are finite numbers; otherwise
    they are text. labelled: the columns whose cells are always text.
    """
    of_files = [scan.numbers(chosen, decimal) for scan in scans]
    texts = [j for j in chosen if j in labelled or any(numbers[j] is None for numbers in of_files)]
    cells = [scan.cells(texts) for scan in scans]
    for index, scan in enumerate(scans):
        # A row of empty cells is no row; a column of numbers has no empty cell.
        if all(numbers is None for numbers in of_files[index].values()):
            others = scan.cells([j for j in range(scan.layout.width) if j not in texts])
            every = [*cells[index].values(), *others.values()]
            filled = ~np.logical_and.reduce([column.blank for column in every])
            if not filled.all():
                cells[index] = {j: column.keep(filled) for j, column in cells[index].items()}
    rows = [
        len(of_text[texts[0]]) if texts else len(_known(numbers[chosen[0]]))
        for of_text, numbers in zip(cells, of_files, strict=True)
    ]
    columns: Columns = {}
    for j in chosen:
        if j in texts:
            columns[j] = Cells.joined([of_file[j] for of_file in cells])
        else:
            parts = [_known(of_file[j]) for of_file in of_files]
            columns[j] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return columns, rows


def _known(numbers: Numbers | None) -> Numbers:
    assert numbers is not None
    return numbers


def _columns(
    cells: Mapping[int, Numbers | Cells],
    places: TextLines,
    layout: CsvLayout,
    target: int,
    decimal: str,
    labelled: frozenset[int],
) -> dict[int, Column]:
    """The columns by position. Raises one DataError with the problems of all columns."""
    columns: dict[int, Column] = {}
    problems: list[Problem] = []
    for position, of_column in cells.items():
        try:
            columns[position] = read_column(
                layout.names[position],
                of_column,
                places,
                decimal=decimal,
                target=position == target,
                category=position in labelled,
            )
        except DataError as error:
            problems.extend(error.problems)
    if problems and not layout.header:
        first_row = places.cell(0, "")
        problems = [_perhaps_a_name(problem, first_row) for problem in problems]
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
