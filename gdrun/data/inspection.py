"""Find what the columns of a dataset are, and which features they become, without training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.assembly import UnfitColumnsError
from gdrun.data.cells import STANDARD, MissingMarks
from gdrun.data.column_ranges import ColumnRange, ranges_of_columns, ranges_of_table
from gdrun.data.column_report import ColumnReport, different_values
from gdrun.data.column_statistics import column_statistics
from gdrun.data.encoding import Encoding, SourceColumn, columns_of_numbers
from gdrun.data.filling import fill_of
from gdrun.data.part_files import part_files
from gdrun.data.repeated_rows import known, repeated, row_hashes
from gdrun.data.row_blocks import has_nan
from gdrun.data.sources import load_table
from gdrun.data.table import Table, Task
from gdrun.data.targets import (
    class_codes,
    likely_target,
    positive_code,
    real_targets,
    require_two_classes,
    suitable_task,
)
from gdrun.errors import DataError, Problem


@dataclass(frozen=True)
class InspectedFile:
    """The file of a validation or test part.

    repeated: how many of its rows are in the file of the training data too.
    """

    path: str
    rows: int
    repeated: int


@dataclass(frozen=True)
class Inspection:
    """What a dataset holds, and how training would use it.

    columns: the report on each column of the file. values: the number of different values of each
    column, by name, where it is known. ranges: the range of each column, by name, where it is
    known; an identifier has none. target: the name of the target. task: the task that suits it, or
    that the options name; None if that is unknown because columns cannot be used. in_doubt: whether
    the classes are numbers that could be predicted as numbers. classes: the number of rows of each
    class, by label. positive: the positive one of two classes; None if there are not two. limits:
    the smallest and the largest target of a regression. features: the number of features. repeated:
    the number of rows that are equal to an earlier one in all features and in the target; None if
    columns cannot be used. files: the files of the validation and test parts, by part. marks: the
    cells that count as missing. problems: why training would refuse the data.
    """

    rows: int
    columns: tuple[ColumnReport, ...]
    values: Mapping[str, int]
    ranges: Mapping[str, ColumnRange]
    target: str
    task: Task | None = None
    in_doubt: bool = False
    classes: Mapping[str, int] = field(default_factory=dict)
    positive: str | None = None
    limits: tuple[float, float] | None = None
    features: int = 0
    repeated: int | None = None
    files: Mapping[str, InspectedFile] = field(default_factory=dict)
    marks: MissingMarks = STANDARD
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def inspect_data(options: Mapping[str, Any]) -> Inspection:
    """Inspect the data of a dataset section.

    options: the section, such as {"path": "train.csv", "target": "price"}. Raises DataError if the
    data cannot be read at all.
    """
    try:
        table = load_table(options)
    except UnfitColumnsError as error:
        return _of_unfit_columns(error)
    target = table.y.astype(np.float64)
    values = _values_of_features(table) | {table.target_name: different_values(target)}
    values |= _values_of_identifiers(table.reports)
    hashes = row_hashes(table.X, table.y)
    found = Inspection(
        rows=len(table.y),
        columns=table.reports or _reports_on_arrays(table),
        values=values,
        ranges=ranges_of_table(table),
        target=table.target_name,
        task=options.get("task") or suitable_task(table),
        features=len(table.feature_names),
        repeated=repeated(hashes),
        marks=table.missing_marks,
        notes=table.notes,
    )
    try:
        found = _with_target(found, table, given=options.get("task") is not None)
        found = _with_positive(found, table, options.get("positive"))
        _require_finite(table)
        return _with_files(found, table, hashes, options)
    except DataError as error:
        return replace(found, problems=error.problems)


def with_likely_target(
    found: Inspection, options: dict[str, Any]
) -> tuple[Inspection, dict[str, Any]]:
    """Return the inspection with the target that training on a file chooses, and the new options.

    Training prefers a column with a name such as label to the last column. found: the inspection of
    the data with `options`, which name no target.
    """
    likely = likely_target(column.name for column in found.columns)
    if likely in (None, found.target):
        return found, options
    options = {**options, "target": likely}
    last = f"target={found.target} chooses the last column"
    note = f"the target is {likely} because of its name; {last}"
    chosen = inspect_data(options)
    return replace(chosen, notes=(note, *chosen.notes)), options


def filling_as_training(found: Inspection, filled: Inspection) -> Inspection:
    """Return the inspection of what training does if the user does not set `missing`.

    Training on a data file then replaces missing values by the mean. found, filled: the inspections
    of the same data with `missing: error` and with `missing: mean`. If a column has missing
    values, returns `filled`, with a note if it is a column of features; else `found`.
    """
    gaps = [column.name for column in found.columns if column.missing]
    if not gaps:
        return found
    if gaps == [found.target]:  # Nothing is filled: rows without a target are dropped.
        return filled
    note = (
        "training fills missing values because `missing` is not set; "
        "missing: drop removes such rows"
    )
    return replace(filled, notes=(*filled.notes, note))


def _with_target(found: Inspection, table: Table, *, given: bool) -> Inspection:
    """Return the inspection with the classes or the limits of the target.

    given: whether the options name the task.

    Raises DataError if the target does not suit the task.
    """
    if found.task == "regression":
        y = real_targets(table)
        return replace(found, limits=(float(y.min()), float(y.max())))
    codes, labels = class_codes(table, declared=given)
    counts = np.bincount(codes, minlength=len(labels)).tolist()
    # More than two whole numbers can be classes or numbers; two, such as 0 and 1, are classes.
    in_doubt = not given and not table.classes and len(labels) > 2
    return replace(found, in_doubt=in_doubt, classes=dict(zip(labels, counts, strict=True)))


def _with_positive(found: Inspection, table: Table, wanted: str | None) -> Inspection:
    """Return the inspection with the positive class. wanted: its label; None for the second class.

    Raises DataError if `wanted` is not one of two classes.
    """
    labels = tuple(found.classes)
    if wanted is not None:
        rows = list(found.classes.values())
        require_two_classes(table, np.repeat(np.arange(len(rows)), rows), labels)
        return replace(found, positive=labels[positive_code(labels, wanted)])
    return replace(found, positive=labels[1]) if len(labels) == 2 else found


def _require_finite(table: Table) -> None:
    """Raise DataError if a table on disk has a missing or infinite value: none is filled in."""
    if isinstance(table.X, np.memmap):
        column_statistics(table.X, np.ones(len(table.y), dtype=bool), table.name)


def _with_files(
    found: Inspection, table: Table, hashes: Array, options: Mapping[str, Any]
) -> Inspection:
    """Return the inspection with the files of the validation and test parts.

    hashes: the hashes of the rows of the table.

    Raises DataError if the rows of a file cannot be used.
    """
    files = part_files(options)
    if not files:
        return found
    fill = fill_of(
        table, np.arange(len(table.y)), gaps=not isinstance(table.X, np.memmap) and has_nan(table.X)
    )
    sources = table.sources or columns_of_numbers(table.feature_names)
    encoding = Encoding(sources, fill, missing=table.missing_marks)
    ordered = np.sort(hashes)
    inspected, notes = {}, list(found.notes)
    for name, file in files.items():
        part = file.read(table, encoding, tuple(found.classes))
        also = known(row_hashes(part.X, part.y), ordered)
        inspected[name] = InspectedFile(file.path, len(part.y), also)
        notes += part.notes
    return replace(found, files=inspected, notes=tuple(notes))


def _of_unfit_columns(error: UnfitColumnsError) -> Inspection:
    rows = len(error.columns[0].values) if error.columns else 0
    # The values of a text identifier are numbers of texts, which mean nothing.
    left_out = {each.name for each in error.reports if each.kind == "identifier"}
    values = {
        column.name: different_values(column.values)
        for column in error.columns
        if not column.source.buckets
    }
    return Inspection(
        rows=rows,
        columns=error.reports,
        values=values | _values_of_identifiers(error.reports),
        ranges=ranges_of_columns(each for each in error.columns if each.name not in left_out),
        target=error.target,
        marks=error.marks,
        problems=error.problems,
    )


def _values_of_identifiers(reports: Iterable[ColumnReport]) -> dict[str, int]:
    """The number of different values of each identifier, which is in no feature."""
    return {each.name: each.different for each in reports if each.kind == "identifier"}


def _values_of_features(table: Table) -> dict[str, int]:
    """The number of different values of each column that became features."""
    found, start = {}, 0
    for source in table.sources or columns_of_numbers(table.feature_names):
        stop = start + len(source.feature_names)
        if not source.buckets:
            found[source.name] = _values_of(source, table.X[:, start:stop])
        start = stop
    return found


def _values_of(source: SourceColumn, features: Numbers) -> int:
    if source.labels:
        return len(source.labels)
    at = source.parts.index("days") if source.parts else 0
    with np.errstate(invalid="ignore"):  # the cast of a signalling NaN warns
        return different_values(np.asarray(features[:, at], dtype=np.float64))


def _reports_on_arrays(table: Table) -> tuple[ColumnReport, ...]:
    """The reports on a table of numbers that was not read from columns of cells."""
    low, high = table.X.min(axis=0), table.X.max(axis=0)
    reports = [
        ColumnReport(name, "constant", 0, "a number, always the same", (name,))
        if constant
        else ColumnReport(name, "number", 0, "a number", (name,))
        for name, constant in zip(table.feature_names, low == high, strict=True)
    ]
    kind = "category" if table.classes else "number"
    return (*reports, ColumnReport(table.target_name, kind, 0, "the target"))  # type: ignore[arg-type]
