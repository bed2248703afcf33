"""The result of a query in SQL over files, such as SELECT size, price FROM 'houses.parquet'."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gdrun.data.column_options import ColumnOptions
from gdrun.data.duckdb_connection import connection, first_line, unfit_sql
from gdrun.data.table import Table
from gdrun.data.table_readers import table_reader
from gdrun.data.typed_columns import typed_table
from gdrun.data.unreadable import expanded
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PREFIX = "query="
"""What precedes a query where a word may also be the path of a file."""

TABLE_FUNCTIONS = frozenset(
    {
        "read_csv",
        "read_csv_auto",
        "read_json",
        "read_json_auto",
        "read_ndjson",
        "read_ndjson_auto",
        "read_parquet",
        "parquet_scan",
        "range",
        "generate_series",
        "unnest",
    }
)
"""The table functions that a query may call: they read files or make numbers."""


NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""The nodes of a syntax tree that only read. A WITH clause may also have COPY, INSERT or DELETE."""


@table_reader
def read_query(query: str, columns: ColumnOptions, folder: str = ".") -> Table:
    """The rows of one SELECT statement in SQL over files, which DuckDB runs:
    SELECT size, price FROM 'houses.parquet' WHERE price > 0 ORDER BY id.

    The query can read files and write nothing. Without ORDER BY the order of the rows is that of
    the file. folder: the directory at which relative paths in the query start. A value is missing
    if it is null or NaN, or one of the texts that mean this in a CSV file, such as n/a;
    `missing_values` replaces these texts.

    Raises: DataError if the query is not one SELECT statement, if it fails, or if its values cannot
    be used.
    """
    where = "dataset.query"
    with opened_query(query, where, folder) as (database, source):
        return typed_table(database, source, where, columns)


@contextmanager
def opened_query(
    query: str, where: str, folder: str = "."
) -> Iterator[tuple[DuckDBPyConnection, str]]:
    """A connection to DuckDB with the result of a query, and the name of its table in SQL.

    where: the place of the query, for messages. folder: the directory at which relative paths in
    the query start. Raises DataError, also from the `with` block, if the query is not one SELECT
    statement, or if it fails.
    """
    import duckdb

    try:
        with connection(str(expanded(folder)), threads=1) as database:
            _require_harmless(database, query, where)
            # random() gives the same rows each time. The result is kept: it is read more than once.
            database.execute("SELECT setseed(0)")
            database.execute(f"CREATE TEMP TABLE gdrun_rows AS {query}")
            yield database, "gdrun_rows"
    except duckdb.Error as error:
        raise DataError(
            f"the query fails: {first_line(error)}",
            where=where,
            hint="write a query such as SELECT size, price FROM 'houses.parquet'",
        ) from None


def is_query(text: str) -> bool:
    """Whether a text begins as a query does.

    >>> is_query("select 1 AS a"), is_query("selected.csv")
    (True, False)
    """
    return re.match(r"\s*(select|with|from)\s", text, re.IGNORECASE) is not None


def files_of(query: str, folder: str) -> list[Path]:
    """The paths that a query may read: each text in quotes, relative to the folder.

    The list is empty for a query that DuckDB cannot parse.

    >>> files_of("SELECT size, 'm' AS unit FROM 'houses.csv'", "data")
    [PosixPath('data/m'), PosixPath('data/houses.csv')]
    """
    if unfit_sql(query):
        return []
    texts = re.findall(r"'((?:[^']|'')*)'", query)
    return [Path(folder, text.replace("''", "'")) for text in texts if text]


def _require_harmless(database: DuckDBPyConnection, query: str, where: str) -> None:
    """Raise DataError if the query is not a single SELECT, or calls a forbidden table function.

    Only the functions in TABLE_FUNCTIONS are allowed. Some other functions change settings, write
    logs, or read any address of memory.
    """
    import duckdb

    hint = "write one SELECT statement, such as SELECT size, price FROM 'houses.parquet'"
    if unfit := unfit_sql(query):
        raise DataError(f"the query cannot be read: {unfit}", where=where, hint=hint)
    statements = database.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        found = ", ".join(one.type.name for one in statements) or "nothing"
        raise DataError(
            f"the query must be one SELECT statement, got {found}", where=where, hint=hint
        )
    answer = database.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    try:
        tree = json.loads(answer[0]) if answer else {"error": True}
        nodes = list(_nodes(tree))
    except RecursionError:
        raise DataError("the query is nested too deeply", where=where, hint=hint) from None
    if tree.get("error"):
        raise DataError("the query must be one SELECT statement", where=where, hint=hint)
    for kind, name in nodes:
        if kind.endswith("_NODE") and kind not in NODES:
            raise DataError(
                f"the query must only read, but it contains {kind.partition('_')[0]}",
                where=where,
                hint=hint,
            )
        if kind == "TABLE_FUNCTION" and name not in TABLE_FUNCTIONS:
            raise DataError(
                f"the query must not call {name}",
                where=where,
                hint=f"after FROM it may call {', '.join(sorted(TABLE_FUNCTIONS))}",
            )


def _nodes(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield, for each node of a syntax tree of DuckDB, its type and the name of its function.

    The name is `none` for a node that calls no function.
    """
    if isinstance(tree, dict):
        function = tree.get("function")
        name = function.get("function_name") if isinstance(function, dict) else None
        yield str(tree.get("type")), str(name).lower()
        for part in tree.values():
            yield from _nodes(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)
