"""Columns of dates: from text, from numbers such as 20240131, or with a date type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.cells import Cells
from gdrun.data.column_options import ColumnReading
from gdrun.data.columns import Column, KindError
from gdrun.data.dates import dates_in, numbered_dates, parts_of, seconds
from gdrun.data.encoding import DATE_FORMS, SourceColumn
from gdrun.data.places import Places
from gdrun.data.row_numbers import IDENTIFIER

FEWEST_NUMBERED = 3
"""In a column with fewer different numbers, all numbers may be dates by chance."""


def dates_from_texts(
    name: str,
    cells: Cells,
    filled: Flags,
    places: Places,
    reading: ColumnReading,
    texts: Sequence[str],
) -> Column:
    """The column of dates with these cells.

    filled (N,): False for a cell that is a missing value. places: the place of each row, for
    messages. reading: how to read the column. texts: the different texts of the other cells. Raises
    DataError if the dates are refused, wrong or ambiguous.
    """
    row = int(filled.argmax())
    where, shown = places.cell(row, name), f"{cells.text(row)!r} {places.here(row)}"
    otherwise = "choose another target" if reading.target else reading.options.leaving_out(name)
    if reading.target or reading.dates == "refuse":
        raise KindError(
            f"the column has dates, such as {shown}",
            kind="date",
            where=where,
            hint=f"{otherwise}; or replace them by numbers, such as the days since a start"
            if reading.target
            else f"set dates: encode to use their year, month, weekday and days; or {otherwise}",
        )
    found = dates_in(texts)
    if len(found) > 1 and reading.dates in found:
        found = {form: moments for form, moments in found.items() if form == reading.dates}
    if len(found) > 1:
        raise KindError(
            f"the column has dates whose first number may be the day or the month, such as {shown}",
            kind="date",
            where=where,
            hint=f"set dates: day_first or dates: month_first; or {otherwise}",
        )
    if not found:
        raise KindError(
            f"the column has dates that cannot all be read, such as {_unreadable_date(texts)!r}",
            kind="date",
            where=f"{places.table} {name}",
            hint=f"write all of them as 2024-01-31 or 2024-01-31 17:30; or {otherwise}; "
            f"or read them as labels with {reading.options.adding('categories', name)}",
        )
    ((form, moments),) = found.items()
    return date_column(name, cells.by_text(filled, moments.__getitem__), form)


def date_column(name: str, moments: Numbers, form: str = "date") -> Column:
    """A column of dates.

    moments (N,): seconds from 1970-01-01, NaN if missing. form: how the dates are written, one of
    DATE_FORMS, for reading new rows.
    """
    (known,) = (each for each in DATE_FORMS if each == form)
    source = SourceColumn(name, form=known, parts=parts_of(moments))
    note = f"{name} has dates, which become {', '.join(source.feature_names)}"
    return Column(moments, source, notes=(note,))


def with_numbered_dates(
    column: Column, header: str | None, places: Places, reading: ColumnReading
) -> Column:
    """Return a column of numbers such as 20240131 as dates; return any other column unchanged.

    The numbers are dates if all of them are dates from 1900 to 2100, and at least FEWEST_NUMBERED
    of them differ. The target, a column that the option `keep` lists, and a column with the name of
    an identifier are never dates. header: the name in the file; None in a file without names.
    places: the place of each row, for messages. reading: how to read the column. Raises DataError
    if dates are refused.
    """
    if column.source.form != "number" or reading.target or reading.kept or not len(column.values):
        return column
    if header is not None and IDENTIFIER.fullmatch(header):
        return column
    # A few values rule out most columns before all values are read.
    if numbered_dates(column.values[:FEWEST_NUMBERED]) is None:
        return column
    moments = numbered_dates(column.values)
    if moments is None or len(np.unique(moments[~np.isnan(moments)])) < FEWEST_NUMBERED:
        return column
    name, row = column.name, int((~np.isnan(moments)).argmax())
    shown, keep = f"{column.values[row]:.0f}", reading.options.adding("keep", name)
    if reading.dates == "refuse":
        raise KindError(
            f"the column has dates written as numbers, such as {shown} {places.here(row)}",
            kind="date",
            where=places.cell(row, name),
            hint=f"to use the numbers themselves, set {keep}; or set dates: encode; "
            f"or {reading.options.leaving_out(name)}",
        )
    source = SourceColumn(name, form="date_number", parts=parts_of(moments))
    note = (
        f"{name} has dates written as numbers, such as {shown}, which become "
        f"{', '.join(source.feature_names)}; to use the numbers themselves, set {keep}"
    )
    return Column(moments, source, notes=(note,))


def _unreadable_date(texts: Sequence[str]) -> str:
    """A text that is no date in the form that most of the texts have."""
    unread = {form: [t for t in texts if seconds(t, form) is None] for form in DATE_FORMS}  # type: ignore[arg-type]
    return min(unread.values(), key=len)[0]


def typed_dates(name: str, moments: Numbers, places: Places, reading: ColumnReading) -> Column:
    """A column of dates. moments (N,): seconds from 1970-01-01, NaN if missing.

    places: the place of the table, for messages. reading: how to read the column. Raises DataError
    if dates are refused, or if the column is the target.
    """
    if reading.target or reading.dates == "refuse":
        encoding = "set dates: encode to use their year, month, weekday and days"
        raise KindError(
            "the column has dates or times",
            kind="date",
            where=f"{places.table} {name}",
            hint="choose another target"
            if reading.target
            else f"{reading.options.leaving_out(name)}; or {encoding}",
        )
    return date_column(name, moments)
