"""CSV and TSV files: their layout is found by gdrun, and their rows are read by DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.assembly import assembled
from gdrun.data.cells import Cells
from gdrun.data.column_kinds import read_column
from gdrun.data.column_options import Choices, ColumnOptions
from gdrun.data.columns import Column
from gdrun.data.csv_layout import CsvLayout, read_layout
from gdrun.data.csv_scan import CsvScan
from gdrun.data.decimal_signs import FoundSign, decimal_sign
from gdrun.data.duckdb_connection import connection
from gdrun.data.places import TextLines
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.table_readers import table_reader
from gdrun.data.text_files import TextFile, text_file
from gdrun.errors import DataError, Problem

Columns = dict[int, Numbers | Cells]


@table_reader
def read_csv(
    path: Path,
    columns: ColumnOptions,
    header: bool | None = None,
    encoding: str | None = None,
) -> Table:
    """A text file with one row for each example and a separator: comma, semicolon, tab, pipe (|),
    or blanks.

    path: may name several files with the same columns, such as data/part-*.csv, which are joined
    in the order of their names. Files may be compressed with gzip or zstd. By default a cell is
    missing if it is empty, NA, N/A, NaN, null, none, ? or -.

    header: whether the first row holds the names of the columns (default: yes, if no cell of that
    row is a number or occurs again below it; or if its numbers count the columns, as in 0, 1, 2, or
    are years above values that are no years). encoding: the encoding of the text (default: UTF-8,
    or UTF-16 if the file begins with its mark).

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
        choices = columns.resolved(layout, where)
        folder = Path(open_files.enter_context(TemporaryDirectory(prefix="gdrun-")))
        database = open_files.enter_context(connection())
        scans = [
            CsvScan(database, file, each, folder) for file, each in zip(files, layouts, strict=True)
        ]
        found_sign = FoundSign(choices.decimal)
        if columns.decimal is None and layout.delimiter == ";":
            found_sign = decimal_sign(scans, choices.chosen)
        sign = found_sign.sign
        cells, rows, memory = _all_cells(scans, choices, sign)
        places = TextLines(where, list(zip(files, layouts, rows, strict=True)))
        if not sum(rows):
            raise DataError("has no rows", where=where, hint="add a row for each example")

        def read(position: int) -> Column:
            reading = choices.reading(position, sign)
            try:
                return read_column(layout.names[position], cells[position], places, reading)
            except DataError as error:
                if layout.header:
                    raise
                first_row = places.cell(0, "")
                problems = [_perhaps_a_name(each, first_row) for each in error.problems]
                if problems == list(error.problems):
                    raise
                raise DataError(problems) from None

        separators = "the separator must be a comma, a semicolon, a tab, a pipe (|) or blanks"
        of_file = [*layout.notes, *found_sign.notes]
        found = assembled(choices, read, places, of_file, separator=separators, memory=memory)
        used = {report.name for report in found.reports if report.features}
        of_layout, others = found.notes[: len(of_file)], found.notes[len(of_file) :]
        notes = (*of_layout, *_notes_on_zeros(layout, choices, cells, used), *others)
        return replace(found, decimal=sign, notes=notes)


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
    scans: Sequence[CsvScan], choices: Choices, decimal: str
) -> tuple[Columns, list[int], Numbers | None]:
    """The cells of the chosen columns of all files, and the number of rows of each file.

    The cells of a column are numbers if the column has only finite numbers in all files; otherwise
    they are text. The third result is the matrix that has the columns of numbers of a single file;
    None for several files.
    """
    chosen = choices.chosen
    unlabelled = [j for j in chosen if j not in choices.labelled]
    of_files = [scan.numbers(unlabelled, choices.target, decimal) for scan in scans]
    numeric = frozenset[int].intersection(*(found.finite for found in of_files))
    texts = [j for j in chosen if j not in numeric]
    cells = [scan.cells(texts) for scan in scans]
    for index, scan in enumerate(scans):
        # A row without content does not count. A column of numbers has no empty cell.
        if not of_files[index].finite:
            others = scan.cells([j for j in range(scan.layout.width) if j not in texts])
            every = [*cells[index].values(), *others.values()]
            filled = ~np.logical_and.reduce([column.blank for column in every])
            if not filled.all():
                cells[index] = {j: column.keep(filled) for j, column in cells[index].items()}
    rows = [
        len(of_text[texts[0]]) if texts else len(found.columns[chosen[0]])
        for of_text, found in zip(cells, of_files, strict=True)
    ]
    columns: Columns = {}
    for j in chosen:
        if j in texts:
            columns[j] = Cells.joined([of_file[j] for of_file in cells])
        else:
            parts = [found.columns[j] for found in of_files]
            columns[j] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return columns, rows, of_files[0].memory if len(of_files) == 1 else None


def _notes_on_zeros(
    layout: CsvLayout, choices: Choices, cells: Columns, used: Collection[str]
) -> list[str]:
    """Sentences on numbers with leading zeros, which are often codes, such as postal codes.

    used: the names of the columns that become features.
    """
    return [
        f"{layout.names[j]} has numbers with leading zeros, which are lost: {padded} is read as "
        f"{padded.lstrip('0') or '0'}; to keep the zeros, read labels with "
        f"{choices.options.adding('categories', layout.names[j])}"
        for j, padded in layout.padded.items()
        if j in cells and not isinstance(cells[j], Cells) and j != choices.target
        if layout.names[j] in used
    ]


def _perhaps_a_name(problem: Problem, first_row: str) -> Problem:
    """Return the problem, with a hint about column names if it is in the first row of the file.

    first_row: the beginning of the place of a problem in the first row, as `FILE:LINE `.
    """
    if not str(problem.where).startswith(first_row):
        return problem
    hint = "if the first row holds the column names, set header: true; if not, correct the cell"
    return replace(problem, hint=hint)
