"""From a table to what the engine trains on: class codes, split, standardisation, dtype."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.data.column_statistics import column_statistics
from gdrun.data.columns import leaving_out
from gdrun.data.splitting import split_rows
from gdrun.data.table import Part, Prepared, Table, Task
from gdrun.errors import DataError
from gdrun.problems.rows import MappedRows

MOST_NAMED = 5
"""A sentence names this many columns or classes; more are counted."""

MOST_CLASS_NUMBERS = 20
"""So many different whole numbers may be classes without a closer look."""


def prepare(
    table: Table,
    *,
    task: Task | None,
    validation: float,
    test: float,
    standardize: bool,
    seed: int,
    dtype: DTypeLike,
) -> Prepared:
    """Split the rows, fill and standardise the columns by the training part, cast to `dtype`.

    task: None is what suits the target. validation, test: fractions (floats below 1) or counts; 0
    is none. The same table, options and seed give the same bits. A table on disk stays there: its
    parts are rows that are standardised as they are read.
    """
    y: Array
    task = task or suitable_task(table)
    if task == "classification":
        y, classes = class_codes(table)
        strata = y
    else:
        y, classes = real_targets(table), ()
        strata = np.zeros(len(y), dtype=np.int64)
    rows = split_rows(strata, validation=validation, test=test, seed=seed)
    notes = [*table.notes, *_untrained_classes(strata[rows.train], classes, table)]

    on_disk = isinstance(table.X, np.memmap)
    means = None if on_disk else _gap_means(table, rows.train)
    mean = scale = None
    constant: tuple[str, ...] = ()
    if on_disk:
        mean, scale, varies = _mapped_standardisation(table, rows.train)
    elif standardize:
        mean, scale, varies = standardisation(_filled(table.X[rows.train], means))
    if not standardize:
        mean = scale = None
    elif not varies.all():
        constant = tuple(np.array(table.feature_names, dtype=object)[~varies])
        notes.append(f"constant in the training rows, so centred only: {_listed(constant)}")
    if task == "regression":
        y = _cast(y[:, None], (table.target_name,), dtype, table.name)[:, 0]

    def part(chosen: Counts) -> Part:
        if on_disk:
            return Part(MappedRows(table.X, chosen, np.dtype(dtype), mean, scale), y[chosen])
        X = _filled(table.X[chosen], means)
        if mean is not None and scale is not None:
            with np.errstate(over="ignore"):
                X -= mean
                X /= scale
        return Part(_cast(X, table.feature_names, dtype, table.name), y[chosen])

    return Prepared(
        name=table.name,
        task=task,
        train=part(rows.train),
        validation=part(rows.validation) if len(rows.validation) else None,
        test=part(rows.test) if len(rows.test) else None,
        feature_names=table.feature_names,
        target_name=table.target_name,
        classes=classes,
        mean=mean,
        scale=scale,
        constant=constant,
        sha256=table.sha256,
        notes=tuple(notes),
    )


def _mapped_standardisation(table: Table, trained: Counts) -> tuple[Numbers, Numbers, Flags]:
    """As `standardisation`, of a matrix on disk; every one of its values is checked on the way."""
    marks = np.zeros(len(table.y), dtype=bool)
    marks[trained] = True
    found = column_statistics(table.X, marks, table.name)
    varies = found.varies
    mean = np.where(varies, found.mean, found.low)
    return mean, np.where(varies, found.deviation, 1.0), varies


def suitable_task(table: Table) -> Task:
    """What suits the target where a model can do either.

    Labels are classes, and so are whole numbers of at most 20 different values that come twice or
    more on average; other numbers are numbers.
    """
    if table.classes:
        return "classification"
    values = _different(table.y)
    whole = bool((values == np.round(values)).all())
    few = len(values) <= MOST_CLASS_NUMBERS and 2 * len(values) <= len(table.y)
    return "classification" if whole and few else "regression"


def _different(y: Array) -> Array:
    """The different values in ascending order.

    np.unique alone would import numpy.ma first, which takes longer than a small run's data do.
    """
    ordered = np.sort(y)
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    different: Array = ordered[fresh]
    return different


def real_targets(table: Table) -> Numbers:
    """The targets of a regression; text labels are none."""
    if table.classes:
        raise DataError(
            f"the target holds {len(table.classes)} class labels, such as "
            f"{table.classes[0]!r}, and a regression needs numbers",
            where=f"{table.name} {table.target_name}",
            hint="use model: softmax, or logistic for two classes; or choose a numeric target",
        )
    return table.y.astype(np.float64)


def class_codes(table: Table) -> tuple[Counts, tuple[str, ...]]:
    """Codes 0 … C−1 and their labels; whole numbers become classes in ascending order."""
    where = f"{table.name} {table.target_name}"
    if table.classes:
        codes, labels = table.y.astype(np.int64), table.classes
        present = int(np.count_nonzero(np.bincount(codes, minlength=len(labels))))
    else:
        values = _different(table.y)
        codes = np.searchsorted(values, table.y)
        _require_class_numbers(values, len(codes), where)
        labels, present = tuple(str(int(value)) for value in values), len(values)
    if present < 2:
        raise DataError(
            f"every row has the same target, {labels[codes[0]]}",
            where=where,
            hint="a classifier needs rows of two classes or more; is this the right column?",
        )
    return codes.astype(np.int64, copy=False), labels


def _require_class_numbers(values: Numbers, rows: int, where: str) -> None:
    """Class numbers are whole and repeat; a measured quantity does neither."""
    hint = "use model: linear to predict a number, or choose another target"
    broken = values[values != np.round(values)]
    if len(broken):
        raise DataError(
            f"the target holds numbers that are not whole, such as {broken[0]:g}, "
            "so they cannot be classes",
            where=where,
            hint=hint,
        )
    if len(values) > MOST_CLASS_NUMBERS and 3 * len(values) > rows:
        raise DataError(
            f"the target has {len(values)} different values in {rows} rows, too many to be classes",
            where=where,
            hint=hint,
        )


def standardisation(X: Numbers) -> tuple[Numbers, Numbers, Flags]:
    """Mean and population standard deviation of each column, and whether it varies.

    A column that does not vary has its own value as mean, and scale 1. Two passes, on columns
    brought below 1 by a power of two (which is exact), so that neither a large mean nor a very
    large or small unit costs accuracy.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    exponent = np.frexp(np.maximum(-low, high))[1]
    unit = np.ldexp(X, -exponent)
    mean = unit.mean(axis=0)
    unit -= mean
    rest = unit.mean(axis=0)
    unit -= rest
    mean += rest
    deviation = np.sqrt(np.mean(np.square(unit, out=unit), axis=0))
    scale = np.ldexp(deviation, exponent)
    varies = (low != high) & (scale > 0)  # Half of the smallest number is 0.
    return (
        np.where(varies, np.ldexp(mean, exponent), X[0]),
        np.where(varies, scale, 1.0),
        varies,
    )


def _gap_means(table: Table, train: Counts) -> Numbers | None:
    """The mean (d,) over the known training values of each column; None without any gap."""
    missing = np.isnan(table.X)
    if not missing.any():
        return None
    known = np.count_nonzero(~missing[train], axis=0)
    if not known.all():
        names = [name for name, count in zip(table.feature_names, known, strict=True) if not count]
        raise DataError(
            f"no training row has a value in {_listed(names)}, so there is no mean to fill in",
            where=table.name,
            hint=f"train on more rows; or {leaving_out(names[0])}",
        )
    return np.asarray(np.mean(table.X[train], axis=0, where=~missing[train]))


def _filled(X: Numbers, means: Numbers | None) -> Numbers:
    """X itself, each of its missing values replaced by its column's mean."""
    if means is not None:
        np.copyto(X, means, where=np.isnan(X))
    return X


def _cast(X: Array, names: tuple[str, ...], dtype: DTypeLike, name: str) -> Array:
    """X in `dtype`, or an error if a value is beyond its range."""
    with np.errstate(over="ignore"):
        cast = X.astype(dtype, copy=False)
    lost = ~np.isfinite(cast).all(axis=0)
    if lost.any():
        raise DataError(
            f"values beyond the range of {np.dtype(dtype)} in "
            f"{_listed([name for name, bad in zip(names, lost, strict=True) if bad])}",
            where=name,
            hint="rescale the column, or use dtype: float64",
        )
    return cast


def _untrained_classes(trained: Counts, classes: tuple[str, ...], table: Table) -> list[str]:
    if not classes:
        return []
    counts = np.bincount(trained, minlength=len(classes))
    absent = [label for label, count in zip(classes, counts, strict=True) if not count]
    if len(classes) - len(absent) < 2:
        raise DataError(
            f"one class alone is left to train on, in {len(trained)} of {len(table.y)} rows",
            where=table.name,
            hint="hold out fewer rows, or bring more data",
        )
    return [f"no training row has the class {_listed(absent)}"] if absent else []


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
