"""The options of the dataset section that decide what the columns of a table become."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from gdrun.data.cells import STANDARD, STANDARD_LIST, MissingMarks, is_standard_list
from gdrun.data.column_names import ColumnNames, as_tuple
from gdrun.data.dates import Dates
from gdrun.errors import DataError

Filling = Literal["mean", "median", "most_frequent", "indicator"]
Missing = Literal["error", "drop", "mean", "median", "most_frequent", "indicator"]
MissingOption: TypeAlias = dict[str, Missing] | Missing
Chosen: TypeAlias = str | int | tuple[str | int, ...]
Marks: TypeAlias = tuple[str | int | float, ...] | None
Hash: TypeAlias = int | str | None
Decimal: TypeAlias = Literal[".", ","] | None
ListKey: TypeAlias = Literal["ignore", "categories", "keep", "missing_values"]

FILLINGS: tuple[str, ...] = get_args(Filling)
"""The values of `missing` that replace missing values."""

OTHERS = "*"
"""The key of `missing` for the columns that it does not name."""


@dataclass(frozen=True)
class ColumnOptions:
    """The options for the columns of a data file, as a user gives them.

    Columns are given by name or by position from 0. target: the column to predict; None for the
    last one. missing: `error`, or how missing values are treated, such as `mean`; a mapping chooses
    for each column. ignore: columns to leave out. categories: columns whose cells are labels, even
    if they are numbers. keep: columns that are used although they look like identifiers, and
    columns of numbers that look like dates and are none. missing_values: the cells that count as
    missing; None for the usual ones. dates: `encode` makes features of dates, as do `day_first` and
    `month_first`, which say how to read 3/4/2024; `refuse` is an error. hash: a number of buckets
    for texts with too many different values for 0/1 columns; None for no hashing. decimal: the
    decimal sign of numbers in texts; None for a point, or what a text file shows.
    """

    target: str | int | None = None
    missing: MissingOption = "error"
    ignore: Chosen = ()
    categories: Chosen = ()
    keep: Chosen = ()
    missing_values: Marks = None
    dates: Dates = "encode"
    hash: Hash = None
    decimal: Decimal = None

    @property
    def marks(self) -> MissingMarks:
        """The cells that mean a missing value."""
        return STANDARD if self.missing_values is None else MissingMarks.of(self.missing_values)

    @property
    def listed_marks(self) -> MissingMarks:
        """The marks that the user has written out, without those that "standard" means.

        >>> ColumnOptions(missing_values=("standard", "Unknown")).listed_marks.listed
        ['', 'unknown']
        """
        given = self.missing_values or ()
        return MissingMarks.of(mark for mark in given if not is_standard_list(mark))

    def adding(self, key: ListKey, *entries: str | int) -> str:
        """The setting, as a config has it, that adds entries to the list of a key.

        The setting replaces the list, so that it also names the entries in force.

        >>> ColumnOptions(ignore="id").adding("ignore", "note")
        'ignore: ["id", "note"]'
        >>> ColumnOptions().adding("missing_values", "unknown")
        'missing_values: ["standard", "unknown"]'
        """
        now = getattr(self, key)
        if now is None:  # only missing_values can be None
            now = STANDARD_LIST
        return _setting(key, [*as_tuple(now), *entries])

    def leaving_out(self, name: str) -> str:
        """A hint that says how to leave out the column with this name.

        >>> ColumnOptions().leaving_out("id")
        'leave it out with ignore: ["id"]'
        """
        return f"leave it out with {self.adding('ignore', name)}"

    def without_marks(self, words: Iterable[str]) -> str:
        """The setting, as a config has it, that keeps all marks of missing values but these words.

        >>> ColumnOptions(missing_values=("None", "?", -9)).without_marks(["none"])
        'missing_values: ["?", -9]'
        """
        lost = {"", *(word.lower() for word in words)}
        kept = [mark for mark in self.marks.listed if mark not in lost]
        return _setting("missing_values", kept or [""])

    def filling(self, how: str) -> str:
        """The setting, as a config has it, that applies `how` where missing values are errors now.

        >>> ColumnOptions().filling("mean")
        'missing: mean'
        >>> ColumnOptions(missing={"size": "median", "id": "error"}).filling("drop")
        'missing: {"size": "median", "*": "drop"}'
        """
        if isinstance(self.missing, str):
            return f"missing: {how}"
        kept = {name: each for name, each in self.missing.items() if each != "error"}
        others = kept.pop(OTHERS, how)
        return f"missing: {json.dumps({**kept, OTHERS: others}, ensure_ascii=False)}"

    @property
    def buckets(self) -> int:
        """The number of buckets for texts; 0 without hashing. Raises DataError for a wrong number.

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
        """These options for a table with the columns `names`, with positions instead of names.

        where: the table, for messages. Raises one DataError for all columns that do not exist, and
        another if the target or a column in `keep` is also in `ignore`, or if `hash` is a wrong
        number.
        """
        ignore, keep, labelled = map(as_tuple, (self.ignore, self.keep, self.categories))
        treated = self.missing if isinstance(self.missing, Mapping) else ()
        given = {
            "target": () if self.target is None else (self.target,),
            "ignore": ignore,
            "missing": [name for name in treated if name != OTHERS],
            "keep": keep,
            "categories": labelled,
        }
        names.require(given, where)
        target, ignored = names.choose(self.target, ignore, where)
        kept = names.positions(keep, "keep", where)
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
            labelled=names.positions(labelled, "categories", where),
            kept=kept,
            buckets=self.buckets,
            options=self,
        )


def _setting(key: str, entries: Iterable[str | int | float]) -> str:
    """A list as a config has it, without repetitions; a whole number has no point."""
    plain = (
        int(each) if isinstance(each, float) and each.is_integer() else each for each in entries
    )
    return f"{key}: {json.dumps(list(dict.fromkeys(plain)), ensure_ascii=False)}"


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

    @property
    def decimal(self) -> str:
        """The decimal sign of numbers in texts, if the table itself does not show another."""
        return self.options.decimal or "."

    def reading(self, position: int, decimal: str | None = None) -> ColumnReading:
        """How to read the column at a position.

        decimal: the decimal sign that the table shows; None for that of the options.
        """
        return ColumnReading(
            target=position == self.target,
            category=position in self.labelled,
            kept=position in self.kept,
            decimal=decimal or self.decimal,
            buckets=self.buckets,
            options=self.options,
        )


@dataclass(frozen=True)
class ColumnReading:
    """How to read one column.

    target: whether it is the target, which may have labels such as 1, 2, 3+. category: whether the
    user declares it a category. kept: whether it is a feature even if it looks like an identifier.
    decimal: the decimal sign. buckets: the number of buckets for texts; 0 without hashing. options:
    the options for all columns.
    """

    target: bool = False
    category: bool = False
    kept: bool = False
    decimal: str = "."
    buckets: int = 0
    options: ColumnOptions = field(default_factory=ColumnOptions)

    @cached_property
    def marks(self) -> MissingMarks:
        """The cells that are missing values."""
        return self.options.marks

    @property
    def dates(self) -> Dates:
        """How to treat dates."""
        return self.options.dates
