"""The columns of a table whose columns have types: Parquet, JSON lines, results of queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.assembly import assembled
from gdrun.data.cells import TYPED, Cells
from gdrun.data.column_kinds import finite_column, text_column, without_marked
from gdrun.data.column_names import ColumnNames
from gdrun.data.column_options import ColumnOptions, ColumnReading
from gdrun.data.columns import Column, leaving_out
from gdrun.data.date_columns import typed_dates
from gdrun.data.encoding import SourceColumn
from gdrun.data.places import Places, TableRows
from gdrun.data.table import Table
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|\"?NULL\"?")
DATE = re.compile(r"DATE|TIMESTAMP.*")
TEXT = re.compile(r"VARCHAR|ENUM\(.*\)|UUID", re.DOTALL)


def typed_table(
    connection: DuckDBPyConnection, source: str, where: str, options: ColumnOptions
) -> Table:
    """The table of a source of SQL whose columns have types, such as a call of read_parquet.

    Raises DataError if a column has a type that is neither numbers, booleans, dates nor text, or if
    its values cannot be used.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    names = tuple(row[0] for row in described)
    places = TableRows(where)
    choices = options.resolved(ColumnNames(names, len(names)), where)

    def read(position: int) -> Column:
        return _typed_column(
            connection,
            f"SELECT {{}} AS r FROM (SELECT #{position + 1} AS c FROM {source})",
            names[position],
            described[position][1],
            places,
            choices.reading(position, marks=TYPED),
        )

    return assembled(choices, read, places)


def _typed_column(
    connection: DuckDBPyConnection,
    query: str,
    name: str,
    kind: str,
    places: Places,
    reading: ColumnReading,
) -> Column:
    """The column that a query reads. kind: its type in DuckDB.

    query: SQL with {} in place of an expression; in the expression the column is called c.
    """

    def values(expression: str) -> Any:
        return connection.execute(query.format(expression)).fetchnumpy()["r"]

    if kind == "BOOLEAN":
        return boolean_column(name, _filled(values("CAST(c AS DOUBLE)")), reading)
    if DATE.fullmatch(kind):
        return typed_dates(name, _filled(values("CAST(epoch(c) AS DOUBLE)")), places, reading)
    number = NUMBER.fullmatch(kind)
    if not number and not TEXT.fullmatch(kind):
        raise DataError(
            f"the column has values of the type {kind[:60]}, which are neither numbers nor text",
            where=f"{places.table} {name}",
            hint=f"{leaving_out(name)}; or extract numbers from it with a query",
        )
    if number and not reading.category:
        # The cast of a DECIMAL rounds twice; its text is exact.
        exact = "CAST(c AS VARCHAR)" if kind.startswith("DECIMAL") else "c"
        numbers = _filled(values(f"CAST({exact} AS DOUBLE)"))
        return finite_column(name, without_marked(numbers, reading), places)
    cells = Cells.of(np.ma.getdata(values("coalesce(CAST(c AS VARCHAR), '')")).tolist())
    return text_column(name, cells, ~cells.marked(reading.marks), places, reading)


def boolean_column(name: str, numbers: Numbers, reading: ColumnReading) -> Column:
    """A column of booleans: 0 and 1 as a feature, the labels False and True as a target."""
    if not (reading.target or reading.category):
        return Column(numbers, SourceColumn(name, form="boolean"))
    whole = Column(numbers, SourceColumn(name, ("False", "True"), form="category"))
    return whole.keep(np.ones(len(numbers), dtype=bool))


def _filled(values: Any) -> Numbers:
    """An array from DuckDB, with NaN in place of NULL."""
    filled: Numbers = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled
