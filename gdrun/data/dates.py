"""Dates and times: their forms in text, and the features that they become.

These forms are dates:

    year first      2024-01-31, 2024-01-31T17:30, 2024-01-31 17:30:05.25+01:00 (ISO 8601); also with
                    slashes or points
    year last       31.01.2024, 1/31/2024: day or month first, and four digits of the year
    month by name   31 Jan 2024, January 31, 2024: in English
    month           2024-01, Jan 2024: its first day
    quarter         2024Q1, 2024-Q1, Q1 2024: its first day

A time may follow the date, also with AM or PM. Numbers such as 20240131 are dates if all numbers of
a column are dates from the years 1900 to 2100 and at least three of them differ. Numbers such as
202401 or 2024 are never dates.
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

_TIME = (
    r"(?:[T ]\s*(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?(?:\s*([AaPp][Mm]))?"
    r"(?:\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?"
)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d\d?)\2(\d\d?){_TIME}")
_YEAR_LAST = re.compile(rf"(\d\d?)([-/.])(\d\d?)\2(\d{{4}}){_TIME}")
_YEAR_MONTH = re.compile(r"(\d{4})([-/])(0[1-9]|1[0-2])")
_QUARTER = re.compile(
    r"(?P<year>\d{4})[- ]?[Qq](?P<q>[1-4])|[Qq](?P<q2>[1-4])[-/ ](?P<year2>\d{4})"
)
_DAY = r"(?P<day>\d\d?)(?:st|nd|rd|th|\.)?"
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_NAMED_MONTH = tuple(
    re.compile(rf"(?:[A-Za-z]{{3,9}},?\s+)?{date},?[-/ ]\s*(?P<year>\d{{4}})(?:,? (?P<time>\d.*))?")
    for date in (rf"{_DAY}[-/ ]\s*{_MONTH}", rf"{_MONTH}[-/ ]\s*{_DAY}", _MONTH)
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_DAY_OR_MONTH: tuple[DateForm, ...] = ("day_first", "month_first")
_LIKE_A_DATE = re.compile(r"(\d{4}([-/.])\d\d?\2\d\d?|\d\d?([-/.])\d\d?\3\d{2}(\d\d)?)([T ]\d.*)?")
TIME_OF_DAY = re.compile(r"\d{1,3}:\d\d(:\d\d(\.\d+)?)?(\s*[AaPp][Mm])?")
"""The form of a time without a date, or of a duration, such as 17:30."""


def is_like_a_date(text: str) -> bool:
    """Whether a text is probably a date, also if gdrun does not understand it.

    >>> is_like_a_date("31.1.24"), is_like_a_date("Jan 31, 2024"), is_like_a_date("May fair 2024")
    (True, True, False)
    """
    return _LIKE_A_DATE.fullmatch(text) is not None or seconds(text, "date") is not None


def dates_in(texts: Sequence[str]) -> dict[DateForm, dict[str, float]]:
    """The seconds from 1970-01-01 to the date in each text, for each form that all texts have.

    >>> dates_in(["1970-01-02"]), [*dates_in(["31.1.2024", "1.2.2024"])]
    ({'date': {'1970-01-02': 86400.0}}, ['day_first'])
    >>> [*dates_in(["3/4/2024"])]
    ['day_first', 'month_first']
    """
    year_first: tuple[DateForm, ...] = ("date",)
    forms = _DAY_OR_MONTH if _YEAR_LAST.fullmatch(texts[0]) else year_first
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

    A time without an offset counts as UTC. In the form `date` the year comes first, or the month is
    written by its name.

    >>> seconds("1970-01-02 01:00", "date"), seconds("2/1/1970", "day_first")
    (90000.0, 86400.0)
    >>> seconds("2 Jan 1970", "date"), seconds("January 2, 1970 1:00 PM", "date")
    (86400.0, 133200.0)
    """
    if form == "date":
        found = _YEAR_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(_in_numbers(text))
    else:
        found = _YEAR_LAST.fullmatch(text)
    if not found:
        return None
    first, _, second, third, hour, minute, second_of, fraction, half, offset = found.groups()
    year, month_of, day = first, second, third
    if form != "date":
        year = third
        month_of, day = (second, first) if form == "day_first" else (first, second)
    h, m, s = (int(part or 0) for part in (hour, minute, second_of))
    if half:
        # 12 AM is midnight, and 12 PM noon; 13 PM does not exist.
        h = -1 if not 1 <= h <= 12 else h % 12 + 12 * (half[0] in "Pp")
    try:
        moment = datetime(int(year), int(month_of), int(day), h, m, s, tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() + float(fraction or 0) - _offset(offset).total_seconds()


def _in_numbers(text: str) -> str:
    """Return a date with the name of its month, a month, or a quarter in the form 2024-1-31.

    Other texts are returned unchanged.

    >>> _in_numbers("Wed, 31 Jan 2024 17:30:00 GMT"), _in_numbers("2024-01")
    ('2024-1-31 17:30:00 GMT', '2024-01-01')
    >>> _in_numbers("Jan-2024"), _in_numbers("2024Q4"), _in_numbers("3 red 2024")
    ('2024-1-1', '2024-10-1', '3 red 2024')
    """
    if _YEAR_MONTH.fullmatch(text):
        return f"{text}{text[4]}01"
    if quarter := _QUARTER.fullmatch(text):
        number = int(quarter["q"] or quarter["q2"])
        return f"{quarter['year'] or quarter['year2']}-{3 * number - 2}-1"
    for form in _NAMED_MONTH:
        if not (found := form.fullmatch(text)):
            continue
        parts = found.groupdict()
        name = "sep" if parts["month"].lower() == "sept" else parts["month"].lower()
        for number, month in enumerate(_MONTHS, start=1):
            if name in (month, month[:3]):
                time = f" {parts['time']}" if parts["time"] else ""
                return f"{parts['year']}-{number}-{parts.get('day', '1')}{time}"
    return text


def numbered_dates(numbers: Numbers) -> Numbers | None:
    """The seconds from 1970-01-01 to the dates in numbers such as 20240131; NaN for NaN.

    numbers (N,). Returns None if one of them is no date from the years 1900 to 2100.

    >>> numbered_dates(np.array([19700102.0, np.nan])), numbered_dates(np.array([20230229.0]))
    (array([86400.,    nan]), None)
    """
    missing = np.isnan(numbers)
    known = numbers[~missing]
    if not ((known >= 1900_01_01) & (known <= 2100_12_31) & (known % 1 == 0)).all():
        return None
    year, rest = np.divmod(known.astype(np.int64), 10_000)
    month, day = np.divmod(rest, 100)
    months = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1)
    if not ((month >= 1) & (month <= 12) & (dates.astype("datetime64[M]") == months)).all():
        return None
    found = np.full(len(numbers), np.nan)
    found[~missing] = seconds_of(dates)
    return found


def _offset(text: str | None) -> timedelta:
    """The offset of a time from UTC, such as +01:00."""
    if text in (None, "Z", "UTC", "GMT"):
        return timedelta()
    assert text is not None
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
    parts: some of year, month, weekday, hour and days (since 1970-01-01).
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
