"""The rows of one text file, read by DuckDB: columns of numbers at once, or the text of cells.

DuckDB reads every column as text, with the layout that gdrun found; it infers nothing. Its cast to
DOUBLE gives the same bits as Python's float wherever both accept a cell. A cell that it does not
accept is judged by `cell_value`, so that a column has one meaning however it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.cells import Cells
from gdrun.data.csv_layout import BLANKS, CsvLayout
from gdrun.data.duckdb_connection import first_line, literal_path, quoted
from gdrun.data.places import write_plainly
from gdrun.data.text_files import TextFile
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TEXTS_AT_ONCE = 8
"""The number of columns of text that are in memory at once as Python's texts."""

LONGEST_LINE = 2**24
"""The largest number of bytes of one line: 16 MB."""

Found = dict[int, Numbers | None]


@dataclass
class CsvScan:
    """The rows of a text file after its header, including rows of empty cells.

    plain: the file that is read instead, if DuckDB cannot read the original: it has the same cells,
    written with commas and without a header. folder: a temporary directory for it.
    """

    connection: DuckDBPyConnection
    file: TextFile
    layout: CsvLayout
    folder: Path
    plain: Path | None = None
    _columns: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = [f"c{j}" for j in range(self.layout.width)]
        survey = self.file.survey
        by_lines = self.layout.delimiter == BLANKS or any("\n" in n for n in self.layout.header)
        if by_lines or survey.odd_quotes or survey.mixed_line_ends:
            self._write_plainly()

    def numbers(self, columns: Sequence[int], decimal: str) -> Found:
        """Each column as numbers (N,), or None if a cell of it is not a finite number."""
        by_name = self._query({j: _number(self._columns[j], decimal) for j in columns})
        found: Found = {}
        for j, values in by_name.items():
            all_numbers = not np.ma.is_masked(values) and np.isfinite(values).all()
            found[j] = np.ascontiguousarray(np.ma.getdata(values)) if all_numbers else None
        return found

    def cells(self, columns: Sequence[int]) -> dict[int, Cells]:
        """Each column as text."""
        found: dict[int, Cells] = {}
        for start in range(0, len(columns), TEXTS_AT_ONCE):
            part = columns[start : start + TEXTS_AT_ONCE]
            texts = self._query({j: f"coalesce({self._columns[j]}, '')" for j in part})
            found |= {j: Cells.of(np.ma.getdata(cells).tolist()) for j, cells in texts.items()}
        return found

    def count(self, expressions: Mapping[str, str]) -> dict[str, int]:
        """The number of cells for which each expression of SQL is true."""
        counted = ", ".join(f"count_if({sql}) AS {name}" for name, sql in expressions.items())
        return {name: int(values[0]) for name, values in self._run(counted).items()}

    def column(self, position: int) -> str:
        """The name of a column in SQL."""
        return self._columns[position]

    def _query(self, expressions: Mapping[int, str]) -> dict[int, Any]:
        chosen = ", ".join(f"{sql} AS r{j}" for j, sql in expressions.items())
        found = self._run(chosen)
        return {j: found[f"r{j}"] for j in expressions}

    def _run(self, chosen: str) -> dict[str, Any]:
        import duckdb

        try:
            return dict(
                self.connection.execute(f"SELECT {chosen} FROM {self._table()}").fetchnumpy()
            )
        except duckdb.Error as error:
            if self.plain is not None:
                raise DataError(
                    f"cannot be read: {first_line(error)}",
                    where=self.file.where,
                    hint=f"a line may have {LONGEST_LINE // 2**20} MB at most",
                ) from None
        # The rows are wrong, which raises here, or right in a way that DuckDB does not accept.
        self._write_plainly()
        return self._run(chosen)

    def _write_plainly(self) -> None:
        plain = self.folder / f"plain-{id(self)}"
        write_plainly(self.file, self.layout, plain)
        self.plain = plain

    def _table(self) -> str:
        """The call of read_csv that gives all columns as text."""
        delimiter, skip = self.layout.delimiter, self.layout.skip
        if self.plain is not None:
            delimiter, skip = ",", 0
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in self._columns)
        return (
            f"read_csv({literal_path(self.plain or self.file.path)}, columns = {{{columns}}}, "
            f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '', "
            f"skip = {skip}, header = false, auto_detect = false, strict_mode = true, "
            # Without its parallel reader DuckDB drops an open quote and all after it in silence.
            f"compression = 'none', parallel = true, max_line_size = {LONGEST_LINE})"
        )


def _number(column: str, decimal: str) -> str:
    """The SQL of the number in a cell, NULL if it is none.

    DuckDB reads 1_000 as a number, as Python does; in a data file it is text. The condition also
    keeps DuckDB from reading the column as DOUBLE at once, where a text would be an error.
    """
    conditions, digits = f"NOT contains({column}, '_')", column
    if decimal == ",":
        conditions += f" AND NOT contains({column}, '.')"
        digits = f"replace({column}, ',', '.')"
    return f"TRY_CAST(CASE WHEN {conditions} THEN {digits} END AS DOUBLE)"
