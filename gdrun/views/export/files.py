"""Exports as tables in files: CSV, which everything reads, and Parquet, which keeps the types."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.views.export.tables import Table


def write_csv(table: Table, path: Path) -> None:
    """Write a table as CSV: a header, and a line for each row. A missing value is empty."""
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table)
        writer.writerows(zip(*map(_cells, table.values()), strict=True))


def write_parquet(table: Table, path: Path) -> None:
    """Write a table as Parquet: texts, booleans, int64, float64; a missing value is NULL."""
    import duckdb

    data: dict[str, NDArray[Any]] = {}
    selected = []
    for place, (name, column) in enumerate(table.items()):
        values = np.ma.getdata(column)
        # DuckDB reads NaN as NULL, so each has a mark.
        unknown = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
        data |= {f"c{place}": values, f"m{place}": _marks(column), f"n{place}": unknown}
        number = f"WHEN n{place} THEN 'nan'::DOUBLE " if values.dtype.kind == "f" else ""
        case = f"CASE WHEN m{place} THEN NULL {number}ELSE c{place} END"
        selected.append(f"{case} AS {_quoted(name)}")
    with duckdb.connect() as database:
        database.register("data", data)
        query = f"SELECT {', '.join(selected)} FROM data"
        database.execute(f"COPY ({query}) TO {_text(str(path))} (FORMAT parquet)")


def _cells(column: NDArray[Any]) -> list[Any]:
    values = np.ma.getdata(column).tolist()
    if column.dtype.kind == "b":
        values = ["true" if value else "false" for value in values]
    return ["" if mark else value for value, mark in zip(values, _marks(column), strict=True)]


def _marks(column: NDArray[Any]) -> NDArray[np.bool_]:
    return np.ma.getmaskarray(column)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
