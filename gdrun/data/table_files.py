"""Parquet files, and files with one JSON object a line. DuckDB reads both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.assembly import assembled
from gdrun.data.cells import Cells
from gdrun.data.column_kinds import finite_column, text_column, without_marked
from gdrun.data.column_names import ColumnNames
from gdrun.data.column_options import (
    ColumnOptions,
    ColumnReading,
)
from gdrun.data.columns import Column
from gdrun.data.duckdb_connection import connection, first_line, literal_path, quoted
from gdrun.data.places import TableRows
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.table_readers import table_reader
from gdrun.data.typed_columns import boolean_column, typed_table
from gdrun.data.unreadable import require_regular, unreadable
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@table_reader
def read_parquet(path: Path, columns: ColumnOptions) -> Table:
    """A Parquet file, or several with the same columns, such as data/part-*.parquet.

    A value is missing if it is null or NaN, or one of the texts that mean this in a CSV file, such
    as n/a; `missing_values` replaces these texts.

    Raises: DataError if the file cannot be read, or if its values cannot be used.
    """
    with opened_parquet(path) as (database, source):
        return typed_table(database, source, str(path), columns)


@contextmanager
def opened_parquet(path: Path) -> Iterator[tuple[DuckDBPyConnection, str]]:
    """A connection to DuckDB, and the SQL that reads the files: read_parquet(['a.parquet', …]).

    path: a file, or a pattern such as part-*.parquet. Raises DataError, also from the `with` block,
    if a file cannot be read, or if the files have different columns.
    """
    import duckdb

    files = matching_files(path)
    _require_readable(files)
    try:
        with connection() as database:
            sources = [f"read_parquet({literal_path(file)})" for file in files]
            columns = [database.execute(f"DESCRIBE FROM {one}").fetchall() for one in sources]
            for file, found in zip(files, columns, strict=True):
                if [row[:2] for row in found] != [row[:2] for row in columns[0]]:
                    _refuse_other_columns(files[0], columns[0], file, found)
            yield database, f"read_parquet([{', '.join(map(literal_path, files))}])"
    except duckdb.Error as error:
        raise DataError(
            f"cannot be read as Parquet: {first_line(error)}",
            where=str(path),
            hint="the file may be incomplete, or have another format",
        ) from None


@table_reader
def read_json_lines(path: Path, columns: ColumnOptions) -> Table:
    """A file with one JSON object a line for each example. The keys of the objects are the columns.

    A value is missing if it is null or NaN, if its key is missing, or if it is one of the texts
    that mean this in a CSV file, such as n/a; `missing_values` replaces these texts.

    Raises: DataError if the file cannot be read, or if its values cannot be used.
    """
    places = TableRows(str(path))
    with opened_json_lines(path) as (database, names):
        choices = columns.resolved(ColumnNames(tuple(names), len(names)), str(path))

        def read(position: int) -> Column:
            reading = choices.reading(position)
            return _json_column(names[position], json_cells(database, position), places, reading)

        return assembled(choices, read, places)


@contextmanager
def opened_json_lines(path: Path) -> Iterator[tuple[DuckDBPyConnection, list[str]]]:
    """A connection to DuckDB with the rows of the files, and the names of their columns.

    path: a file, or a pattern such as part-*.jsonl. Raises DataError, also from the `with` block,
    if a file cannot be read, if there is no object, or if two names of columns differ only in upper
    and lower case.
    """
    import duckdb

    files = matching_files(path)
    _require_readable(files)
    listed = f"[{', '.join(map(literal_path, files))}]"
    try:
        with connection() as database:
            rows = f"read_json_objects({listed}, format = 'newline_delimited')"
            keys = database.execute(
                "SELECT name FROM (SELECT unnest(json_keys(json)) AS name, place, "
                "generate_subscripts(json_keys(json), 1) AS key FROM "
                f"(SELECT json, row_number() OVER () AS place FROM {rows})) "
                "GROUP BY name ORDER BY min((place, key))"
            ).fetchall()
            names = [name for (name,) in keys]
            _require_distinct(names, str(path))
            if not names:
                raise DataError(
                    "is empty", where=str(path), hint="it needs one JSON object for each example"
                )
            types = ", ".join(f"{quoted(name)}: 'JSON'" for name in names)
            source = f"read_json({listed}, columns = {{{types}}}, format = 'newline_delimited')"
            database.execute(f"CREATE TEMP TABLE gdrun_rows AS SELECT * FROM {source}")
            yield database, names
    except duckdb.Error as error:
        raise DataError(
            f"cannot be read as lines of JSON: {first_line(error)}",
            where=str(path),
            hint='each line needs one object, such as {"size": 70, "price": 200}',
        ) from None


def _require_distinct(names: list[str], where: str) -> None:
    """Raise DataError if DuckDB would take two names for the same column."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.lower(), name)
        if other != name:
            raise DataError(
                f"the keys {other!r} and {name!r} differ only in upper and lower case, so they "
                "cannot be two columns",
                where=where,
                hint="rename one of them",
            )


def json_cells(database: DuckDBPyConnection, position: int) -> Cells:
    """The JSON text of each cell in a column of a file with lines of JSON.

    Equal texts are stored once: the result has the different texts, and for each cell an index.
    database: the connection with the rows of the file, from opened_json_lines. position: the index
    of the column, from 0, in the names that opened_json_lines yields.
    """
    found = database.execute(
        f"SELECT coalesce(CAST(#{position + 1} AS VARCHAR), 'null') AS r FROM gdrun_rows"
    ).fetchnumpy()
    return Cells.of(np.ma.getdata(found["r"]).tolist())


def json_value(text: str) -> Any:
    """The value of a JSON text; None for null and NaN.

    The words nan and inf, in any case and with a sign, are numbers too, because DuckDB accepts
    them.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = float(text)
    return None if value != value else value


def _json_column(name: str, cells: Cells, places: TableRows, reading: ColumnReading) -> Column:
    """A column of JSON values: all numbers, all booleans or all texts, or null.

    Raises DataError for other values and for mixtures.
    """
    values = [json_value(text) for text in cells.texts]
    kinds = {type(value) for value in values} - {type(None)}
    missing = np.array([value is None for value in values])[cells.codes]
    if kinds <= {int, float} and not reading.category:
        numbers = without_marked(_numbers(values)[cells.codes], reading)
        return finite_column(name, numbers, places)
    if kinds == {bool}:
        flags = np.array([np.nan if value is None else float(value) for value in values])
        return boolean_column(name, flags[cells.codes], reading)
    if kinds <= {str} or (reading.category and kinds <= {str, int, float}):
        texts = ["" if value is None else str(value) for value in values]
        plain = Cells(cells.codes, texts)
        filled = ~missing & ~plain.marked(reading.marks)
        return text_column(name, plain, filled, places, reading)
    nested = kinds & {list, dict}
    if nested:
        raise DataError(
            "the column has lists or objects, which are neither numbers nor text",
            where=f"{places.table} {name}",
            hint=reading.options.leaving_out(name),
        )
    labels = f"read them as labels with {reading.options.adding('categories', name)}; or "
    raise DataError(
        "the column mixes values of different types, such as numbers and texts",
        where=f"{places.table} {name}",
        hint="write all its values as numbers, or as texts; or "
        f"{'' if bool in kinds else labels}{reading.options.leaving_out(name)}",
    )


def _numbers(values: list[Any]) -> Numbers:
    """Numbers of JSON, NaN for null. A whole number beyond the range of float64 is infinite."""
    found = []
    for value in values:
        try:
            found.append(np.nan if value is None else float(value))
        except OverflowError:
            found.append(np.inf)
    return np.array(found, dtype=np.float64)


def _require_readable(files: list[Path]) -> None:
    """Raise DataError for a file that does not exist or cannot be opened."""
    for file in files:
        try:
            require_regular(file)
            with file.open("rb"):
                pass
        except OSError as error:
            raise unreadable(file, error) from None


def _refuse_other_columns(first: Path, expected: list[Any], file: Path, found: list[Any]) -> None:
    """Raise DataError for a file whose columns are not those of the first file.

    expected, found: (name, type, …) of each column of the two files.
    """
    types = {row[0]: row[1] for row in expected}
    others = [f"{row[0]} {row[1]}" for row in found if row[0] not in types]
    what = f"has other columns than {first}: " + (
        ", ".join(others) or "some are missing or in another order"
    )
    if [row[0] for row in found] == [row[0] for row in expected]:
        name, kind = next(row[:2] for row in found if types[row[0]] != row[1])
        what = f"the column {name} has the type {kind}, but {types[name]} in {first}"
    raise DataError(
        what,
        where=str(file),
        hint="files that are read together need the same columns, in the same order and of the "
        "same types",
    )
