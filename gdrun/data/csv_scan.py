"""The rows of one text file, which DuckDB reads: columns as numbers, or as the text of cells.

DuckDB reads every column as text, with the layout that gdrun found; it infers nothing. Its cast to
DOUBLE gives the same bits as Python's float wherever both accept a cell. A cell that it does not
accept is judged by `cell_value`, so that a column has one meaning however it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gdrun.data.cells import MISSING_WORDS, Cells
from gdrun.data.csv_layout import BLANKS, LONGEST_LINE, CsvLayout
from gdrun.data.duckdb_connection import first_line, literal_path, quoted
from gdrun.data.number_matrix import NumberMatrix, read_numbers, with_nan
from gdrun.data.places import require_short_rows, write_plainly
from gdrun.data.row_blocks import is_finite
from gdrun.data.text_files import WORD_BYTES, TextFile
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WIDEST = 500
"""The largest number of columns of a file that DuckDB reads directly.

Its time for a query grows faster than the number of columns.
"""

BYTES_AT_ONCE = 2**23
"""The number of bytes of a file without quotes that one thread reads at once: 8 MB."""

TEXTS_AT_ONCE = 8
"""The number of columns of text that are in memory at once as Python's texts."""

CELLS_AT_ONCE = 2**20
"""The number of cells of a wide file that may be in memory at once as Python's texts."""

_SPELLINGS = sorted({form(word) for word in MISSING_WORDS for form in (str, str.lower, str.upper)})
"""Cells of a column of numbers that DuckDB may leave out, so that they are no error to it."""

_WITHOUT_WORDS = [
    each for each in _SPELLINGS if not any(byte in each.encode() for byte in WORD_BYTES)
]
"""The spellings that have none of the bytes in WORD_BYTES."""

Answer = TypeVar("Answer")
Expression = Callable[[str], str]
"""A function that turns the SQL of a cell into the SQL of a value computed from it."""


@dataclass
class CsvScan:
    """The rows of a text file after its header, including rows of empty cells.

    plain: a temporary copy, read in place of a file that DuckDB reads wrongly, slowly or not at
    all, such as one with mixed line ends; None if there is no copy. The copy has the same cells,
    separated by commas, and no header. With more than WIDEST columns, each cell has a line of its
    own. folder: the directory of the copy.

    A CsvScan raises DataError, when it is made or read, if the file cannot be read, or has rows of
    another width than the layout.
    """

    connection: DuckDBPyConnection
    file: TextFile
    layout: CsvLayout
    folder: Path
    plain: Path | None = None

    def __post_init__(self) -> None:
        survey = self.file.survey
        by_lines = self.layout.delimiter == BLANKS or any("\n" in n for n in self.layout.header)
        if self._wide or by_lines or survey.odd_quotes or survey.mixed_line_ends:
            self._write_plainly()

    @property
    def _wide(self) -> bool:
        """Whether each cell has a line of its own in the plain file."""
        return self.layout.width > WIDEST

    def numbers(self, columns: Sequence[int], target: int, decimal: str) -> NumberMatrix:
        """The numbers of those columns that are in `layout.numeric`, for all rows.

        Such a column has numbers in the first lines; a text further down becomes NaN. The result
        has in `finite` the columns without such texts and without missing or infinite values.
        columns, target: positions. The target gets an array of its own. decimal: the decimal sign.
        """
        import duckdb

        survey = self.file.survey
        wanted = [j for j in columns if j in self.layout.numeric]
        number = partial(_number, decimal=decimal)
        if self._wide or not wanted:
            found = {j: with_nan(values) for j, values in self._values(wanted, number).items()}
            return NumberMatrix(None, found, frozenset(j for j in found if is_finite(found[j])))

        def read(source: str, number: Expression) -> NumberMatrix:
            expressions = {j: number(_column(j)) for j in wanted}
            most_rows = None if self.plain else survey.lines
            return read_numbers(self.connection, source, expressions, target, most_rows=most_rows)

        if decimal == "." and not self.plain and not self._below_header(survey.last_underscore):
            # DuckDB decodes numbers faster than texts; it reports the first text as an error.
            with suppress(duckdb.Error):
                return read(self._table(wanted), "{}".format)
        return self._attempt(lambda: read(self._table(), number))

    def _below_header(self, position: int) -> bool:
        """Whether a byte is below the header. position: that of the byte in the file, or -1."""
        with self.file.path.open("rb") as file:
            return position >= sum(len(file.readline()) for _ in range(self.layout.skip))

    def cells(self, columns: Sequence[int]) -> dict[int, Cells]:
        """Each of the columns as text, by position. columns: the positions."""
        found: dict[int, Cells] = {}
        some = TEXTS_AT_ONCE
        if self._wide:
            rows = self._run("count(*) AS lines")["lines"][0] // self.layout.width
            some = max(some, CELLS_AT_ONCE // max(1, rows))
        for start in range(0, len(columns), some):
            texts = self._values(columns[start : start + some], "coalesce({}, '')".format)
            found |= {j: Cells.of(np.ma.getdata(cells).tolist()) for j, cells in texts.items()}
        return found

    def count(
        self, columns: Sequence[int], conditions: Mapping[str, Expression]
    ) -> dict[tuple[int, str], int]:
        """The number of cells that meet a condition, by column and name of the condition.

        columns: the positions of the columns. conditions: for each name a function of the SQL of a
        cell, which returns the SQL of the condition.
        """
        if self._wide:
            counts = [
                f"{_counted(sql('cell'))} AS n{i}" for i, sql in enumerate(conditions.values())
            ]
            order = "GROUP BY position ORDER BY position"
            values = self._run(", ".join(counts), columns, order)
            return {
                (j, name): int(values[f"n{i}"][place])
                for place, j in enumerate(sorted(columns))
                for i, name in enumerate(conditions)
            }
        keys = [(j, name) for j in columns for name in conditions]
        chosen = [
            f"{_counted(conditions[name](_column(j)))} AS n{i}" for i, (j, name) in enumerate(keys)
        ]
        values = self._run(", ".join(chosen))
        return {key: int(values[f"n{i}"][0]) for i, key in enumerate(keys)}

    def _values(self, columns: Sequence[int], expression: Expression) -> dict[int, Any]:
        """The values of an expression for the cells of each column: (N,), masked where NULL."""
        if not columns:
            return {}
        if self._wide:
            values = self._run(f"{expression('cell')} AS r", columns)["r"]
            table = values.reshape(-1, len(columns))
            return {j: table[:, place] for place, j in enumerate(sorted(columns))}
        values = self._run(", ".join(f"{expression(_column(j))} AS r{j}" for j in columns))
        return {j: values[f"r{j}"] for j in columns}

    def _run(self, chosen: str, columns: Sequence[int] = (), order: str = "") -> dict[str, Any]:
        """Return the result of a query: the values of each chosen expression, by its name.

        chosen: the expressions after SELECT. columns: in a file with one cell a line, the columns
        to which the query applies. order: the end of the query, such as GROUP BY.
        """

        def values() -> dict[str, Any]:
            table = self._table()
            if columns:
                number = f"(row_number() OVER () - 1) % {self.layout.width}"
                among = f" WHERE position IN ({', '.join(map(str, columns))})"
                every = len(columns) == self.layout.width
                table = f"(SELECT cell, {number} AS position FROM {table}){'' if every else among}"
            query = f"SELECT {chosen} FROM {table} {order}"
            return dict(self.connection.execute(query).fetchnumpy())

        return self._attempt(values)

    def _attempt(self, query: Callable[[], Answer]) -> Answer:
        """The answer to a query of `_table()`; of a plain copy, if DuckDB cannot read the file.

        Raises DataError if it cannot read the copy either, as with a row of many long cells.
        """
        import duckdb

        try:
            return query()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            if self.plain:
                require_short_rows(self.file, self.layout)
                raise DataError(
                    f"cannot be read: {first_line(error)}",
                    where=self.file.where,
                    hint="the file may be damaged, or have another format",
                ) from None
        # Raises DataError if the rows are wrong. If not, DuckDB can read the copy.
        self._write_plainly()
        return self._attempt(query)

    def _write_plainly(self) -> None:
        self.plain = self.folder / f"plain-{id(self)}"
        write_plainly(self.file, self.layout, self.plain, by_cells=self._wide)

    def _table(self, numeric: Collection[int] = ()) -> str:
        """The SQL call of read_csv that gives all columns of the file, as text.

        numeric: the positions of the columns that are given as numbers instead.
        """
        delimiter, skip, path = self.layout.delimiter, self.layout.skip, self.file.path
        types = {
            _column(j): "DOUBLE" if j in numeric else "VARCHAR" for j in range(self.layout.width)
        }
        longest, at_once = LONGEST_LINE, 2 * LONGEST_LINE
        if self.plain:
            delimiter, skip, path = ",", 0, self.plain
            types = {"cell": "VARCHAR"} if self._wide else types
        elif not self.file.survey.quotes:  # so that each line end is the end of a row
            longest = at_once = BYTES_AT_ONCE
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        missing = ""
        if numeric:
            # DuckDB compares each cell with each spelling.
            spelled = self._below_header(self.file.survey.last_word_byte)
            some = _SPELLINGS if spelled else _WITHOUT_WORDS
            missing = f"nullstr = [{', '.join(map(quoted, some))}], "
        return (
            f"read_csv({literal_path(path)}, columns = {{{columns}}}, "
            f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '', "
            f"{missing}skip = {skip}, header = false, auto_detect = false, strict_mode = true, "
            # Its other reader silently drops an unclosed quote and all text after the quote.
            f"compression = 'none', parallel = true, max_line_size = {longest}, "
            f"buffer_size = {at_once})"
        )


def _column(position: int) -> str:
    """The name of a column in SQL."""
    return f"c{position}"


def _counted(condition: str) -> str:
    """The SQL expression for the number of cells that meet a condition.

    Without a cell that is not empty, count_if gives NULL.
    """
    return f"coalesce(count_if({condition}), 0)"


def _number(column: str, *, decimal: str) -> str:
    """The SQL expression for the number in a cell; it gives NULL for a cell without a number.

    DuckDB reads 1_000 as a number, as Python does; in a data file it is text. The condition also
    keeps DuckDB from reading the column as DOUBLE at once, where a text would be an error.
    """
    conditions, digits = f"NOT contains({column}, '_')", column
    if decimal == ",":
        conditions += f" AND NOT contains({column}, '.')"
        digits = f"replace({column}, ',', '.')"
    return f"TRY_CAST(CASE WHEN {conditions} THEN {digits} END AS DOUBLE)"
