"""Connections to DuckDB, which reads tables. They write no files, and load no extensions.

DuckDB is imported in these functions only: its import takes longer than `gdrun --help`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from gdrun.threads import pool

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


MOST_SQL = 100_000
"""The largest number of characters of a query or condition."""

MOST_BRACKETS = 100
"""The deepest nesting of brackets in a query or condition."""

_BRACKETS = dict.fromkeys("([{", 1) | dict.fromkeys(")]}", -1)


@contextmanager
def connection(
    folder: str | None = None, threads: int | None = None
) -> Iterator[DuckDBPyConnection]:
    """A connection to an empty database in memory.

    It loads no extension, writes no temporary files, and cannot read variables of Python. SQL
    cannot change its settings. folder: where relative paths in SQL start; None is the current
    directory. threads: the number of threads; None means one for each core. Raises MemoryError from
    the `with` block, not an error of DuckDB, if DuckDB lacks memory.
    """
    import duckdb

    with _ahead.pop().result() if _ahead and threads is None else _connected(threads) as made:
        if folder is not None:  # DuckDB 1 refuses it among the settings of a new connection
            made.execute(f"SET file_search_path = {quoted(folder)}")
        made.execute("SET lock_configuration = true")
        try:
            yield made
        except duckdb.OutOfMemoryException as error:
            raise MemoryError(first_line(error)) from None


_ahead: list[Future[DuckDBPyConnection]] = []
"""The connection that `connect_ahead` makes, until `connection` takes it."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ahead.clear)  # its thread does not survive a fork


def connect_ahead() -> None:
    """Make the next connection now, on another thread.

    DuckDB takes 20 ms to start, in which the calling thread can import modules.
    """
    import duckdb  # noqa: F401  # an import on the other thread would hold up this one

    if not _ahead:
        _ahead.append(pool("duckdb").submit(_connected))


def _connected(threads: int | None = None) -> DuckDBPyConnection:
    """A new connection with the settings that SQL must not change, still to be locked."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "temp_directory": "",
    }
    if threads is not None:
        settings["threads"] = threads
    made = duckdb.connect(":memory:", config=settings)
    made.execute("SET enable_progress_bar = false")
    return made


def unfit_sql(text: str) -> str | None:
    """Why DuckDB should not parse a text; None if it can.

    Its parser takes minutes for thousands of open brackets. Halves of surrogate pairs, by which
    Python represents the bytes of a command line that is not UTF-8, make it raise a TypeError.
    """
    if len(text) > MOST_SQL:
        return f"it has {len(text):,} characters, but at most {MOST_SQL:,} are allowed"
    depth = max(accumulate(_BRACKETS.get(sign, 0) for sign in text), default=0)
    if depth > MOST_BRACKETS:
        return f"its brackets are nested more than {MOST_BRACKETS} levels deep"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    return None


def quoted(text: str | Path) -> str:
    """A text as a literal of SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a column in SQL, in double quotes if it is a keyword or no plain word.

    >>> identifier("temp"), identifier("feed rate"), identifier("order")
    ('temp', '"feed rate"', '"order"')
    """
    import duckdb

    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        # The parser refuses a keyword that needs quotes.
        with suppress(duckdb.ParserException):
            duckdb.extract_statements(f"SELECT {name} AS {name}")
            return name
    return '"' + name.replace('"', '""') + '"'


def literal_path(path: Path) -> str:
    """A path as a literal of SQL that names only this file: DuckDB expands * ? and [ in paths.

    >>> literal_path(Path("a[1].csv"))
    "'a[[]1].csv'"
    """
    return quoted("".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path)))


def first_line(error: Exception) -> str:
    """The first line of a message of DuckDB, without the name of its class of error."""
    line = str(error).partition("\n")[0].strip()
    return line.partition(" Error: ")[2] or line
