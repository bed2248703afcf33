"""The columns of a table whose columns have types: Parquet, JSON lines, results of queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.cells import Cells
from gdrun.data.column_kinds import finite_column, labelled_column, refuse_other_forms
from gdrun.data.column_names import ColumnNames, as_tuple
from gdrun.data.columns import Column, Missing, leaving_out, shortened, table_from_columns
from gdrun.data.places import Places, TableRows
from gdrun.data.row_numbers import identifier_notes, useless
from gdrun.data.table import Table
from gdrun.errors import DataError, Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|\"?NULL\"?")
DATE = re.compile(r"DATE|TIME.*|INTERVAL")
TEXT = re.compile(r"VARCHAR|ENUM\(.*\)|UUID", re.DOTALL)

ReadColumn = Callable[[int, bool, bool], Column]
"""The column at a position; whether it is the target, and whether the config calls it labels."""


def typed_table(
    connection: DuckDBPyConnection,
    source: str,
    where: str,
    target: str | int | None,
    missing: Missing,
    ignore: str | int | tuple[str | int, ...],
    categories: str | int | tuple[str | int, ...],
) -> Table:
    """The table of a source of SQL whose columns have types, such as a call of read_parquet.

    Raises DataError if a column has a type that is neither numbers, booleans nor text, or if its
    values cannot be used.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    names = [row[0] for row in described]
    types = [row[1] for row in described]
    places = TableRows(where)

    def read(position: int, target: bool, labelled: bool) -> Column:
        return _typed_column(
            connection,
            f"SELECT {{}} AS r FROM (SELECT #{position + 1} AS c FROM {source})",
            names[position],
            types[position],
            places,
            target=target,
            labelled=labelled,
        )

    return assembled(names, read, places, target, missing, ignore, categories)


def assembled(
    names: Sequence[str],
    read: ReadColumn,
    places: TableRows,
    target: str | int | None,
    missing: Missing,
    ignore: str | int | tuple[str | int, ...],
    categories: str | int | tuple[str | int, ...],
) -> Table:
    """The table of the columns that `read` reads. The options are those of read_parquet.

    Raises one DataError with the problems of all columns.
    """
    where = places.table
    layout = ColumnNames(tuple(names), len(names))
    position, ignored = layout.choose(target, as_tuple(ignore), where)
    labelled = layout.positions(as_tuple(categories), "categories", where)
    columns: dict[int, Column] = {}
    problems: list[Problem] = []
    for j in range(len(names)):
        if j in ignored:
            continue
        try:
            columns[j] = read(j, j == position, j in labelled)
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(shortened(problems))
    if not len(columns[position].values):
        raise DataError("has no rows", where=where, hint="it needs one row for each example")
    dropped = {j: why for j, why in useless(columns, layout.header).items() if j != position}
    features = [column for j, column in columns.items() if j != position and j not in dropped]
    if not features:
        raise DataError(
            f"has no column except the target, {layout.names[position]!r}",
            where=where,
            hint="a table needs a column of features",
        )
    notes = [f"left out column {j}, which has no name: {why}" for j, why in dropped.items()]
    return table_from_columns(
        features,
        columns[position],
        places,
        missing=missing,
        name=where,
        notes=[*notes, *identifier_notes(features)],
    )


def _typed_column(
    connection: DuckDBPyConnection,
    query: str,
    name: str,
    kind: str,
    places: Places,
    *,
    target: bool,
    labelled: bool,
) -> Column:
    """The column that a query reads. kind: its type in DuckDB.

    query: SQL with {} in place of an expression; in the expression the column is called c.
    """

    def values(expression: str) -> Any:
        return connection.execute(query.format(expression)).fetchnumpy()["r"]

    if kind == "BOOLEAN":
        return boolean_column(name, values("CAST(c AS DOUBLE)"), labelled=target or labelled)
    if DATE.fullmatch(kind):
        raise DataError(
            f"the column has dates or times ({kind})",
            where=f"{places.table} {name}",
            hint=f"{leaving_out(name)}; or extract numbers from it, such as the year, with a query",
        )
    number = NUMBER.fullmatch(kind)
    if not number and not TEXT.fullmatch(kind):
        raise DataError(
            f"the column has values of the type {kind[:60]}, which are neither numbers nor text",
            where=f"{places.table} {name}",
            hint=f"{leaving_out(name)}; or extract numbers from it with a query",
        )
    if number and not labelled:
        # The cast of a DECIMAL rounds twice; its text is exact.
        exact = "CAST(c AS VARCHAR)" if kind.startswith("DECIMAL") else "c"
        return finite_column(name, _filled(values(f"CAST({exact} AS DOUBLE)")), places)
    cells = Cells.of(np.ma.getdata(values("coalesce(CAST(c AS VARCHAR), '')")).tolist())
    return text_column(name, cells, ~cells.blank, places, target=target, labelled=labelled)


def text_column(
    name: str, cells: Cells, filled: Flags, places: Places, *, target: bool, labelled: bool
) -> Column:
    """A column of text. filled (N,): False for a missing value. Raises DataError for dates."""
    if not filled.any():
        return Column(name, np.full(len(filled), np.nan))
    if not labelled:
        refuse_other_forms(name, cells, filled, places, target=target)
    return labelled_column(name, cells, filled, places, target=target, category=labelled)


def boolean_column(name: str, values: Any, *, labelled: bool) -> Column:
    """A column of booleans: 0 and 1 as a feature, the labels False and True as a target."""
    numbers = _filled(values)
    if not labelled:
        return Column(name, numbers)
    whole = Column(name, numbers, ("False", "True"))
    return whole.keep(np.ones(len(numbers), dtype=bool))


def _filled(values: Any) -> Numbers:
    """An array from DuckDB, with NaN in place of NULL."""
    filled: Numbers = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled
