"""Dates and times: their forms in text, and the features that they become.

Understood are ISO 8601 (2024-01-31, 2024-01-31T17:30, 2024-01-31 17:30:05.25+01:00), the same with
slashes or points, and days before or after months with the year in four digits (31.01.2024,
1/31/2024), each with or without a time. A number such as 20240131 is a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from gdrun.array_types import Array, Numbers

Dates = Literal["encode", "refuse", "day_first", "month_first"]
DateForm = Literal["date", "day_first", "month_first"]

PARTS = ("year", "month", "weekday", "hour", "days")
"""The features of a date: weekday 0 is Monday; days counts from 1970-01-01, with fractions."""

DAY = 86400.0
"""The number of seconds of a day."""

_TIME = r"(?:[T ](\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d\d?)\2(\d\d?){_TIME}")
_YEAR_LAST = re.compile(rf"(\d\d?)([-/.])(\d\d?)\2(\d{{4}}){_TIME}")
_DAY_OR_MONTH: tuple[DateForm, ...] = ("day_first", "month_first")
LIKE_A_DATE = re.compile(r"(\d{4}([-/.])\d\d?\2\d\d?|\d\d?([-/.])\d\d?\3\d{2}(\d\d)?)([T ]\d.*)?")
"""The form of a text that is probably a date, also if gdrun does not understand it."""


def dates_in(texts: Sequence[str]) -> dict[DateForm, dict[str, float]]:
    """The forms in which all these texts can be read as dates, each with the seconds of each text.

    >>> dates_in(["1970-01-02"]), [*dates_in(["31.1.2024", "1.2.2024"])]
    ({'date': {'1970-01-02': 86400.0}}, ['day_first'])
    >>> [*dates_in(["3/4/2024"])]
    ['day_first', 'month_first']
    """
    year_first: tuple[DateForm, ...] = ("date",)
    forms = year_first if _YEAR_FIRST.fullmatch(texts[0]) else _DAY_OR_MONTH
    found: dict[DateForm, dict[str, float]] = {}
    for form in forms:
        moments: dict[str, float] = {}
        for text in texts:
            if (moment := seconds(text, form)) is None:
                break
            moments[text] = moment
        else:
            found[form] = moments
    return found


def seconds(text: str, form: DateForm) -> float | None:
    """The seconds from 1970-01-01 to the date in a text; None if it is no date of this form.

    A time without an offset counts as UTC.

    >>> seconds("1970-01-02 01:00", "date"), seconds("2/1/1970", "day_first")
    (90000.0, 86400.0)
    """
    found = (_YEAR_FIRST if form == "date" else _YEAR_LAST).fullmatch(text)
    if not found:
        return None
    first, _, second, third, hour, minute, second_of, fraction, offset = found.groups()
    year, month, day = first, second, third
    if form != "date":
        year, month, day = third, *((second, first) if form == "day_first" else (first, second))
    h, m, s = (int(part or 0) for part in (hour, minute, second_of))
    try:
        moment = datetime(int(year), int(month), int(day), h, m, s, tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() + float(fraction or 0) - _offset(offset).total_seconds()


def _offset(text: str | None) -> timedelta:
    """The offset of a time from UTC, such as +01:00."""
    if not text or text == "Z":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def seconds_of(moments: Array) -> Numbers:
    """The seconds from 1970-01-01 to the moments of a datetime64 array (N,); NaN for NaT.

    >>> seconds_of(np.array(["1970-01-02", "NaT"], dtype="datetime64[D]"))
    array([86400.,    nan])
    """
    found: Numbers = (moments - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    return found


def date_features(moments: Numbers, parts: Sequence[str]) -> Numbers:
    """The features (N, k) of N moments, one for each of k parts.

    moments (N,): seconds from 1970-01-01; NaN is a missing value, and all its features are NaN.
    """
    missing = np.isnan(moments)
    days = np.where(missing, 0, moments) / DAY
    dates = np.floor(days).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]")
    found = {
        "year": years.astype(np.int64) + 1970,
        "month": (months - years).astype(np.int64) + 1,
        # 1970-01-01 was a Thursday.
        "weekday": (dates.astype(np.int64) + 3) % 7,
        "hour": np.floor((days - np.floor(days)) * 24 + 1e-9),
        "days": days,
    }
    features = np.stack([found[part] for part in parts], axis=1).astype(np.float64)
    features[missing] = np.nan
    return features


def parts_of(moments: Numbers) -> tuple[str, ...]:
    """The parts that are features of these moments (N,): the hour only if one is not midnight."""
    known = moments[~np.isnan(moments)]
    return PARTS if (known % DAY).any() else tuple(part for part in PARTS if part != "hour")
