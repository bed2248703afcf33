"""New rows in a text file with separators, read in blocks, for a model that is already trained.

Training guesses what a column holds from all its cells. For a trained model this is known. So one
pass in blocks is enough, and an error for a wrong cell names its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from gdrun.array_types import Array, Numbers
from gdrun.data.csv_layout import CsvLayout, read_layout
from gdrun.data.csv_scan import CsvScan
from gdrun.data.decimal_signs import decimal_sign
from gdrun.data.duckdb_connection import connection
from gdrun.data.encoding import Encoding
from gdrun.data.new_rows import RowEncoder, require_columns
from gdrun.data.new_targets import Target, measured
from gdrun.data.places import checked_rows
from gdrun.data.text_files import TextFile, text_file

BLOCK_CELLS = 2**14
"""The number of cells in one block of rows, which stay in the cache while they are encoded."""

_POSITION = re.compile(r"x\d+")
"""The name of a column in a file without a header: x and its position."""


def csv_blocks(
    path: Path,
    encoder: RowEncoder,
    target: Target | None = None,
    *,
    known: str = "",
    header: bool | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> Iterator[tuple[Numbers, Array | None]]:
    """Yield d features (n, d) and the targets (n,) of each block of n rows.

    target: the target to read; with None, None is yielded for the targets. known: the name of the
    target column, which the file may have and which is not reported as an extra column. header:
    whether the first row holds the names of the columns; None means yes if the training data had
    names, or if the row looks like a header and has one of the model's names, such as x0. decimal:
    the decimal sign; None means a point, or, with semicolons as separators or a decimal comma in
    the training data, the sign that the numbers show. encoding: the encoding of the text; None
    means UTF-8, or UTF-16 if the file begins with its mark.
    Raises DataError if the file cannot be read, lacks a column, or has a wrong cell.
    """
    with text_file(path, encoding) as file:
        yield from _csv_blocks(file, encoder, target, known, header, decimal)


def _csv_blocks(
    file: TextFile,
    encoder: RowEncoder,
    target: Target | None,
    known: str,
    header: bool | None,
    sign: str | None,
) -> Iterator[tuple[Numbers, Array | None]]:
    layout = layout_for(file, encoder.encoding, header)
    names = names_for(layout, encoder.encoding, known)
    columns = [column.name for column in encoder.encoding.columns]
    wanted = [*columns, *([target.name] if target else [])]
    require_columns(names, wanted, file.where, measured(encoder, target))
    kept = encoder.kept.positions(names, file.where)
    used = {*wanted, known, *encoder.kept.cells}
    encoder.extra = tuple(name for name in names if name not in used)
    chosen = [names.index(name) for name in columns]
    at_target = names.index(target.name) if target else -1
    numeric = [names.index(each.name) for each in encoder.encoding.columns if not each.labels]
    numeric = [at for at in numeric if at < layout.width]
    decimal = sign or _decimal(file, layout, numeric, encoder.encoding.decimal)
    for rows, lines in _row_blocks(file, layout):
        cells = list(zip(*rows, strict=True))

        def place(row: int, lines: list[int] = lines) -> str:
            return f"{file.where}:{lines[row]}"

        X = encoder.features([cells[at] for at in chosen], place, decimal)
        y = target.encode(cells[at_target], place, decimal) if target else None
        encoder.kept.add(cells[at] for at in kept)
        yield X, y


def layout_for(file: TextFile, encoding: Encoding, header: bool | None = None) -> CsvLayout:
    """The layout of a file of new rows.

    header: whether the first row is a header. With None, it is one if the training data had column
    names, or if it looks like a header and has one of the model's names, such as x0. encoding: the
    encoding of the model. Raises DataError if the file cannot be read, or has no clear layout.
    """
    names = [column.name for column in encoding.columns]
    if header is None and not all(map(_POSITION.fullmatch, names)):
        header = True
    return read_layout(file, header, model=names)


def names_for(layout: CsvLayout, encoding: Encoding, target: str) -> list[str]:
    """The names of the columns of a file.

    A file without a header has the columns of the training file; the target may be left out.
    encoding: the encoding of the model. target: the name of the target.
    """
    if layout.header:
        return layout.names
    positions = [int(column.name[1:]) for column in encoding.columns]
    if not _POSITION.fullmatch(target) or layout.width > max([*positions, int(target[1:])]):
        return layout.names
    return [name for name in (*layout.names, f"x{layout.width}") if name != target]


def _row_blocks(file: TextFile, layout: CsvLayout) -> Iterator[tuple[list[list[str]], list[int]]]:
    """Blocks of rows after the header, and the line on which each row begins."""
    size = max(BLOCK_CELLS // layout.width, 64)
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, row in checked_rows(file, layout):
        rows.append(row)
        lines.append(line)
        if len(rows) == size:
            yield rows, lines
            rows, lines = [], []
    if rows:
        yield rows, lines


def _decimal(file: TextFile, layout: CsvLayout, columns: list[int], trained: str) -> str:
    """The decimal sign of a file: the one that its numbers show, or else that of the training data.

    It is a point if the file has no semicolons as separators, and the training data had a point.
    trained: the decimal sign of the training data.
    """
    if layout.delimiter != ";" and trained == ".":
        return "."
    with connection() as database, TemporaryDirectory(prefix="gdrun-") as folder:
        scan = CsvScan(database, file, layout, Path(folder))
        # Without semicolons, a point is decimal as in any other text.
        usual = {trained} if layout.delimiter == ";" else {trained, "."}
        return decimal_sign([scan], columns, usual).sign
