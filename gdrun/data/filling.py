"""The values that replace missing ones, computed from the training rows only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.data.column_options import ColumnOptions
from gdrun.data.columns import listed
from gdrun.data.dates import DAY, date_features
from gdrun.data.encoding import SourceColumn, columns_of_numbers
from gdrun.data.table import Table
from gdrun.errors import DataError


def fill_of(table: Table, train: Integers, *, gaps: bool) -> Numbers | None:
    """The values that replace missing values, in the table and in new rows: (d,).

    train: the indices of the training rows. gaps: whether the table has missing values. They are
    replaced by the mean if the table does not say how. Returns None if no column may have missing
    values. Raises DataError if a column has no value in the training rows.
    """
    sources = table.sources or columns_of_numbers(table.feature_names)
    fillings = table.fillings or (("mean",) * len(sources) if gaps else ())
    if not any(fillings):
        return None
    return fill_values(table.X, sources, fillings, train, table.name, table.options)


def fill_values(
    X: Numbers,
    sources: Sequence[SourceColumn],
    fillings: Sequence[str],
    train: Integers,
    where: str,
    options: ColumnOptions,
) -> Numbers | None:
    """The value that replaces a missing one, for each of the d features: (d,).

    X (N, d): the features, NaN if missing. fillings: for each source column mean, median,
    most_frequent, indicator, or an empty text if its values are never filled, which gives NaN.
    train: the indices of the training rows. where: the table in messages. options: those with
    which the columns were read. Returns None if no column is filled. Raises DataError if a column
    has no value in the training rows.

    A category and a boolean take the most frequent value, also under mean and median. Under
    indicator a number takes the mean, and the 0/1 columns of a category are 0, because the
    indicator marks the missing value. The features of a date are those of the mean or median date.
    """
    if not any(fillings):
        return None
    fill = np.full(X.shape[1], np.nan)
    empty: list[str] = []
    start = 0
    for source, how in zip(sources, fillings, strict=True):
        stop = start + len(source.feature_names)
        if how:
            block = X[train, start:stop]
            known = block[~np.isnan(block[:, 0])]
            if len(known):
                fill[start:stop] = _fill(source, known, how)
            else:
                empty.append(source.name)
        start = stop
    if empty:
        raise DataError(
            f"no training row has a value in {listed(empty)}, so missing values cannot be filled",
            where=where,
            hint=f"use fewer rows for validation and test; or {options.leaving_out(empty[0])}",
        )
    return fill


def _fill(source: SourceColumn, known: Numbers, how: str) -> Numbers:
    """The features (k,) that replace those of a missing value.

    known (n, k): the features of the training rows that have a value.
    """
    if source.indicator:
        # Of a missing value the indicator, which is the last feature, is 1.
        return np.append(_fill_of_value(source, known[:, :-1], how), 1.0)
    return _fill_of_value(source, known, how)


def _fill_of_value(source: SourceColumn, known: Numbers, how: str) -> Numbers:
    if source.labels:
        if how == "indicator":
            return np.zeros(known.shape[1])
        frequent = np.zeros(known.shape[1])
        frequent[known.sum(axis=0).argmax()] = 1
        return frequent
    if source.parts:
        days = known[:, source.parts.index("days")]
        of_date: Numbers = date_features(np.array([_statistic(days, how) * DAY]), source.parts)[0]
        return of_date
    how = "most_frequent" if source.form == "boolean" and how != "indicator" else how
    return np.array([_statistic(known[:, 0], how)])


def _statistic(values: Numbers, how: str) -> float:
    """The mean, the median or the most frequent of the values (n,).

    If several values are equally frequent, the smallest one is returned.
    """
    if how == "median":
        return float(np.median(values))
    if how == "most_frequent":
        different, times = np.unique(values, return_counts=True)
        return float(different[times.argmax()])
    # The rounded mean of equal values may differ from them.
    return float(np.clip(values.mean(), values.min(), values.max()))
