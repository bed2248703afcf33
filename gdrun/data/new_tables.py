"""New rows in files whose columns have types: Parquet, Arrow and Feather, and lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.arrow_files import opened_arrow
from gdrun.data.new_rows import RowEncoder, require_columns
from gdrun.data.new_targets import Target, measured
from gdrun.data.table_files import json_cells, json_value, opened_json_lines, opened_parquet
from gdrun.data.typed_columns import NUMBER, text_of
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCK_ROWS = 2**15
"""The number of rows that are encoded at once."""

RowCells: TypeAlias = Array | list[str]
"""The cells of a column: numbers with NaN for null, or texts with an empty text for null."""

ReadCells = Callable[[int, bool], RowCells]
"""A function that returns the cells of a column.

Its arguments are the position of the column, and whether the cells must be texts.
"""

Rows: TypeAlias = AbstractContextManager[tuple["DuckDBPyConnection", str]]
"""A connection to DuckDB, and SQL for the rows to read."""

Opened = Callable[[Path], Rows]
Blocks = Iterator[tuple[Numbers, Array | None]]

TYPED: dict[str, Opened] = {"parquet": opened_parquet, "arrow": opened_arrow}
"""How to open the files of a reader for DuckDB, by the name of the reader."""


def typed_blocks(
    opened: Rows,
    where: str,
    encoder: RowEncoder,
    target: Target,
    labelled: bool,
    decimal: str,
) -> Blocks:
    """Blocks of n rows of files or a query that DuckDB opens: features (n, d) and targets (n,).

    The features are not filled yet. opened: a context with a connection and the SQL for the rows.
    where: the place of the rows, for messages. target: the target of the model. labelled: whether
    the targets are needed; otherwise None is given for them. decimal: the decimal sign of texts.
    Raises DataError if a column is missing, or if a cell is wrong.
    """
    with opened as (database, source):
        described = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        names, types = [row[0] for row in described], [row[1] for row in described]

        def read(position: int, as_text: bool) -> RowCells:
            kind = types[position]
            numeric = NUMBER.fullmatch(kind) or kind == "BOOLEAN"
            # The cast of a DECIMAL to DOUBLE rounds twice; its text is exact.
            exact = "CAST(c AS VARCHAR)" if kind.startswith("DECIMAL") else "c"
            wanted = f"CAST({exact} AS DOUBLE)"
            if as_text and kind == "BOOLEAN":
                wanted = "CASE c WHEN true THEN 'True' WHEN false THEN 'False' ELSE '' END"
            elif as_text or not numeric:
                wanted = text_of(kind)
            found = database.execute(
                f"SELECT {wanted} AS r FROM (SELECT #{position + 1} AS c FROM {source})"
            ).fetchnumpy()["r"]
            if as_text or not numeric:
                return list(np.ma.getdata(found).tolist())
            return np.ma.filled(np.ma.asarray(found, dtype=np.float64), np.nan)

        yield from _blocks(where, names, read, encoder, target, labelled, decimal)


def json_blocks(
    path: Path, encoder: RowEncoder, target: Target, labelled: bool, decimal: str
) -> Blocks:
    """Blocks of n rows of a file with lines of JSON: features (n, d) and targets (n,).

    The features are not filled yet. target: the target of the model. labelled: whether the targets
    are needed; otherwise None is given for them. decimal: the decimal sign of texts.
    Raises DataError if the file cannot be read, if a column is missing, or if a cell is wrong.
    """
    with opened_json_lines(path) as (database, names):

        def read(position: int, as_text: bool) -> RowCells:
            cells = json_cells(database, position)
            values = [json_value(text) for text in cells.texts]
            for value in values:
                if isinstance(value, list | dict):
                    raise DataError(
                        "the column has lists or objects, which are neither numbers nor text",
                        where=f"{path} {names[position]}",
                        hint="write a number or a text in each of its cells",
                    )
            if as_text or any(isinstance(value, str) for value in values):
                # A column of labels has them as they were in training, with a decimal point.
                sign = "." if as_text else decimal
                texts = np.array([_text(value, sign) for value in values], object)
                return list(texts[cells.codes].tolist())
            return np.array(list(map(_number, values)), dtype=np.float64)[cells.codes]

        yield from _blocks(str(path), names, read, encoder, target, labelled, decimal)


def _text(value: Any, decimal: str) -> str:
    """The text for a value of JSON; an empty text for null. decimal: the decimal sign."""
    if isinstance(value, float):
        return str(value).replace(".", decimal)
    return "" if value is None else str(value)


def _number(value: Any) -> float:
    """A number of JSON, NaN for null. A whole number beyond the range of float64 is infinite."""
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        return np.inf


def _blocks(
    where: str,
    names: Sequence[str],
    read: ReadCells,
    encoder: RowEncoder,
    target: Target,
    labelled: bool,
    decimal: str,
) -> Blocks:
    columns = encoder.encoding.columns
    wanted = [column.name for column in columns]
    require_columns(
        names, [*wanted, *([target.name] if labelled else [])], where, measured(encoder, target)
    )
    kept = [read(at, True) for at in encoder.kept.positions(names, where)]
    used = {*wanted, target.name, *encoder.kept.cells}
    encoder.extra = tuple(name for name in names if name not in used)
    cells = [read(names.index(column.name), bool(column.labels)) for column in columns]
    targets: RowCells | None = None
    if labelled:
        targets = read(names.index(target.name), bool(target.classes) and not target.numbered)
    rows = len(cells[0]) if cells else 0
    for start in range(0, rows, BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)

        def place(row: int, first: int = start) -> str:
            return f"{where} row {first + row} (the first is row 0)"

        X = encoder.features([each[part] for each in cells], place, decimal)
        encoder.kept.add(each[part] for each in kept)
        y = None if targets is None else target.encode(targets[part], place, decimal)
        yield X, y
