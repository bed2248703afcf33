"""Arrow IPC files and streams. Feather files (version 2) are Arrow IPC files too.

Reading them needs pyarrow, which the extra `arrow` installs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.data.column_options import ColumnOptions
from gdrun.data.duckdb_connection import connection, first_line
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.table_readers import table_reader
from gdrun.data.typed_columns import typed_table
from gdrun.data.unreadable import require_regular, unreadable
from gdrun.errors import DataError, MissingExtraError
from gdrun.mapped_files import mapped, require_unchanged

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MAGIC = b"ARROW1"
_ROWS = "gdrun_arrow"


@table_reader
def read_arrow(path: Path, columns: ColumnOptions) -> Table:
    """A Feather file (version 2) or another Arrow IPC file or stream; or several with the same
    columns, such as data/part-*.feather. This needs the extra `arrow`.

    A value is missing if it is null or NaN, or one of the texts that mean this in a CSV file, such
    as n/a; `missing_values` replaces these texts.

    Raises: DataError if the file cannot be read, or if its values cannot be used.
    """
    with opened_arrow(path) as (database, source):
        return typed_table(database, source, str(path), columns)


@contextmanager
def opened_arrow(path: Path) -> Iterator[tuple[DuckDBPyConnection, str]]:
    """A connection to DuckDB that has the rows of the files, and the name of their table.

    path: a file, or a pattern such as part-*.arrow. The files are memory-mapped. Raises DataError,
    also from the `with` block, if a file cannot be read, or if the files have different columns;
    and MissingExtraError without the extra `arrow`.
    """
    import duckdb

    files = matching_files(path)
    tables = [_arrow_table(file) for file in files]
    for file, table in zip(files, tables, strict=True):
        if table.schema.names != tables[0].schema.names or table.schema != tables[0].schema:
            raise DataError(
                f"has other columns than {files[0]}: {_described(table)} instead of "
                f"{_described(tables[0])}",
                where=str(file),
                hint="files that are read together need the same columns in the same order",
            )
    try:
        with connection() as database:
            import pyarrow as pa

            database.register(_ROWS, pa.concat_tables(tables))
            yield database, _ROWS
    except duckdb.Error as error:
        raise DataError(
            f"cannot be read as Arrow: {first_line(error)}",
            where=str(path),
            hint="write it with pandas: frame.to_parquet('train.parquet'), and give that file",
        ) from None


def _arrow_table(file: Path) -> Any:
    """The table in a file. Raises DataError if it cannot be read or is damaged."""
    try:
        require_regular(file)
        with file.open("rb") as opened:
            whole = opened.read(len(_MAGIC)) == _MAGIC
            size = os.fstat(opened.fileno()).st_size
            # pyarrow.memory_map kills the process if the file gets shorter while it is read.
            content = mapped(opened, np.dtype(np.uint8), (size,)) if size else np.empty(0)
    except OSError as error:
        raise unreadable(file, error) from None
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("reading Arrow and Feather files", "arrow") from None
    try:
        source = pa.BufferReader(pa.py_buffer(content))
        reader = pa.ipc.open_file(source) if whole else pa.ipc.open_stream(source)
        table = reader.read_all()
        table.validate(full=True)
        require_unchanged(content)
    # Arrow raises OSError for damaged compressed data, but without an errno.
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(
            f"is not an Arrow file, or is damaged: {str(error).partition(chr(10))[0][:200]}",
            where=str(file),
            hint="write it with pandas: frame.to_feather('train.feather')",
        ) from None
    return table


def _described(table: Any) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in table.schema)[:200]
