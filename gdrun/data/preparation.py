"""Preparation of a table for training: class codes, split, missing values, standardisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gdrun.array_types import Array, Integers, Numbers
from gdrun.data.columns import listed
from gdrun.data.encoding import Encoding, columns_of_numbers
from gdrun.data.feature_matrix import front_of, write_rows
from gdrun.data.filling import fill_of
from gdrun.data.groups import Groups
from gdrun.data.part_files import PartFile, joint_hash
from gdrun.data.repeated_rows import NONE, complete_hashes, repeated_rows
from gdrun.data.row_blocks import LARGE_ENTRIES, has_nan, is_finite, row_blocks_of, rows_of
from gdrun.data.splitting import split_groups, split_rows, split_times
from gdrun.data.standardisation import (
    mapped_standardisation,
    standardisation,
    standardisation_of,
)
from gdrun.data.stray_classes import note_on_single_rows
from gdrun.data.table import Part, Prepared, Table, TableHashes, Task
from gdrun.data.target_scale import TargetScale, target_note
from gdrun.data.targets import (
    class_codes,
    codes_of,
    positive_last,
    real_targets,
    require_two_classes,
    suitable_task,
)
from gdrun.data.times import Times
from gdrun.errors import DataError
from gdrun.problems.rows import MappedRows


def prepare(
    table: Table,
    *,
    task: Task | None,
    declared: bool = False,
    positive: str | None = None,
    validation: float,
    test: float,
    standardize: bool,
    seed: int,
    dtype: DTypeLike,
    ones: bool = False,
    standardize_target: bool = False,
    groups: Groups | None = None,
    times: Times | None = None,
    files: Mapping[str, PartFile] = MappingProxyType({}),
    overwrite: bool = False,
) -> Prepared:
    """Split the rows, replace missing values, standardise the columns, and cast to `dtype`.

    Means and scales are computed from the training part only. task: regression or classification;
    None means the task that suits the target. declared: whether the user names the task, so that
    whole numbers of any kind can be classes. positive: the label of the positive one of two
    classes, which gets the code 1; None keeps their order. validation, test: the size of the part,
    as a fraction (a float below 1) or as a number of rows; 0 means no such part. standardize:
    whether to subtract the mean of each column and divide by its scale. seed: the seed of the
    random split. ones: whether to add a column of ones after the features in memory, which a linear
    model with a bias needs. standardize_target: whether to standardise the target of a regression
    too. groups, times: the groups or the times of the rows, if the rows are split by them. files:
    the file of each part (validation, test) whose rows are in a file of their own, not in the
    table. overwrite: whether the features of the table may be overwritten by the training part,
    which saves memory.
    The same table, options and seed give the same bits. The matrix of a memory-mapped table stays
    on disk, and rows are standardised each time they are read.
    Raises DataError if the target does not suit the task, if the target of a classification is to
    be standardised, if `positive` is not one of two classes, if a part has too few rows, if a
    column has no value in the training rows, or if a value is outside the range of `dtype`.
    """
    hashes = _hashes_ahead(table)
    y: Array
    labels: tuple[str, ...] = ()
    task = task or suitable_task(table)
    if standardize_target and task == "classification":
        raise _classes_have_no_scale(table)
    if task == "classification":
        # The split does not depend on which class is positive.
        strata, labels = class_codes(table, declared=declared)
        y = strata
    else:
        y = real_targets(table)
        strata = np.zeros(len(y), dtype=np.int64)
    if positive is not None:
        require_two_classes(table, strata, labels)
    y, classes = positive_last(y, labels, positive)
    validation = 0 if "validation" in files else validation
    test = 0 if "test" in files else test
    if groups is not None:
        rows = split_groups(groups.codes, validation=validation, test=test, seed=seed)
    elif times is not None:
        rows = split_times(times.values, validation=validation, test=test)
    else:
        rows = split_rows(strata, validation=validation, test=test, seed=seed)
    notes = list(table.notes)
    if times is not None:
        parts_of = {"training": rows.train, "validation": rows.validation, "test": rows.test}
        notes.append(times.note(parts_of))
    notes += _untrained_classes(y[rows.train], classes, table)
    notes += note_on_single_rows(y, classes, table.strays)

    on_disk = isinstance(table.X, np.memmap)
    filled = any(table.fillings) or not table.fillings
    gaps = not on_disk and filled and has_nan(table.X)
    fill = None if on_disk else fill_of(table, rows.train, gaps=gaps)
    means = fill if gaps else None
    mean = scale = None
    if on_disk:
        # Also needed without standardisation, because this pass checks all values.
        mean, scale = mapped_standardisation(table, rows.train)
    elif standardize:
        mean, scale = standardisation_of(table, rows.train, means)
    if not standardize:
        mean = scale = None
    sources = table.sources or columns_of_numbers(table.feature_names)
    encoding = Encoding(sources, fill, mean, scale, table.missing_marks, table.decimal)
    if len(encoding.constant):
        notes.append(_constant_note([table.feature_names[each] for each in encoding.constant]))
    target_scale = _target_scale(y[rows.train]) if standardize_target else None
    if target_scale is not None:
        notes.append(target_note(table.target_name))

    def part(of: Table, y: Array, chosen: Integers, memory: Numbers | None = None) -> Part:
        if task == "regression":
            y = y if target_scale is None else target_scale.standardised(y)
            y = _cast(y[:, None], (table.target_name,), dtype, of.name)[:, 0]
        y = y[chosen]
        if isinstance(of.X, np.memmap):
            return Part(MappedRows(of.X, chosen, np.dtype(dtype), mean, scale), y)
        wide = _prepared_rows(of, chosen, encoding, np.dtype(dtype), ones=ones, memory=memory)
        return Part(wide[:, : encoding.features], y, wide if ones else None)

    # The tables of the held-out parts, their targets, and the rows that are used.
    held_out = {"validation": (table, y, rows.validation), "test": (table, y, rows.test)}
    trained = None if groups is None else (groups.column, groups.labels_of(rows.train))
    for name, file in files.items():
        # With the codes of the table, so that the hashes of equal rows are equal.
        other = file.read(table, encoding, labels, trained)
        codes, _ = positive_last(codes_of(other.y, table, labels), labels, positive)
        held_out[name] = other, codes, np.arange(len(codes))
        notes += other.notes
    found = hashes()
    of_files = {name: held_out[name][0].hashes() for name in files}
    sha256 = joint_hash(found.sha256, {name: each.sha256 for name, each in of_files.items()})
    others = [(held_out[name][0], each) for name, each in of_files.items()]
    repeated = NONE
    if complete_hashes([(of.X, of.y, each.rows) for of, each in [(table, found), *others]]):
        of_parts = {name: each.rows for name, each in of_files.items()}
        repeated = repeated_rows(found.rows, rows, of_parts)
    sizes = {name: len(chosen) for name, (_, _, chosen) in held_out.items()}
    notes += repeated.notes(sizes, table.left_out)
    del found, hashes, strata  # each has one number a row: free the memory
    # The held-out parts are made first, because the training part may overwrite the table.
    parts = {name: part(*source) if len(source[-1]) else None for name, source in held_out.items()}
    memory = table.wide if overwrite and np.dtype(dtype) == np.float64 else None
    return Prepared(
        name=table.name,
        task=task,
        train=part(table, y, rows.train, memory),
        validation=parts["validation"],
        test=parts["test"],
        encoding=encoding,
        target_name=table.target_name,
        classes=classes,
        numbered=bool(classes) and not table.classes,
        sha256=sha256,
        notes=tuple(notes),
        reports=table.reports,
        target_scale=target_scale,
        repeated=repeated,
        left_out=table.left_out,
        strays=table.strays,
        files={name: (files[name].path, each.sha256) for name, each in of_files.items()},
    )


def _prepared_rows(
    table: Table,
    chosen: Integers,
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

    def made(block: Integers) -> Array:
        rows = np.ones((len(block), columns), dtype)
        values = encoding.prepared(rows_of(table.X, block))
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


def _classes_have_no_scale(table: Table) -> DataError:
    return DataError(
        f"must be false: the target {table.target_name} has classes, which have no scale",
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


def _constant_note(names: Sequence[str]) -> str:
    who, them = ("1 feature has", "it")
    if len(names) > 1:
        who, them = f"{len(names)} features have", "them"
    return (
        f"{who} a single value in the training rows, so other values of {them} have no effect: "
        f"{listed(names)}"
    )


def _cast(X: Array, names: tuple[str, ...], dtype: DTypeLike, name: str) -> Array:
    """Return X (N, d) in `dtype`. Raises DataError if a value is outside the range of `dtype`.

    names: the names of the columns. name: the dataset in error messages.
    """
    with np.errstate(over="ignore"):
        cast = X.astype(dtype, copy=False)
    if not is_finite(cast):
        lost = ~np.isfinite(cast).all(axis=0)
        raise DataError(
            f"there are values outside the range of {np.dtype(dtype)} in "
            f"{listed([name for name, bad in zip(names, lost, strict=True) if bad])}",
            where=name,
            hint="rescale the column"
            if np.dtype(dtype) == np.float64
            else "rescale the column, or use dtype: float64",
        )
    return cast


def _untrained_classes(trained: Integers, classes: tuple[str, ...], table: Table) -> list[str]:
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
    return [f"no training row has the class {listed(absent)}"] if absent else []
