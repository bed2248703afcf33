"""The names of the columns of a table, and the choice of its target and of other columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gdrun.errors import DataError, Problem, suggestion

FRAME_INDEX = re.compile(r"__index_level_\d+__")
"""What pandas writes in Parquet and Feather as the name of an index without a name."""

UNNAMED = re.compile(rf"|Unnamed: \d+|{FRAME_INDEX.pattern}")
"""What a file has as the name of a column without a name: no text, or what pandas writes for it."""


@dataclass(frozen=True)
class ColumnNames:
    """The columns of a table.

    header: the name of each column, which may be empty; () for a file without a header. width: the
    number of columns.
    """

    header: tuple[str, ...]
    width: int

    @cached_property
    def names(self) -> list[str]:
        """The name of each column; a column without one is called x0, x1, … by its position."""
        cells = self.header or ("",) * self.width
        return [cell or f"x{position}" for position, cell in enumerate(cells)]

    def choose(
        self, target: str | int | None, ignore: Sequence[str | int], where: str
    ) -> tuple[int, frozenset[int]]:
        """The position of the target, and the positions of the columns that are left out.

        If target is None, the target is the last column that has a name and is not left out.
        Without such a column, it is the last one that is not left out. ignore: the columns that are
        left out. where: the table, for messages. Raises DataError if a column does not exist, or if
        the target is left out.

        >>> houses = ColumnNames(("", "size", "price", ""), 4)
        >>> houses.choose(None, (), "houses.csv")
        (2, frozenset())
        >>> houses.choose("size", [-1, "price"], "houses.csv")
        (1, frozenset({2, 3}))
        """
        self.require({"target": () if target is None else (target,), "ignore": ignore}, where)
        ignored = frozenset(map(self._position, ignore))
        if target is None:
            left = [j for j in range(self.width) if j not in ignored]
            named = [j for j in left if self.header and not UNNAMED.fullmatch(self.header[j])]
            return (named or left or [0])[-1], ignored
        position = self._position(target)
        if position in ignored:
            raise DataError(
                f"the target {self.names[position]!r} is also in the list of columns to ignore",
                where="dataset.ignore",
                hint="choose another target, or remove this one from ignore",
            )
        return position, ignored

    def positions(self, columns: Iterable[str | int], key: str, where: str) -> frozenset[int]:
        """The positions of columns that a user gives by name or by position; −1 is the last one.

        key: the name of the option, and where: the table, both for messages. Raises DataError if a
        column does not exist.
        """
        given = tuple(columns)
        self.require({key: given}, where)
        return frozenset(map(self._position, given))

    def require(self, columns: Mapping[str, Iterable[str | int]], where: str) -> None:
        """Raise DataError, with a problem for each column that does not exist.

        columns: for each option, such as target, the columns that a user gives by name or by
        position. where: the table, for messages.
        """
        problems = [
            self._missing(column, key, where)
            for key, given in columns.items()
            for column in given
            if not self._has(column)
        ]
        if problems:
            raise DataError(problems)

    def _has(self, column: str | int) -> bool:
        if isinstance(column, str):
            return column in self.names
        return -self.width <= column < self.width

    def _missing(self, column: str | int, key: str, where: str) -> Problem:
        """The problem of a column, given in the option `key`, that does not exist."""
        hint = (
            suggestion(column, self.names)
            if isinstance(column, str)
            else f"the columns of the file are 0 to {self.width - 1}; "
            "if the name of a column is a number, quote it: '7'"
        )
        shown = repr(column) if isinstance(column, str) else column
        return Problem(f"{where} has no column {shown}", f"dataset.{key}", hint)

    def _position(self, column: str | int) -> int:
        """The position of a column that exists, given by name or by position; −1 is the last."""
        return self.names.index(column) if isinstance(column, str) else column % self.width


def as_tuple(columns: str | int | tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The columns as a tuple, also if a single one is given."""
    return (columns,) if isinstance(columns, str | int) else tuple(columns)
