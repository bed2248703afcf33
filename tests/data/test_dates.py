"""Dates and times in the columns of a text file: read in every form, or refused."""

from datetime import datetime

import numpy as np
import pytest
from csv_rows import rows

# Weekdays by a calendar: 2020-01-31 was a Friday (4), 2020-02-01 a Saturday, 2021-03-04 a Thursday.
# Days since 1970-01-01 by datetime.date.toordinal.
DATES = [[2020, 1, 4, 18292], [2020, 2, 5, 18293], [2021, 3, 3, 18690]]


@pytest.mark.longer
@pytest.mark.parametrize(
    "cells",
    [
        ("2020-01-31", "2020-02-01", "2021-03-04"),
        ("2020/1/31", "2020/2/1", "2021/3/4"),
        ("31.01.2020", "1.2.2020", "4.3.2021"),
        ("1/31/2020", "2/1/2020", "3/4/2021"),
        ("31-1-2020", "01-02-2020", "04-03-2021"),
        ("31 Jan 2020", "1 February 2020", "4 mar 2021"),
        ("January 31, 2020", "Feb 1, 2020", "Mar. 4 2021"),
        ("31-Jan-2020", "01-Feb-2020", "04-MAR-2021"),
        ("Fri, 31 Jan 2020", "Saturday 1st February 2020", "Thu 4th Mar, 2021"),
        ("31. January 2020", "2020-02-01", "4/Mar/2021"),
    ],
)
def test_dates(read, refused, cells):
    text = "sold,y\n" + rows(*cells)
    table = read(text)
    assert table.feature_names == ("sold.year", "sold.month", "sold.weekday", "sold.days")
    assert table.X.tolist() == DATES
    assert table.notes == (
        "sold has dates, which become sold.year, sold.month, sold.weekday, sold.days",
    )
    assert refused(text, dates="refuse") == (
        f"error: made.csv:2 sold: the column has dates, such as {cells[0]!r} in this line\n"
        "hint: set dates: encode to use their year, month, weekday and days; "
        'or leave it out with ignore: ["sold"]'
    )


def test_times(read):
    cells = ("2020-01-31 12:00", "2020-02-01T18:30:00.5", "2021-03-04T01:00:00+02:00")
    table = read("sold,y\n" + rows(*cells))
    assert table.feature_names[3:] == ("sold.hour", "sold.days")
    # 1 o'clock in a place two hours ahead is 23 o'clock UTC on the day before.
    assert table.X[:, 3].tolist() == [12, 18, 23]
    np.testing.assert_allclose(
        table.X[:, 4], [18292.5, 18293 + (18.5 + 0.5 / 3600) / 24, 18689 + 23 / 24], rtol=1e-14
    )


@pytest.mark.parametrize(
    "cells",
    [
        ("1/31/2020 12:00 AM", "1/31/2020 12:30 PM", "1/31/2020 1:05:06 pm"),
        ("31 Jan 2020 0:00", "Jan 31 2020 12:30", "31 Jan 2020 13:05:06"),
        ("2020-01-31 00:00 UTC", "2020-01-31T12:30Z", "31 Jan 2020 13:05:06 GMT"),
    ],
)
def test_times_with_half_days_and_names(read, cells):
    table = read("sold,y\n" + rows(*cells))
    assert table.X[:, :3].tolist() == [DATES[0][:3]] * 3
    assert table.X[:, 3].tolist() == [0, 12, 13]
    hours = 24 * (table.X[:, 4] - 18292)
    np.testing.assert_allclose(hours, [0, 12.5, 13 + 5 / 60 + 6 / 3600], atol=1e-9)


# 2020-01-01 is the day 18262; then 31 days, and 29 + 365 more.
MONTHS = [[2020, 1, 18262], [2020, 2, 18293], [2021, 3, 18687]]
# 91 days after 2020-01-01 is April 1, and 2021-10-01 is 366 + 273 days after it.
QUARTERS = [[2020, 1, 18262], [2020, 4, 18353], [2021, 10, 18901]]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("cells", "first_days"),
    [
        (("2020-01", "2020-02", "2021-03"), MONTHS),
        (("Jan 2020", "February 2020", "Mar-2021"), MONTHS),
        (("2020Q1", "2020Q2", "2021q4"), QUARTERS),
        (("2020-Q1", "2020 Q2", "2021-Q4"), QUARTERS),
        (("Q1 2020", "Q2-2020", "Q4 2021"), QUARTERS),
    ],
)
def test_a_month_or_a_quarter_is_its_first_day(read, cells, first_days):
    table = read("sold,y\n" + rows(*cells))
    assert table.X[:, [0, 1, 3]].tolist() == first_days


@pytest.mark.parametrize(
    "cells",
    [
        ("May fair 2020", "Jan"),
        ("2012-13", "2011-12"),
        ("2020Q5", "2020Q1"),
        ("31 Foo 2020", "1 Jan 2020"),
    ],
)
def test_texts_that_resemble_dates_are_categories(read, cells):
    assert len(read("sold,y\n" + rows(*cells)).feature_names) == 2


def test_times_without_a_date_are_no_identifiers(refused, read):
    text = "at,y\n" + rows(*(f"{i % 24:02}:{7 * i % 60:02}" for i in range(30)))
    assert refused(text) == (
        "error: made.csv at: has 30 different times without a date, such as 00:00, which are "
        "not read as numbers, and are too many for categories\n"
        "hint: write them as numbers, such as 17.5 hours for 17:30; or read them as labels with "
        'categories: ["at"]; or leave it out with ignore: ["at"]'
    )
    few = read("at,y\n" + rows(*["09:30", "17:30"] * 9))
    assert len(few.feature_names) == 2
    note = "at has times without a date, which are read as labels; as numbers, write 17.5 hours for"
    assert few.notes[0].startswith(note)


def test_the_first_number_of_a_date_may_be_the_day_or_the_month(read, refused):
    text = "sold,y\n03/04/2024,1\n05/06/2024,2\n"
    assert refused(text) == (
        "error: made.csv:2 sold: the column has dates whose first number may be the day or the "
        "month, such as '03/04/2024' in this line\nhint: set dates: day_first or dates: "
        'month_first; or leave it out with ignore: ["sold"]'
    )
    assert read(text, dates="day_first").X[:, 1].tolist() == [4, 6]
    assert read(text, dates="month_first").X[:, 1].tolist() == [3, 5]


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (("2020-01-31", "2020-02-30", "2020-03-01"), "2020-02-30"),
        (("31.1.2020", "1.31.2020", "2.1.2020"), "1.31.2020"),
        (("2020-01-31", "2020-01-30", "1.2.2020"), "1.2.2020"),
        (("31.12.20", "30.12.20"), "30.12.20"),
    ],
)
def test_dates_that_cannot_all_be_read(refused, cells, wrong):
    assert refused("sold,y\n" + rows(*cells)).startswith(
        f"error: made.csv sold: the column has dates that cannot all be read, such as {wrong!r}\n"
        "hint: write all of them as 2024-01-31"
    )


DAYS = ("20240131", "20240229", "19991231", "20240131")


def test_dates_written_as_numbers(read):
    table = read("sold,y\n" + rows(*DAYS))
    dates = [datetime.strptime(day, "%Y%m%d") for day in DAYS]
    assert table.feature_names == ("sold.year", "sold.month", "sold.weekday", "sold.days")
    assert table.X.tolist() == [
        [date.year, date.month, date.weekday(), (date - datetime(1970, 1, 1)).days]
        for date in dates
    ]
    assert table.reports[0].kind == "date"
    assert table.notes == (
        "sold has dates written as numbers, such as 20240131, which become sold.year, sold.month, "
        'sold.weekday, sold.days; to use the numbers themselves, set keep: ["sold"]',
    )


def test_dates_written_as_numbers_with_gaps(read):
    table = read("sold,y\n" + rows(*DAYS, ""), missing="mean")
    assert np.isnan(table.X[-1]).all() and table.X[0, 0] == 2024


@pytest.mark.longer
@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (("20240131", "20240201", "20240131"), {}),  # two different numbers may be chance
        ((*DAYS, "20230229"), {}),
        ((*DAYS, "18991231"), {}),
        ((*DAYS, "21010101"), {}),
        ((*DAYS, "20241301"), {}),
        ((*DAYS, "20240100"), {}),
        ((*DAYS, "20240131.5"), {}),
        (("202401", "202402", "202403"), {}),
        (DAYS, {"keep": "sold"}),
    ],
)
def test_numbers_that_are_no_dates(read, cells, options):
    table = read("sold,y\n" + rows(*cells), **options)
    assert table.feature_names == ("sold",)
    assert table.X[:, 0].tolist() == [float(cell) for cell in cells]


def test_dates_written_as_numbers_can_be_refused(read, refused):
    text = "sold,y\n" + rows(*DAYS)
    assert refused(text, dates="refuse") == (
        "error: made.csv:2 sold: the column has dates written as numbers, such as 20240131 in this "
        'line\nhint: to use the numbers themselves, set keep: ["sold"]; or set dates: '
        'encode; or leave it out with ignore: ["sold"]'
    )
    assert read(text, dates="refuse", keep="sold").feature_names == ("sold",)


def test_targets_and_identifiers_are_no_dates(read):
    table = read("a,sold\n" + "".join(f"{k % 3},{day}\n" for k, day in enumerate(DAYS)))
    assert table.y.tolist() == [float(day) for day in DAYS]
    table = read("a,order_id,y\n" + "".join(f"{k % 3},{d},{k}\n" for k, d in enumerate(DAYS)))
    assert "order_id" in table.feature_names


def test_dates_as_target_are_refused(refused):
    text = "a,sold\n" + "".join(f"{i % 5},2020-01-{i + 1:02}\n" for i in range(25))
    assert refused(text).startswith("error: made.csv:2 sold: the column has dates, such as")
