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
from gdrun.data.csv_layout import BLANKS, LONGEST_LINE, CsvLayout
from gdrun.data.duckdb_connection import first_line, literal_path, quoted
from gdrun.data.places import write_plainly
from gdrun.data.text_files import TextFile
from gdrun.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WIDEST = 500
"""The largest number of columns of a file that DuckDB reads as it is.

Its time for a query grows faster than the number of columns.
"""

AT_ONCE = 100
"""The number of columns in each of the temporary files in place of a wider file."""

TEXTS_AT_ONCE = 8
"""The number of columns of text that are in memory at once as Python's texts."""

Found = dict[int, Numbers | None]


@dataclass
class CsvScan:
    """The rows of a text file after its header, including rows of empty cells.

    plain: the files that are read instead, if DuckDB cannot read the original: they have the same
    cells, written with commas and without a header, AT_ONCE columns each. folder: a temporary
    directory for them.
    """

    connection: DuckDBPyConnection
    file: TextFile
    layout: CsvLayout
    folder: Path
    plain: list[Path] = field(default_factory=list)
    _columns: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = [f"c{j}" for j in range(self.layout.width)]
        survey = self.file.survey
        by_lines = self.layout.delimiter == BLANKS or any("\n" in n for n in self.layout.header)
        if self.layout.width > WIDEST or by_lines or survey.odd_quotes or survey.mixed_line_ends:
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

    def count(self, expressions: Mapping[int, Mapping[str, str]]) -> dict[tuple[int, str], int]:
        """The number of cells for which an SQL expression is true, by column and name.

        expressions: for each column, its SQL expressions by name.
        """
        counted = {
            (j, name): f"count_if({sql})"
            for j, of in expressions.items()
            for name, sql in of.items()
        }
        found: dict[tuple[int, str], int] = {}
        for part in self._parts([*expressions]):
            keys = [key for key in counted if key[0] in part]
            values = self._run({f"r{i}": counted[key] for i, key in enumerate(keys)}, part[0])
            found |= {key: int(values[f"r{i}"][0]) for i, key in enumerate(keys)}
        return found

    def column(self, position: int) -> str:
        """The name of a column in SQL."""
        return self._columns[position]

    def _parts(self, columns: Sequence[int]) -> list[list[int]]:
        """The columns in groups that one query can read.

        A file with many columns was written as several temporary files (see `plain`) of AT_ONCE
        columns each; the columns of a group are in one of them.
        """
        groups: dict[int, list[int]] = {}
        for j in columns:
            groups.setdefault(self._part_of(j), []).append(j)
        return list(groups.values())

    def _part_of(self, column: int) -> int:
        """The index of the temporary file that has the column; 0 without temporary files."""
        return column // AT_ONCE if self.plain else 0

    def _query(self, expressions: Mapping[int, str]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for part in self._parts([*expressions]):
            values = self._run({f"r{j}": expressions[j] for j in part}, part[0])
            found |= {j: values[f"r{j}"] for j in part}
        return found

    def _run(self, expressions: Mapping[str, str], first: int) -> dict[str, Any]:
        """The values of SQL expressions over columns of one group (see `_parts`).

        first: the position of a column of the group.
        """
        import duckdb

        chosen = ", ".join(f"{sql} AS {name}" for name, sql in expressions.items())
        query = f"SELECT {chosen} FROM {self._table(self._part_of(first))}"
        try:
            return dict(self.connection.execute(query).fetchnumpy())
        except duckdb.Error as error:
            if self.plain:
                raise DataError(
                    f"cannot be read: {first_line(error)}",
                    where=self.file.where,
                    hint=f"a line may have {LONGEST_LINE // 2**20} MB at most",
                ) from None
        # The rows are wrong, which raises here, or right in a way that DuckDB does not accept.
        self._write_plainly()
        return self._run(expressions, first)

    def _write_plainly(self) -> None:
        parts = range(-(-self.layout.width // AT_ONCE))
        targets = [self.folder / f"plain-{id(self)}-{part}" for part in parts]
        write_plainly(self.file, self.layout, targets, AT_ONCE)
        self.plain = targets

    def _table(self, part: int) -> str:
        """The SQL call of read_csv that gives all columns of a file as text. part: its number."""
        delimiter, skip, path = self.layout.delimiter, self.layout.skip, self.file.path
        inside = self._columns
        if self.plain:
            delimiter, skip, path = ",", 0, self.plain[part]
            inside = self._columns[part * AT_ONCE : (part + 1) * AT_ONCE]
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in inside)
        return (
            f"read_csv({literal_path(path)}, columns = {{{columns}}}, "
            f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '', "
            f"skip = {skip}, header = false, auto_detect = false, strict_mode = true, "
            # Without its parallel reader DuckDB drops an open quote and all after it in silence.
            f"compression = 'none', parallel = true, max_line_size = {LONGEST_LINE})"
        )


def _number(column: str, decimal: str) -> str:
    """The SQL expression for the number in a cell; it gives NULL for a cell without a number.

    DuckDB reads 1_000 as a number, as Python does; in a data file it is text. The condition also
    keeps DuckDB from reading the column as DOUBLE at once, where a text would be an error.
    """
    conditions, digits = f"NOT contains({column}, '_')", column
    if decimal == ",":
        conditions += f" AND NOT contains({column}, '.')"
        digits = f"replace({column}, ',', '.')"
    return f"TRY_CAST(CASE WHEN {conditions} THEN {digits} END AS DOUBLE)"
