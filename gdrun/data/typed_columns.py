"""The columns of a table whose columns have types: Parquet, JSON lines, results of queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.assembly import assembled
from gdrun.data.cells import Cells
from gdrun.data.column_kinds import finite_column, text_column, without_marked
from gdrun.data.column_names import ColumnNames
from gdrun.data.column_options import ColumnOptions, ColumnReading
from gdrun.data.columns import Column
from gdrun.data.date_columns import typed_dates
from gdrun.data.encoding import SourceColumn
from gdrun.data.number_matrix import read_numbers, with_nan
from gdrun.data.places import Places, TableRows
from gdrun.data.table import Table
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|\"?NULL\"?")
DATE = re.compile(r"DATE|TIMESTAMP.*")
TEXT = re.compile(r"VARCHAR|ENUM\(.*\)|UUID", re.DOTALL)


def typed_table(
    connection: DuckDBPyConnection,
    source: str,
    where: str,
    options: ColumnOptions,
) -> Table:
    """The table that DuckDB reads with `SELECT * FROM source`.

    source: SQL such as read_parquet('a.parquet'). where: the name of the source in messages.
    options: the user's options for the columns, such as the target. Raises DataError if a column
    has a type that is neither numbers, booleans, dates nor text, or if its values cannot be used.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    names, kinds = tuple(row[0] for row in described), [row[1] for row in described]
    places = TableRows(where)
    choices = options.resolved(ColumnNames(names, len(names)), where)
    readings = {j: choices.reading(j) for j in choices.chosen}
    found = read_numbers(
        connection,
        source,
        {
            j: _number(f"#{j + 1}", kinds[j])
            for j, reading in readings.items()
            if NUMBER.fullmatch(kinds[j]) and not reading.category
        },
        choices.target,
        lambda j, numbers: without_marked(numbers, readings[j]),
    )

    def read(position: int) -> Column:
        name = names[position]
        if position in found.finite:
            return Column(found.columns[position], SourceColumn(name), finite=True)
        if position in found.columns:
            return finite_column(name, found.columns[position], places)
        query = f"SELECT {{}} AS r FROM (SELECT #{position + 1} AS c FROM {source})"
        return _typed_column(connection, query, name, kinds[position], places, readings[position])

    return assembled(choices, read, places, memory=found.memory)


def _number(column: str, kind: str) -> str:
    """The SQL expression for the numbers of a column. kind: its type in DuckDB."""
    # The cast of a DECIMAL rounds twice; its text is exact.
    exact = f"CAST({column} AS VARCHAR)" if kind.startswith("DECIMAL") else column
    return f"CAST({exact} AS DOUBLE)"


def text_of(kind: str) -> str:
    """The SQL expression that converts a column named c to text; null and NaN become empty texts.

    kind: the type of the column in DuckDB, such as DOUBLE.
    """
    text = "coalesce(CAST(c AS VARCHAR), '')"
    return f"CASE WHEN isnan(c) THEN '' ELSE {text} END" if kind in ("FLOAT", "DOUBLE") else text


def _typed_column(
    connection: DuckDBPyConnection,
    query: str,
    name: str,
    kind: str,
    places: Places,
    reading: ColumnReading,
) -> Column:
    """The column that a query reads. Its values are not numbers, or are read as labels.

    kind: the type of the column in DuckDB. query: SQL with {} in place of an expression; in the
    expression the column is called c.
    """

    def values(expression: str) -> Any:
        return connection.execute(query.format(expression)).fetchnumpy()["r"]

    if kind == "BOOLEAN":
        return boolean_column(name, with_nan(values("CAST(c AS DOUBLE)")), reading)
    if DATE.fullmatch(kind):
        return typed_dates(name, with_nan(values("CAST(epoch(c) AS DOUBLE)")), places, reading)
    # Numbers are text here, because they are read as labels.
    if not NUMBER.fullmatch(kind) and not TEXT.fullmatch(kind):
        raise DataError(
            f"the column has values of the type {kind[:60]}, which are neither numbers nor text",
            where=f"{places.table} {name}",
            hint=f"{reading.options.leaving_out(name)}; or extract numbers from it with a query",
        )
    cells = Cells.of(np.ma.getdata(values(text_of(kind))).tolist())
    return text_column(name, cells, ~cells.marked(reading.marks), places, reading)


def boolean_column(name: str, numbers: Numbers, reading: ColumnReading) -> Column:
    """A column of booleans. numbers: 0 for false, 1 for true, NaN for a missing value.

    The values are the labels False and True if `reading` says that the column is the target or a
    category; otherwise they are the numbers.
    """
    if not (reading.target or reading.category):
        return Column(numbers, SourceColumn(name, form="boolean"))
    whole = Column(numbers, SourceColumn(name, ("False", "True"), form="category"))
    return whole.keep(np.ones(len(numbers), dtype=bool))
