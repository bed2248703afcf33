"""Preparation of a table for training: class codes, split, missing values, standardisation."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.data.column_statistics import column_statistics
from gdrun.data.encoding import Encoding, columns_of_numbers
from gdrun.data.feature_matrix import front_of, write_rows
from gdrun.data.filling import fill_values
from gdrun.data.repeated_rows import repeated_rows
from gdrun.data.row_blocks import LARGE_ENTRIES, has_nan, mean_and_scale_by_blocks, row_blocks_of
from gdrun.data.splitting import split_groups, split_rows, split_times
from gdrun.data.table import Part, Prepared, Table, TableHashes, Task
from gdrun.data.target_scale import TargetScale
from gdrun.data.targets import class_codes, real_targets, suitable_task
from gdrun.errors import DataError
from gdrun.problems.rows import MappedRows

MOST_NAMED = 5
"""The largest number of columns or classes that a message names; it counts the others."""


def prepare(
    table: Table,
    *,
    task: Task | None,
    declared: bool = False,
    validation: float,
    test: float,
    standardize: bool,
    seed: int,
    dtype: DTypeLike,
    ones: bool = False,
    standardize_target: bool = False,
    groups: Counts | None = None,
    times: Numbers | None = None,
    overwrite: bool = False,
) -> Prepared:
    """Split the rows, replace missing values, standardise the columns, and cast to `dtype`.

    Means and scales are computed from the training part only. task: regression or classification;
    None means the task that suits the target. declared: whether the user names the task, so that
    whole numbers of any kind can be classes. validation, test: the size of the part, as a fraction
    (a float below 1) or as a number of rows; 0 means no such part. standardize: whether to subtract
    the mean of each column and divide by its scale. seed: the seed of the random split. ones:
    whether to add a column of ones after the features in memory, which a linear model with a bias
    needs. standardize_target: the same as standardize, for the target of a regression.
    groups, times (N,): the group or the time of each row, if the rows are split by it. overwrite:
    whether the features of the table may be overwritten by the training part, which saves memory.
    The same table, options and seed give the same bits. The matrix of a memory-mapped table stays
    on disk, and rows are standardised each time they are read.
    Raises DataError if the target does not suit the task, if the target of a classification is to
    be standardised, if a part has too few rows, if a column has no value in the training rows, or
    if a value is outside the range of `dtype`.
    """
    hashes = _hashes_ahead(table)
    y: Array
    task = task or suitable_task(table)
    if standardize_target and task == "classification":
        raise _classes_have_no_scale(table)
    if task == "classification":
        y, classes = class_codes(table, declared=declared)
        strata = y
    else:
        y, classes = real_targets(table), ()
        strata = np.zeros(len(y), dtype=np.int64)
    if groups is not None:
        rows = split_groups(groups, validation=validation, test=test, seed=seed)
    elif times is not None:
        rows = split_times(times, validation=validation, test=test)
    else:
        rows = split_rows(strata, validation=validation, test=test, seed=seed)
    notes = [*table.notes, *_untrained_classes(strata[rows.train], classes, table)]

    on_disk = isinstance(table.X, np.memmap)
    gaps = not on_disk and has_nan(table.X)
    fill = None if on_disk else _fill_values(table, rows.train, gaps=gaps)
    means = fill if gaps else None
    mean = scale = None
    constant: tuple[str, ...] = ()
    if on_disk:
        # Also needed without standardisation, because this pass checks all values.
        mean, scale, varies = _mapped_standardisation(table, rows.train)
    elif standardize:
        mean, scale, varies = _standardisation_of(table, rows.train, means)
    if not standardize:
        mean = scale = None
    elif not varies.all():
        constant = tuple(np.array(table.feature_names, dtype=object)[~varies])
        notes.append(_constant_note(constant))
    sources = table.sources or columns_of_numbers(table.feature_names)
    encoding = Encoding(sources, fill, mean, scale, table.missing_marks)
    target_scale = _target_scale(y[rows.train]) if standardize_target else None
    if target_scale is not None:
        y = target_scale.standardised(y)
        notes.append(_target_note(table.target_name))
    if task == "regression":
        y = _cast(y[:, None], (table.target_name,), dtype, table.name)[:, 0]

    def part(chosen: Counts, memory: Numbers | None = None) -> Part:
        if on_disk:
            return Part(MappedRows(table.X, chosen, np.dtype(dtype), mean, scale), y[chosen])
        wide = _prepared_rows(table, chosen, encoding, np.dtype(dtype), ones=ones, memory=memory)
        return Part(wide[:, : encoding.features], y[chosen], wide if ones else None)

    found = hashes()
    sha256, repeated = found.sha256, repeated_rows(found.rows, rows)
    notes += repeated.notes({"validation": len(rows.validation), "test": len(rows.test)})
    del found, hashes, strata  # a number for each row, which a table of many rows has no room for
    # The training part may overwrite the table, so the others come first.
    held_out = {
        name: part(chosen) if len(chosen) else None
        for name, chosen in (("validation", rows.validation), ("test", rows.test))
    }
    memory = table.wide if overwrite and np.dtype(dtype) == np.float64 else None
    return Prepared(
        name=table.name,
        task=task,
        train=part(rows.train, memory),
        validation=held_out["validation"],
        test=held_out["test"],
        encoding=encoding,
        target_name=table.target_name,
        classes=classes,
        numbered=bool(classes) and not table.classes,
        constant=constant,
        sha256=sha256,
        notes=tuple(notes),
        reports=table.reports,
        target_scale=target_scale,
        repeated=repeated,
    )


def _prepared_rows(
    table: Table,
    chosen: Counts,
    encoding: Encoding,
    dtype: np.dtype[Any],
    *,
    ones: bool,
    memory: Numbers | None,
) -> Array:
    """Some rows of a table in memory, filled and standardised, as a matrix in `dtype`.

    chosen (n,): the indices of the rows, in ascending order. ones: whether a last column of ones is
    added. memory: the memory of the table, to which the matrix is written; None for new memory.
    Raises DataError if a value is outside the range of `dtype`.
    """
    columns = encoding.features + ones

    def made(block: Counts) -> Array:
        rows = np.ones((len(block), columns), dtype)
        values = encoding.prepared(table.X[block])
        rows[:, : encoding.features] = _cast(values, table.feature_names, dtype, table.name)
        return rows

    shape = len(chosen), columns
    matrix = np.empty(shape, dtype) if memory is None else front_of(memory, *shape)
    write_rows(matrix, row_blocks_of(chosen, encoding.features), made, over=memory is not None)
    return matrix


def _target_scale(trained: Array) -> TargetScale:
    """Return the standardisation of the target. trained (n,): the targets of the training rows."""
    (mean,), (scale,), _ = standardisation(trained[:, None].astype(np.float64))
    return TargetScale(float(mean), float(scale))


def _target_note(name: str) -> str:
    return (
        f"the losses are those of the standardised target; metrics and predictions are in the "
        f"unit of {name}"
    )


def _classes_have_no_scale(table: Table) -> DataError:
    return DataError(
        f"must be false: the target {table.target_name} is classified, and classes have no scale",
        where="dataset.standardize.target",
        hint="standardize=true standardises the features only; model=linear predicts a number",
    )


def _hashes_ahead(table: Table) -> Callable[[], TableHashes]:
    """Return a function that returns the hashes of the table.

    For a large table, a thread starts to compute them at once, and the function waits for it.
    """
    if table.X.size < LARGE_ENTRIES:
        return table.hashes
    found: Future[TableHashes] = Future()

    def compute() -> None:
        try:
            found.set_result(table.hashes())
        except BaseException as error:
            found.set_exception(error)

    Thread(target=compute, name="gdrun-hash", daemon=True).start()
    return found.result


def _standardisation_of(
    table: Table, trained: Counts, means: Numbers | None
) -> tuple[Numbers, Numbers, Flags]:
    """Return the same as `standardisation`, for the training rows of a table in memory.

    trained: the indices of the training rows. means: the mean of each column, which replaces
    missing values; None if no value is missing. A large table is read block by block.
    """
    if means is None and len(trained) * len(table.feature_names) >= LARGE_ENTRIES:
        found = mean_and_scale_by_blocks(table.X, trained)
        if found is not None:
            return found
    return standardisation(_filled(table.X[trained], means))


def _mapped_standardisation(table: Table, trained: Counts) -> tuple[Numbers, Numbers, Flags]:
    """Return the same as `standardisation`, for the training rows of a table on disk.

    trained: the indices of the training rows. Raises DataError if a value is not finite, in a
    training row or any other row.
    """
    marks = np.zeros(len(table.y), dtype=bool)
    marks[trained] = True
    statistics = column_statistics(table.X, marks, table.name)
    varies = statistics.varies
    mean = np.where(varies, statistics.mean, statistics.low)
    return mean, np.where(varies, statistics.deviation, 1.0), varies


def standardisation(X: Numbers) -> tuple[Numbers, Numbers, Flags]:
    """Return three arrays (d,) for the columns of X (N, d): mean, scale, and whether it varies.

    A column varies if its values differ. The scale is the population standard deviation. For a
    column with a single value, the mean is that value and the scale is 1.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    # Scaling by a power of two is exact. It keeps the squares of very large or very small values
    # from overflowing or underflowing.
    exponent = np.frexp(np.maximum(-low, high))[1]
    unit = np.ldexp(X, -exponent)
    mean = unit.mean(axis=0)
    unit -= mean
    # The second pass removes the rounding error of the mean, which matters if the mean is large.
    rest = unit.mean(axis=0)
    unit -= rest
    mean += rest
    deviation = np.sqrt(np.mean(np.square(unit, out=unit), axis=0))
    scale = np.ldexp(deviation, exponent)
    # Subnormal values can differ and still have a standard deviation that rounds to 0.
    varies = (low != high) & (scale > 0)
    return (
        np.where(varies, np.ldexp(mean, exponent), X[0]),
        np.where(varies, scale, 1.0),
        varies,
    )


def _constant_note(names: tuple[str, ...]) -> str:
    who, verb = (
        ("1 feature has", "it is")
        if len(names) == 1
        else (f"{len(names)} features have", "they are")
    )
    return f"{who} a single value in the training rows, so {verb} only centred: {_listed(names)}"


def _fill_values(table: Table, train: Counts, *, gaps: bool) -> Numbers | None:
    """The values that replace missing ones, (d,), also those of new rows; None if none may be.

    gaps: whether the table has missing values, which are replaced by the mean if the table does
    not say how.
    """
    sources = table.sources or columns_of_numbers(table.feature_names)
    fillings = table.fillings or (("mean",) * len(sources) if gaps else ())
    return fill_values(table.X, sources, fillings, train, table.name) if any(fillings) else None


def _filled(X: Numbers, means: Numbers | None) -> Numbers:
    """Replace, in place, every missing value of X by the value of its column, and return X.

    means: the value of each column; None changes nothing.
    """
    if means is not None:
        np.copyto(X, means, where=np.isnan(X))
    return X


def _cast(X: Array, names: tuple[str, ...], dtype: DTypeLike, name: str) -> Array:
    """Return X (N, d) in `dtype`. Raises DataError if a value is outside the range of `dtype`.

    names: the names of the columns. name: the dataset in error messages.
    """
    with np.errstate(over="ignore"):
        cast = X.astype(dtype, copy=False)
    lost = ~np.isfinite(cast).all(axis=0)
    if lost.any():
        raise DataError(
            f"there are values outside the range of {np.dtype(dtype)} in "
            f"{_listed([name for name, bad in zip(names, lost, strict=True) if bad])}",
            where=name,
            hint="rescale the column"
            if np.dtype(dtype) == np.float64
            else "rescale the column, or use dtype: float64",
        )
    return cast


def _untrained_classes(trained: Counts, classes: tuple[str, ...], table: Table) -> list[str]:
    if not classes:
        return []
    counts = np.bincount(trained, minlength=len(classes))
    absent = [label for label, count in zip(classes, counts, strict=True) if not count]
    if len(classes) - len(absent) < 2:
        raise DataError(
            f"the training part ({len(trained)} of {len(table.y)} rows) contains only one class",
            where=table.name,
            hint="use fewer rows for validation and test, or provide more data",
        )
    return [f"no training row has the class {_listed(absent)}"] if absent else []


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
