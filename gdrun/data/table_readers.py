"""The options that all readers of tables share, as parameters of each reader.

A definition takes its options from the signature of a function. So a reader is written with one
parameter `columns`, a ColumnOptions, and the decorator replaces it by the fields of ColumnOptions:
a new option of columns is one field and its text here.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

from gdrun.data.column_options import ColumnOptions
from gdrun.data.table import Table

SHARED = """\
target: the name of a column, or its position from 0 (default: the last column). Text in the target
is read as class labels. A text feature becomes one 0/1 column for each of its values. A boolean, or
a text such as yes or no, becomes a column of 0 and 1. A date becomes its year, month, weekday, hour
and days since 1970. Numbers lose %, $ and marks between thousands.

missing: how to treat missing values: `error` stops with an error; `drop` removes the rows that have
them; `mean`, `median` and `most_frequent` replace them by this statistic of the column in the
training rows (for text always the most frequent value); `indicator` adds a 0/1 column that marks
them. A mapping chooses for each column: {age: median, "*": drop}, where * means the other columns.
Rows without a target are removed, except under `error`. missing_values: the cells that count as
missing, such as ["?", -999]; `standard` in this list means all those that count without it.

ignore: a column to leave out, or a list of columns, by name or position. categories: columns whose
cells are labels, even if they are numbers. keep: columns to use as features although they look like
identifiers, which are left out otherwise, and numbers that are not dates although they look like
dates (20240131). dates: `encode` makes features of dates, `refuse` stops with an error; `day_first`
or `month_first` makes features too, and says how to read 3/4/2024. hash: a number of buckets, such
as 256 or 2**10, into which texts with too many different values for 0/1 columns are hashed.

decimal: the decimal sign of numbers in texts (default: a point; in a text file with semicolons as
separators the sign that the numbers show)."""
"""The text on the shared options, which is added to the docstring of each reader."""


def table_reader(read: Callable[..., Table]) -> Callable[..., Table]:
    """A decorator: a reader gets the options of ColumnOptions in place of its parameter `columns`.

    read: a function of the source, such as path, of `columns`, and of options with defaults. The
    result takes all options as keywords.
    """
    own = inspect.signature(read).parameters
    source = next(iter(own))
    options = {name: each for name, each in own.items() if name not in (source, "columns")}
    shared = {each.name: each.default for each in fields(ColumnOptions)}

    hints = typing.get_type_hints(ColumnOptions, include_extras=True)
    hints |= typing.get_type_hints(read, include_extras=True)
    del hints["columns"]
    parameter = inspect.Parameter
    signature = inspect.Signature(
        [
            own[source],
            *(parameter(name, parameter.KEYWORD_ONLY, default=shared[name]) for name in shared),
            *(each.replace(kind=parameter.KEYWORD_ONLY) for each in options.values()),
        ]
    )

    @wraps(read)
    def reader(*source_given: Any, **given: Any) -> Table:
        bound = signature.bind(*source_given, **given).arguments
        chosen = {name: bound.pop(name) for name in shared if name in bound}
        return read(columns=ColumnOptions(**chosen), **bound)

    reader.__signature__ = signature  # type: ignore[attr-defined]  # inspect reads it
    reader.__annotations__ = hints
    reader.__doc__ = f"{inspect.cleandoc(read.__doc__ or '')}\n\n{SHARED}"
    return reader
