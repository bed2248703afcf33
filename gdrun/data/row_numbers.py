"""Columns that number the rows, such as an index or identifiers, and columns without content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from gdrun.data.columns import Column, leaving_out

UNNAMED = re.compile(r"|Unnamed: \d+")
"""The names of a column without a name: none, or the one that pandas gives it."""

IDENTIFIER = re.compile(r"(?i:(.*[_ -])?(id|ids|index|idx|key|uuid|nr|no|number))|.*[a-z]I[dD]")
"""Names of columns that identify rows."""


def useless(columns: Mapping[int, Column], header: Sequence[str]) -> dict[int, str]:
    """The positions of useless columns, each with the reason.

    A column is useless if it has no name, and is also empty or numbers the rows.

    Exports add such columns: pandas writes its index under an empty name. After a sample, a sort or
    a split the index is in another order, or has gaps.
    """
    found = {}
    for position, column in columns.items():
        # A column with a name was probably made on purpose, so it is kept.
        if not header or not UNNAMED.fullmatch(header[position]) or column.labels:
            continue
        if column.gaps.all():
            found[position] = "it is empty"
        elif _counts_rows(column):
            found[position] = "it only counts the rows"
        elif _identifies_rows(column):
            found[position] = "it has another whole number in each row, as an index has"
    return found


def identifier_notes(features: Sequence[Column]) -> list[str]:
    """Sentences on features that probably identify the rows, and so should not be features."""
    notes = []
    for position, column in enumerate(features):
        if position == 0 and _counts_rows(column) and column.values[0] in (0, 1):
            what = "only counts the rows"
        elif IDENTIFIER.fullmatch(column.name) and _identifies_rows(column):
            what = "has another whole number in each row"
        else:
            continue
        notes.append(f"{column.name} {what}; if it is not a feature, {leaving_out(column.name)}")
    return notes


def _counts_rows(column: Column) -> bool:
    """Whether the values are k, k + 1, k + 2, …."""
    values = column.values
    return not column.labels and np.array_equal(values - values[0], np.arange(len(values)))


def _identifies_rows(column: Column) -> bool:
    """Whether the values are different whole numbers, none below 0."""
    values = column.values
    if column.labels or len(values) < 2 or not (values >= 0).all() or (values % 1).any():
        return False
    return len(np.unique(values)) == len(values)
