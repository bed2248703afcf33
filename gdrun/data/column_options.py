"""The options of the dataset section that decide what the columns of a table become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from gdrun.data.cells import STANDARD, MissingMarks
from gdrun.data.column_names import ColumnNames, as_tuple
from gdrun.data.dates import Dates
from gdrun.errors import DataError, suggestion

Filling = Literal["mean", "median", "most_frequent", "indicator"]
Missing = Literal["error", "drop", "mean", "median", "most_frequent", "indicator"]
MissingOption: TypeAlias = dict[str, Missing] | Missing
Chosen: TypeAlias = str | int | tuple[str | int, ...]
Marks: TypeAlias = tuple[str | int | float, ...] | None
Hash: TypeAlias = int | str | None

FILLINGS: tuple[str, ...] = get_args(Filling)
"""The values of `missing` that replace missing values."""

OTHERS = "*"
"""The key of `missing` for the columns that it does not name."""


@dataclass(frozen=True)
class ColumnOptions:
    """The options as a user gives them; the docstring of read_csv explains each of them."""

    target: str | int | None = None
    missing: MissingOption = "error"
    ignore: Chosen = ()
    categories: Chosen = ()
    keep: Chosen = ()
    missing_values: Marks = None
    dates: Dates = "encode"
    hash: Hash = None

    @property
    def marks(self) -> MissingMarks:
        """The cells that mean a missing value."""
        return STANDARD if self.missing_values is None else MissingMarks.of(self.missing_values)

    @property
    def buckets(self) -> int:
        """The number of buckets for texts; 0 without hashing. Raises DataError if it is wrong.

        >>> ColumnOptions(hash="2**10").buckets
        1024
        """
        if self.hash is None:
            return 0
        power = re.fullmatch(r"\s*(\d{1,3})\s*\*\*\s*(\d{1,3})\s*", str(self.hash))
        number = int(power[1]) ** int(power[2]) if power else self.hash
        if isinstance(number, str) or not 2 <= number <= 2**31:
            raise DataError(
                f"must be a whole number of buckets from 2 to 2**31, got {self.hash!r}",
                where="dataset.hash",
                hint="write hash: 4096 or hash: 2**12, for example",
            )
        return number

    def resolved(self, names: ColumnNames, where: str) -> Choices:
        """The choices for a table with these columns. where: the table in messages.

        Raises DataError if a column does not exist, or the target is left out.
        """
        target, ignored = names.choose(self.target, as_tuple(self.ignore), where)
        if isinstance(self.missing, Mapping):
            for name in self.missing:
                if name != OTHERS and name not in names.names:
                    raise DataError(
                        f"{where} has no column {name!r}",
                        where="dataset.missing",
                        hint=suggestion(name, names.names),
                    )
        kept = names.positions(as_tuple(self.keep), "keep", where)
        if both := kept & ignored:
            raise DataError(
                f"the column {names.names[min(both)]!r} is listed in keep and in ignore",
                where="dataset.keep",
                hint="remove it from one of the lists",
            )
        return Choices(
            names=names,
            target=target,
            ignored=ignored,
            labelled=names.positions(as_tuple(self.categories), "categories", where),
            kept=kept,
            buckets=self.buckets,
            options=self,
        )


def how_missing(option: MissingOption, column: str) -> Missing:
    """How the missing values of a column are treated. option: the value of the option `missing`."""
    if isinstance(option, str):
        return option
    return option.get(column, option.get(OTHERS, "error"))


@dataclass(frozen=True)
class Choices:
    """The options for a table whose columns are known: positions instead of names.

    target: the position of the target. ignored, labelled, kept: the columns to leave out, to read
    as categories, and to keep even if they look like identifiers. buckets: the number of buckets
    for texts; 0 without hashing.
    """

    names: ColumnNames
    target: int
    ignored: frozenset[int]
    labelled: frozenset[int]
    kept: frozenset[int]
    buckets: int
    options: ColumnOptions

    @property
    def chosen(self) -> list[int]:
        """The positions of the columns to read, in order."""
        return [j for j in range(self.names.width) if j not in self.ignored]

    def missing(self, position: int) -> Missing:
        """How to treat the missing values of a column."""
        return how_missing(self.options.missing, self.names.names[position])

    def reading(self, position: int, decimal: str = ".", *, typed: bool = False) -> ColumnReading:
        """How to read the column at a position.

        decimal: the decimal sign. typed: whether the columns of the table have types.
        """
        return ColumnReading(
            target=position == self.target,
            category=position in self.labelled,
            kept=position in self.kept,
            decimal=decimal,
            typed=typed,
            marks=self.options.marks,
            dates=self.options.dates,
            buckets=self.buckets,
        )


@dataclass(frozen=True)
class ColumnReading:
    """How to read one column.

    target: whether it is the target, which may have labels such as 1, 2, 3+. category: whether the
    user declares it a category. kept: whether it is a feature even if it looks like an identifier.
    decimal: the decimal sign. typed: whether the columns of the table have types, so that a user
    cannot set the decimal sign. marks: the cells that are missing values. dates: how to treat
    dates. buckets: the number of buckets for texts; 0 without hashing.
    """

    target: bool = False
    category: bool = False
    kept: bool = False
    decimal: str = "."
    typed: bool = False
    marks: MissingMarks = STANDARD
    dates: Dates = "encode"
    buckets: int = 0
