"""Columns of new rows that are returned with the predictions as they are, such as an identifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gdrun.errors import DataError, suggestion


class KeptColumns:
    """Collect the cells of some columns while the rows of a file are read.

    names: the names of these columns. required: whether a column that does not exist is an error;
    if not, the column has no entry in `cells`. cells: by the name of the column, its texts in the
    rows read so far.
    """

    def __init__(self, names: Sequence[str] = (), *, required: bool = True) -> None:
        self.cells: dict[str, list[str]] = {name: [] for name in names}
        self.required = required

    def positions(self, names: Sequence[str], where: str) -> list[int]:
        """The positions of the kept columns among all columns of a file.

        names: the names of all columns. where: the file in messages. Raises DataError if it lacks
        one that is required.
        """
        if not self.required:
            self.cells = {name: cells for name, cells in self.cells.items() if name in names}
        for name in self.cells:
            if name not in names:
                hint = suggestion(name, names, most_listed=10)
                raise DataError(f"has no column {name!r}", where=where, hint=hint)
        return [names.index(name) for name in self.cells]

    def add(self, columns: Iterable[Iterable[Any]]) -> None:
        """Add the cells of the next rows, for each column in order."""
        for kept, cells in zip(self.cells.values(), columns, strict=True):
            kept.extend(map(str, cells))

    def require_none(self, where: str) -> None:
        """Raise DataError if a column is required, because the data have no names of columns.

        where: the data, for messages.
        """
        if not self.required:
            self.cells = {}
        for name in self.cells:
            raise DataError(
                f"has no column {name!r}: its columns have no names",
                where=where,
                hint="leave out this column: the predictions are in the order of the rows",
            )
