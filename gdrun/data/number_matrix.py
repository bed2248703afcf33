"""The columns of numbers of a table with types, read into one matrix, a range of rows at a time.

If every column were read before the matrix is made, memory would hold all numbers twice. And DuckDB
takes new memory for the result of a query, which the system has to clear first: for a whole column
that takes as long as to decode it. The results of small queries use the same memory again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.threads import in_order

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ENTRIES = 2**23
"""The most numbers that one query reads, unless a column has more: 64 MB of float64."""

CACHED_ROWS = 1024
"""The number of rows that are copied from columns to the matrix at once, within the cache."""


@dataclass(frozen=True)
class RowRange:
    """Consecutive rows of a table. sql: a table expression with these rows. rows: their number."""

    sql: str
    rows: int


@dataclass(frozen=True)
class NumberMatrix:
    """The columns of numbers of a table with N rows. NaN is a missing value.

    memory (N, k + 1): the columns of the k features, and a column that is not used. columns: by the
    position in the table, each column as a view of `memory`, or the target (N,). finite: the
    positions of the columns without missing and infinite values.
    """

    memory: Numbers
    columns: Mapping[int, Numbers]
    finite: frozenset[int]


def read_numbers(
    database: DuckDBPyConnection,
    ranges: Sequence[RowRange],
    expressions: Mapping[int, str],
    target: int,
    cleaned: Callable[[int, Numbers], Numbers],
) -> NumberMatrix:
    """Read the columns for which there is an SQL expression, by the position of the column.

    ranges: all rows of the table, in order. target: the position of the target, which gets an array
    of its own. cleaned: a function of a position and some numbers of its column, which replaces
    those that mean a missing value by NaN.
    """
    rows = sum(each.rows for each in ranges)
    features = [j for j in expressions if j != target]
    memory = np.empty((rows, len(features) + 1))
    columns = {j: memory[:, place] for place, j in enumerate(features)}
    if target in expressions:
        columns[target] = np.empty(rows)

    def read(task: tuple[int, RowRange, Sequence[int]]) -> list[int]:
        first, chosen, positions = task
        wanted = ", ".join(f"{expressions[j]} AS r{j}" for j in positions)
        query = f"SELECT {wanted} FROM {chosen.sql}"
        # Only ranges of files can be read at the same time: other connections have no other tables.
        source = database.cursor() if len(ranges) > 1 else database
        found = source.execute(query).fetchnumpy()
        numbers = {j: cleaned(j, with_nan(found.pop(f"r{j}"))) for j in positions}
        for start in range(0, chosen.rows, CACHED_ROWS):
            stop = min(start + CACHED_ROWS, chosen.rows)
            for j, values in numbers.items():
                columns[j][first + start : first + stop] = values[start:stop]
        return [j for j, values in numbers.items() if not _finite(values)]

    tasks = _tasks(ranges, list(expressions))
    reads = in_order(read, tasks) if len(ranges) > 1 else map(read, tasks)
    unfit = {j for positions in reads for j in positions}
    return NumberMatrix(memory, columns, frozenset(expressions) - unfit)


def _tasks(
    ranges: Sequence[RowRange], positions: Sequence[int]
) -> list[tuple[int, RowRange, Sequence[int]]]:
    """The queries: the index of the first row, the rows, and the positions of the columns."""
    tasks: list[tuple[int, RowRange, Sequence[int]]] = []
    first = 0
    for each in ranges:
        most = max(MOST_ENTRIES // max(each.rows, 1), 1)
        starts = range(0, len(positions), most)
        tasks += [(first, each, positions[start : start + most]) for start in starts]
        first += each.rows
    return tasks


def with_nan(values: Any) -> Numbers:
    """An array from DuckDB as float64, with NaN in place of NULL."""
    filled: Numbers = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled


def _finite(values: Numbers) -> bool:
    """Whether all values are finite. A finite sum shows it, without an array of flags."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum())) or bool(np.isfinite(values).all())
