"""The column by which the rows are split: groups that stay together, or the time of each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gdrun.array_types import Flags, Integers
from gdrun.data.column_names import as_tuple
from gdrun.data.column_options import how_missing
from gdrun.data.columns import count
from gdrun.data.groups import Groups
from gdrun.data.sources import QUERY, load_table, reader_of
from gdrun.data.table import DROPPED, Table
from gdrun.data.times import Times, times_of
from gdrun.errors import DataError


def load_groups(options: Mapping[str, Any], column: str) -> tuple[Table, Groups]:
    """Return the table of a dataset without `column`, and the group of each row of this table.

    options: the dataset section of the config. Rows with equal values in the column are one group.
    Rows that the options drop are in neither result. `missing: drop` also drops rows without a
    value in the column. Raises DataError if the dataset has no named columns, or if the column does
    not exist, is the target, or has missing values that are not dropped.
    """
    where = "dataset.split.group"
    if not _has_named_columns(options):
        raise DataError(
            "the rows of this dataset cannot be split by group: its columns have no names",
            where=where,
            hint="groups need a table with named columns, such as a CSV or Parquet file",
        )
    ignored = as_tuple(options.get("ignore") or ())
    table = _without(options, ignored, column, where)
    others = tuple(name for name in ignored if name != column)
    # The column is read as a target is, because a target may have any labels or numbers.
    changed = {"target": column, "ignore": (*others, table.target_name), "missing": "mean"}
    by_group = load_table({**options, **changed})
    # The group of each row of the file; each of the two readings may have dropped other rows.
    groups = np.full(max(_kept(table)[-1], _kept(by_group)[-1]) + 1, -1)
    values, codes = np.unique(by_group.y, return_inverse=True)
    groups[_kept(by_group)] = codes
    found = groups[_kept(table)]
    if (found < 0).any():
        missing = how_missing(options.get("missing", "error"), column)
        table, found = _with_groups(table, found, column, missing)
    # Without the codes of groups whose rows are all dropped.
    left, codes = np.unique(found, return_inverse=True)
    named = by_group.classes
    labels = [named[int(value)] if named else value for value in values[left].tolist()]
    return table, Groups(column, codes, labels)


def _has_named_columns(options: Mapping[str, Any]) -> bool:
    """Whether the columns of a dataset have names, so that `ignore` can list one."""
    reader = QUERY if "query" in options else reader_of(str(options.get("path", "")))
    return reader is not None and "ignore" in reader.options


def _with_groups(table: Table, found: Integers, column: str, how: str) -> tuple[Table, Integers]:
    """The rows of a table that have a group, and their groups.

    found: the group of each row; −1 without one. how: how missing values of the column are treated.
    Raises DataError unless this is `drop`, or if no row has a group.
    """
    rows = found >= 0
    lacking = f"{(~rows).sum()} of {count(len(found), 'row')}"
    if how != "drop" or not rows.any():
        raise DataError(
            f"{lacking} have no value",
            where=f"dataset.split.group {column}",
            hint="fill them in"
            if how == "drop"
            else "fill them in, or set missing: drop to remove these rows",
        )
    return _with_rows(table, rows, column), found[rows]


def _kept(table: Table) -> Integers:
    """The indices of the rows of the file that are in the table: (N,)."""
    return np.arange(len(table.y)) if table.kept is None else table.kept


def _without(
    options: Mapping[str, Any], ignored: tuple[str | int, ...], column: str, where: str
) -> Table:
    try:
        return load_table({**options, "ignore": (*ignored, column)})
    except DataError as error:
        (first, *_) = error.problems
        if first.where != "dataset.ignore" or column in ignored:
            raise
        if repr(column) in first.what and first.what.startswith("the target"):
            raise DataError(
                f"{column} is the target, so it cannot group the rows",
                where=where,
                hint="choose another column for group, or another target",
            ) from None
        raise DataError(first.what, where=where, hint=first.hint) from None


def with_times(table: Table, options: Mapping[str, Any], column: str) -> tuple[Table, Times]:
    """Return the rows of `table` that have a time, and the time of each.

    column: the name of the column of times. options: the dataset section from which the table was
    read. If its `ignore` lists the column, the column is no feature, but is read for the times; if
    not, a note says so. `missing: drop` drops rows without a time. Raises DataError if the column
    does not exist, is text, or has missing values that are not dropped.
    """
    ignored = as_tuple(options.get("ignore") or ())
    if column not in ignored:
        times = times_of(column, table)
        if _has_named_columns(options):
            note = f"{column} orders the rows of the split, and is a feature too; "
            note += f"{table.options.adding('ignore', column)} uses it for the split only"
            table = replace(table, notes=(*table.notes, note))
    else:
        others = tuple(name for name in ignored if name != column)
        kept = (*as_tuple(options.get("keep") or ()), column)
        changed = {"ignore": others, "keep": kept, "missing": "mean", "target": table.target_name}
        timed = load_table({**options, **changed})
        of_file = np.full(max(_kept(table)[-1], _kept(timed)[-1]) + 1, np.nan)
        found = times_of(column, timed)
        of_file[_kept(timed)] = found.values
        times = replace(found, values=of_file[_kept(table)])
    known = ~np.isnan(times.values)
    if known.all():
        return table, times
    lacking = f"{(~known).sum()} of {len(known)}"
    if column not in ignored or how_missing(options.get("missing", "error"), column) != "drop":
        raise DataError(
            f"{lacking} times are missing",
            where=f"dataset.split.time {column}",
            hint="set missing: drop to remove these rows",
        )
    return _with_rows(table, known, column), replace(times, values=times.values[known])


def _with_rows(table: Table, rows: Flags, column: str) -> Table:
    """The rows of a table that have a value of the column. rows (N,): True for such a row."""
    lacking = f"{(~rows).sum()} of {count(len(rows), 'row')}"
    notes = (*table.notes, f"{DROPPED} {lacking} without a value of {column}")
    kept = _kept(table)[rows]
    return replace(table, X=table.X[rows], y=table.y[rows], kept=kept, wide=None, notes=notes)
