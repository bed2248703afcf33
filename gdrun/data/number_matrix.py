"""The columns of numbers of a table with types, read into one matrix, a batch of rows at a time.

If every column were read before the matrix is made, memory would hold all numbers twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.arrow_stream import NumberBatch, number_batches
from gdrun.data.row_blocks import is_finite
from gdrun.threads import one_behind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH_ROWS = 2**17
"""The largest number of rows of a batch of DuckDB 2; DuckDB 1 has batches of 1,000,000 rows."""

MOST_ENTRIES = 2**23
"""The most numbers of a batch, unless a single column has more: 64 MB of float64."""

CACHED_ROWS = 1024
"""The number of rows that are copied from columns to the matrix at once, within the cache."""


@dataclass(frozen=True)
class NumberMatrix:
    """The columns of numbers of a table with N rows. NaN is a missing value.

    memory (N, k + 1): the columns of the k features, and a column that is not used; or None, if the
    columns have no common memory. columns: by the position in the table, each column as a view of
    `memory`, or an array (N,). finite: the positions of the columns without missing and infinite
    values.
    """

    memory: Numbers | None
    columns: Mapping[int, Numbers]
    finite: frozenset[int]


@dataclass
class _Copy:
    """Copies batches of rows, one after the other, to the columns of the matrix.

    positions: the position in the table of each column of a batch. columns, cleaned: as in
    NumberMatrix and read_numbers. unfit: gets the positions of columns with a value that is not
    finite. rows: the number of rows copied so far.
    """

    positions: Sequence[int]
    columns: Mapping[int, Numbers]
    cleaned: Callable[[int, Numbers], Numbers]
    unfit: set[int]
    rows: int = 0

    def __call__(self, batch: NumberBatch) -> None:
        try:
            of_column = dict(zip(self.positions, batch.columns, strict=True))
            numbers = {j: self.cleaned(j, values) for j, values in of_column.items()}
            first, self.rows = self.rows, self.rows + len(batch.columns[0])
            for start in range(first, self.rows, CACHED_ROWS):
                part = slice(start, min(start + CACHED_ROWS, self.rows))
                for j, values in numbers.items():
                    self.columns[j][part] = values[start - first : part.stop - first]
            self.unfit |= {j for j, values in numbers.items() if not is_finite(values)}
        finally:
            batch.release()


def _unchanged(position: int, numbers: Numbers) -> Numbers:
    return numbers


def read_numbers(
    database: DuckDBPyConnection,
    source: str,
    expressions: Mapping[int, str],
    target: int,
    cleaned: Callable[[int, Numbers], Numbers] = _unchanged,
    most_rows: int | None = None,
) -> NumberMatrix:
    """Read columns of numbers into one matrix.

    source: SQL for the rows of the table, such as a call of read_parquet. expressions: by the
    position of each column to read, the SQL for its numbers. target: the position of the target,
    which gets an array of its own. cleaned: a function of the position and some numbers of a
    column; it replaces numbers that mean a missing value by NaN. most_rows: a bound on the number
    of rows, if it takes long to count them, as in a text file; all columns are then read in one
    pass. If it is None, the rows are counted first.
    """
    rows = most_rows
    if rows is None:
        ((rows,),) = database.execute(f"SELECT count(*) FROM {source}").fetchall()
    features = [j for j in expressions if j != target]
    memory = np.empty((rows, len(features) + 1))
    columns = {j: memory[:, place] for place, j in enumerate(features)}
    if target in expressions:
        columns[target] = np.empty(rows)
    unfit: set[int] = set()
    at_once = len(expressions)
    if most_rows is None:
        at_once = max(MOST_ENTRIES // max(min(rows, BATCH_ROWS), 1), 1)
    found = 0
    for begin in range(0, len(expressions), at_once):
        some = list(expressions)[begin : begin + at_once]
        wanted = ", ".join(f"{expressions[j]} AS r{j}" for j in some)
        copy = _Copy(some, columns, cleaned, unfit)
        one_behind(copy, number_batches(database.sql(f"SELECT {wanted} FROM {source}")))
        found = copy.rows
    read = {j: column[:found] for j, column in columns.items()}
    return NumberMatrix(memory[:found], read, frozenset(expressions) - unfit)


def with_nan(values: Any) -> Numbers:
    """An array from DuckDB as float64, with NaN in place of NULL."""
    filled: Numbers = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled
