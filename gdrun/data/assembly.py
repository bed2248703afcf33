"""Make a table from the columns of a file: choose the features and treat missing values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.cells import STANDARD, MissingMarks
from gdrun.data.column_options import FILLINGS, Choices
from gdrun.data.column_report import UNUSABLE, ColumnReport, report_on
from gdrun.data.columns import (
    Column,
    KindError,
    count,
    counted_in_row,
    shortened,
)
from gdrun.data.date_columns import with_numbered_dates
from gdrun.data.feature_matrix import laid_out
from gdrun.data.places import Places
from gdrun.data.row_numbers import EMPTY, note_on_identifier, note_on_target, why_left_out
from gdrun.data.sentinels import note_on_sentinel, notes_on_words
from gdrun.data.stray_classes import strays_in
from gdrun.data.stray_texts import problems_of
from gdrun.data.table import DROPPED, Table
from gdrun.errors import DataError, Problem

Read = Callable[[int], Column]
"""A function that reads the column at a position."""


class UnfitColumnsError(DataError):
    """The error for columns that cannot be used.

    reports: for each column its kind and what it becomes. columns: the columns that could be read.
    target: the name of the target. marks: the cells that count as missing.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        reports: tuple[ColumnReport, ...] = (),
        columns: Sequence[Column] = (),
        target: str = "",
        marks: MissingMarks = STANDARD,
    ) -> None:
        super().__init__(problems)
        self.target = target
        self.marks = marks
        self.reports = reports
        self.columns = tuple(columns)


def assembled(
    choices: Choices,
    read: Read,
    places: Places,
    notes: Sequence[str] = (),
    *,
    separator: str = "",
    memory: Numbers | None = None,
) -> Table:
    """Return the table of the chosen columns of a file or a query.

    Each label of a category becomes a 0/1 column; labels of the target become class codes.

    choices: the target and the treatment of each column. read: a function that returns the column
    at a position. places: the place of each row, for messages. notes: sentences for the user; the
    table has these and further ones. separator: the hint, on the separators that gdrun reads, for a
    file with a single column; empty for a file without separators. memory (N, k + 1): a matrix
    whose first k columns are numbers that `read` returns; its last column is not used. The features
    may be written over it. None if there is no such matrix.
    Raises one UnfitColumnsError with the problems of all columns, and another DataError if the
    table has no rows or no feature.
    """
    names, where = choices.names, places.table
    columns: dict[int, Column] = {}
    reports: dict[int, ColumnReport] = {}
    errors: list[DataError] = []
    for j in choices.chosen:
        try:
            header = names.header[j] if names.header else None
            columns[j] = with_numbered_dates(read(j), header, places, choices.reading(j))
        except DataError as error:
            errors.append(error)
            kind = error.kind if isinstance(error, KindError) else "text"
            becomes = UNUSABLE if j != choices.target else "the target"
            reports[j] = ColumnReport(names.names[j], kind, 0, becomes)
    if columns and not len(next(iter(columns.values())).values):
        raise DataError("has no rows", where=where, hint="add a row for each example")
    reasons = _left_out(columns, choices)
    for j, column in columns.items():
        if j not in reasons and j != choices.target and choices.missing(j) == "indicator":
            column = replace(column, source=replace(column.source, indicator=column.missing > 0))
            columns[j] = column
        reports[j] = report_on(column, target=j == choices.target, left_out=reasons.get(j, ""))
    used = {j: column for j, column in columns.items() if j not in reasons}
    gaps = _problems_of_missing(used, choices, places)
    if errors or gaps:
        raise UnfitColumnsError(
            [*shortened(problems_of(errors)), *gaps],
            tuple(reports[j] for j in sorted(reports)),
            list(columns.values()),
            names.names[choices.target],
            choices.options.marks,
        )
    if len(used) < 2 and reasons:
        raise _without_features(reasons, choices, where)
    if len(used) < 2:
        raise DataError(
            f"has no column except the target, {names.names[choices.target]!r}",
            where=where,
            hint=separator or "a table needs a column of features",
        )
    for j, column in used.items():
        said = note_on_sentinel(column, choices.options)
        header = names.header[j] if names.header else None
        if j == choices.target:
            said += note_on_target(column, header)
        elif j not in choices.kept:
            said += note_on_identifier(column, header, choices.options)
        used[j] = replace(column, notes=(*column.notes, *said))
    left_out = [_note_on(choices, j, why) for j, why in reasons.items()]
    declared = {choices.target, *choices.labelled}
    words = notes_on_words((used[j] for j in used if j not in declared), choices.options)
    return _table(
        used,
        choices,
        places,
        [*notes, *left_out, *words],
        reports,
        memory,
    )


def _left_out(columns: dict[int, Column], choices: Choices) -> dict[int, str]:
    """Return why columns are not features: the position of each such column, and the reason."""
    found = {}
    for j, column in columns.items():
        if j == choices.target or j in choices.kept or j in choices.labelled:
            continue
        header = choices.names.header[j] if choices.names.header else None
        if why := why_left_out(column, header):
            found[j] = why
    if len(found) == len(columns) - 1 and choices.target in columns:
        # A table of one column against another, such as y for x = 0, 1, 2, …, has a feature.
        named = [j for j in found if choices.names.header and choices.names.header[j]]
        numbers = [j for j in named if not columns[j].left_out and not columns[j].empty]
        for j in numbers[:1]:
            del found[j]
    return found


def _without_features(reasons: dict[int, str], choices: Choices, where: str) -> DataError:
    """The error for a table in which every column but the target is left out.

    reasons: why each column is left out, by its position.
    """
    j, why = next(iter(reasons.items()))
    name, others = choices.names.names[j], len(reasons) - 1
    verb = "is" if others == 1 else "are"
    also = f"; {count(others, 'other column')} {verb} left out too" if others else ""
    return DataError(
        f"has no feature: {name} is left out, because {why}{also}",
        where=where,
        hint=f"write {choices.options.adding('keep', name)} to make it a feature; or choose "
        "another target",
    )


def _note_on(choices: Choices, position: int, why: str) -> str:
    header, options = choices.names.header, choices.options
    if not header or header[position]:
        name = choices.names.names[position]
        return f"left out {name}: {why}; {options.adding('keep', name)} makes it a feature"
    note = f"left out column {position}, which has no name: {why}"
    return (
        note if why == EMPTY else f"{note}; {options.adding('keep', position)} makes it a feature"
    )


def _problems_of_missing(
    columns: dict[int, Column], choices: Choices, places: Places
) -> list[Problem]:
    empty = [
        Problem(
            "the column is empty",
            f"{places.table} {column.name}",
            "choose another target"
            if j == choices.target
            else choices.options.leaving_out(column.name),
        )
        for j, column in columns.items()
        if column.empty
    ]
    if empty:
        return shortened(empty)
    gaps = [
        Problem(
            counted_in_row(column.gaps, "missing", places),
            places.cell(int(column.gaps.argmax()), column.name),
        )
        for j, column in columns.items()
        if choices.missing(j) == "error" and column.missing
    ]
    if not gaps:
        return []
    drop, mean = (choices.options.filling(how) for how in ("drop", "mean"))
    hint = f"set {drop} to remove such rows, or {mean} to use the training mean"
    gaps = shortened(gaps)
    return [*gaps[:-1], replace(gaps[-1], hint=hint)]


def _table(
    columns: dict[int, Column],
    choices: Choices,
    places: Places,
    notes: list[str],
    reports: dict[int, ColumnReport],
    memory: Numbers | None,
) -> Table:
    """The table of columns that can be used, by position, one of which is the target.

    reports: the reports on all columns, by position. memory: as for `assembled`.
    """
    total = len(columns[choices.target].values)
    incomplete, kept = _incomplete(columns, choices), None
    if incomplete.any():
        if incomplete.all():
            raise DataError(
                f"each of the {total} rows has a missing value, so dropping them leaves no row",
                where=places.table,
                hint="set missing: mean to keep rows with a target and fill their missing values",
            )
        dropping = any(choices.missing(j) == "drop" for j in columns)
        why = "values are missing" if dropping else "the target is missing"
        notes.append(f"{DROPPED} {incomplete.sum()} of {count(total, 'row')} because {why}")
        columns = {j: column.keep(~incomplete) for j, column in columns.items()}
        kept = np.flatnonzero(~incomplete)
        # A label that occurs only in dropped rows does not become a feature.
        reports |= {
            j: replace(report_on(column, target=j == choices.target), missing=reports[j].missing)
            for j, column in columns.items()
        }
        memory = None
    notes += [note for column in columns.values() for note in column.notes]
    filled: dict[str, list[str]] = {}
    for j, column in columns.items():
        if j != choices.target and column.missing:
            text = f"{column.name} ({column.missing})"
            filled.setdefault(_filled_by(column, choices.missing(j)), []).append(text)
    notes += [f"missing values {how}: {', '.join(names)}" for how, names in filled.items()]
    target = columns[choices.target]
    features = {j: column for j, column in columns.items() if j != choices.target}
    sources = tuple(column.source for column in features.values())
    wide = laid_out(sources, [column.values for column in features.values()], memory)
    return Table(
        name=places.table,
        X=wide[:, :-1],
        wide=wide,
        y=np.array(target.values, dtype=np.int64 if target.labels else np.float64),
        feature_names=tuple(feature for source in sources for feature in source.feature_names),
        target_name=target.name,
        classes=target.labels,
        notes=tuple(notes),
        sources=sources,
        fillings=tuple(how if how in FILLINGS else "" for how in map(choices.missing, features)),
        options=choices.options,
        decimal=choices.decimal,
        reports=tuple(reports[j] for j in sorted(reports)),
        kept=kept,
        left_out=tuple(name for j, name in enumerate(choices.names.names) if j not in columns),
        strays=strays_in(target, kept, places, choices.options),
    )


def _incomplete(columns: dict[int, Column], choices: Choices) -> Flags:
    """Whether each row is dropped, (N,).

    A row is dropped if it has no target, or a missing value in a column with `missing: drop`.
    """
    gaps = [columns[choices.target].gaps]
    gaps += [
        column.gaps
        for j, column in columns.items()
        if column.missing and choices.missing(j) == "drop"
    ]
    dropped: Flags = np.logical_or.reduce(gaps)
    return dropped


def _filled_by(column: Column, how: str) -> str:
    """How missing values of a column are filled, in words; see gdrun.data.filling."""
    if how == "indicator":
        return "have a feature of their own (NAME.missing)"
    if column.labels or column.source.form == "boolean" or how == "most_frequent":
        return "are replaced by the most frequent value of the training rows"
    return f"are replaced by the {how} of the training rows"
