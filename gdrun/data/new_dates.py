"""Dates and booleans in new rows for a trained model: in texts, numbers and moments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.booleans import boolean_value
from gdrun.data.cells import cell_value
from gdrun.data.dates import DateForm, numbered_dates, seconds, seconds_of
from gdrun.data.encoding import Form, SourceColumn
from gdrun.errors import DataError

Place = Callable[[int], str]
"""A function from the index of a row to its place in a message, such as new.csv:3."""

DATE_ORDERS: dict[Form, DateForm] = {"day_first": "day_first", "month_first": "month_first"}


def parsed_cell(text: str, form: Form) -> float | None:
    """The value of a boolean or of a date in a text; None for any other text.

    form: the form of the column. A date with its year first is understood in a column of any form
    of dates.
    """
    if form == "boolean":
        return boolean_value(text)
    value = seconds(text, "date")
    if value is not None or form == "date":
        return value
    if form != "date_number":
        return seconds(text, DATE_ORDERS[form])
    number = cell_value(text)
    found = None if number is None else numbered_dates(np.array([number]))
    return None if found is None or np.isnan(found[0]) else float(found[0])


def dates_of_numbers(numbers: Numbers, name: str, place: Place) -> Numbers:
    """The seconds from 1970-01-01 to the dates in n numbers such as 20240131, (n,).

    name: the name of the column. place: a function that returns the place of a row, for messages.
    Raises DataError for the first number that is no date.
    """
    found = numbered_dates(numbers)
    if found is not None:
        return found
    row = next(r for r in range(len(numbers)) if numbered_dates(numbers[r : r + 1]) is None)
    raise DataError(
        f"{numbers[row]:.15g} is not a date such as 20240131",
        where=f"{place(row)} {name}",
        hint="this column had dates as numbers in training; correct the value",
    )


def dates_of_moments(moments: Array, column: SourceColumn, place: Place) -> Numbers:
    """The seconds from 1970-01-01 to n moments of a datetime64 array, (n,); NaN for NaT.

    column: the column as it was in training. place: a function that returns the place of a row, for
    messages. Raises DataError if the column had no dates in training.
    """
    if not column.parts:
        raise DataError(
            f"{moments[0]} is a date",
            where=f"{place(0)} {column.name}",
            hint="this column had no dates in training; give values like those in training",
        )
    return seconds_of(moments)
