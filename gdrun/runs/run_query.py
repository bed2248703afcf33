"""Conditions in SQL on the list of runs, which DuckDB answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.config.writing import short_flow
from gdrun.data.duckdb_connection import connection, first_line, unfit_sql
from gdrun.errors import GdrunError, Parameter, suggestion
from gdrun.problems.metrics import name_of_heading

Rows = Sequence[Mapping[str, Any]]

PLACE = "gdrun_place"
"""The name of the column with the index of a row; no config has a key of this name."""


def matching(rows: Rows, condition: str) -> list[int]:
    """The indices of the rows that fulfil a condition in SQL, in ascending order.

    rows: for each run its values by column; a value that a run does not have is NULL. A column is a
    DOUBLE if all its values are numbers, else a VARCHAR. A name with a dot needs double quotes in
    SQL, as in "optimizer.lr" < 0.1. Raises GdrunError if DuckDB cannot evaluate the condition.
    """
    import duckdb

    hint = """write a condition such as "optimizer.lr" < 0.1 AND test_accuracy > 0.95"""
    if unfit := unfit_sql(condition):
        what = f"the condition cannot be read: {unfit}"
        raise GdrunError(what, where=Parameter("where"), hint=hint)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with connection() as database:
        data = columns([[row.get(name) for row in rows] for name in names])
        database.register("listed", data)
        shown = ", ".join(_selected(k, name) for k, name in enumerate(names))
        view = f"SELECT {PLACE}{', ' if names else ''}{shown} FROM listed"
        try:
            relation = database.sql(f"SELECT {PLACE} FROM ({view}) WHERE ({condition}\n)")
            found = relation.fetchall()
        except duckdb.Error as error:
            what = f"the condition fails: {first_line(error)}"
            unknown = _UNKNOWN.search(str(error))
            if unknown:
                hint = suggestion(name_of_heading(unknown[1]), names, most_listed=12)
            raise GdrunError(what, where=Parameter("where"), hint=hint) from None
    return sorted(place for (place,) in found)


_UNKNOWN = re.compile(r'column "([^"]+)" not found')
"""What DuckDB says of a name that is no column."""


def columns(values: Sequence[Sequence[Any]]) -> dict[str, NDArray[Any]]:
    """Columns for DuckDB: c0, c1, … with the values, and m0, m1, … that are true where one is None.

    values: the values of each column. The column PLACE numbers the rows from 0.
    """
    rows = len(values[0]) if values else 0
    found: dict[str, NDArray[Any]] = {PLACE: np.arange(rows)}
    for k, column in enumerate(values):
        missing = [value is None for value in column]
        found[f"m{k}"] = np.array(missing, dtype=bool)
        if all(isinstance(value, int | float) for value in column if value is not None):
            found[f"c{k}"] = np.array([0.0 if value is None else float(value) for value in column])
        else:
            texts = ["" if value is None else _text(value) for value in column]
            found[f"c{k}"] = np.array(texts, dtype=object)
    return found


def _selected(place: int, name: str) -> str:
    quoted = name.replace('"', '""')
    return f'CASE WHEN m{place} THEN NULL ELSE c{place} END AS "{quoted}"'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else short_flow(value)
