"""What the columns of a text file become: numbers, booleans, dates, categories, or errors."""

import json
import re
from datetime import datetime
from time import process_time

import duckdb
import numpy as np
import pytest

from gdrun.data import load_table
from gdrun.errors import DataError


def rows(*cells):
    return "".join(f'"{cell}",{i}\n' for i, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("12%", "3%", "40.5 %"), (12, 3, 40.5)),
        (("$501,600", "$20", "$-7.5"), (501600, 20, -7.5)),
        (("-$1,000.25", "17", "3 USD"), None),
        (("-$1,000.25", "17", "3"), (-1000.25, 17, 3)),
        (("3 €", "4.5 €", "1,000 €"), (3, 4.5, 1000)),
        (("1'234.5", "1 000 000", "5"), (1234.5, 1e6, 5)),
        # Negative numbers as accountants, Unicode and SAP write them.
        (("(3.50)", "2", "($1,000.25)"), (-3.5, 2, -1000.25)),
        (("\u22121.5", "1.5", "+2"), (-1.5, 1.5, 2)),
        (("1,234.50-", "2.25", "0.50-"), (-1234.5, 2.25, -0.5)),
    ],
)
def test_numbers_with_marks(read, refused, cells, numbers):
    text = "a,y\n" + rows(*cells)
    if numbers is None:  # two currencies are no unit
        assert refused(text).startswith(
            "error: made.csv:4 a: 2 of its 3 different values are numbers such as '-$1,000.25'; "
            "the other is '3 USD' (1 row)\nhint: correct this cell; or "
        )
        return
    table = read(text)
    assert table.feature_names == ("a",)
    assert table.X[:, 0].tolist() == list(numbers)
    said = f"a has numbers with marks: {cells[0]} is read as {numbers[0]:.15g}"
    assert table.notes == (said,)
    assert len(read(text, categories="a").feature_names) == 3


def test_marks_of_grades_are_no_minus(read):
    assert read("a,y\n" + rows("2-", "3-", "2")).feature_names == ("a=2", "a=2-", "a=3-")


def test_a_percent_sign_in_some_cells_only_is_refused(refused):
    # 0.12 may be 12 %.
    said = refused("a,y\n" + rows("12%", "3%", "0.05"))
    assert said.startswith(
        "error: made.csv:4 a: 2 of its 3 different values are numbers such as '12%'; "
        "the other is '0.05' (1 row)\nhint: correct this cell; or "
    )


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("odd", ["€1.234,50", "1.234,50", "1.234,50 €", "£90.10", "90.10 EUR"])
def test_one_amount_of_another_form_is_named(tmp_path, odd, typed):
    """Row 41, and so line 43 of the CSV file, is odd; 60 other cells are amounts as €2.25.

    The hint, set as it is written, leaves out this row only.
    """
    own = [k + 0.25 for k in range(61)]
    cells = [f"€{value}" for value in own]
    cells[41] = odd
    path = tmp_path / "made.csv"
    path.write_text("a,y\n" + rows(*cells))
    where = f"{path}:43"
    if typed:
        path, source = tmp_path / "made.parquet", path
        duckdb.sql(f"SELECT * FROM read_csv('{source}', delim=',')").write_parquet(str(path))
        where = str(path)
    with pytest.raises(DataError) as caught:
        load_table({"path": str(path)})
    assert str(caught.value) == (
        f"error: {where} a: 60 of its 61 different values are numbers such as '€0.25'; "
        f"the other is '{odd}' (1 row)\nhint: correct this cell; or read them as missing values "
        f'with missing_values: ["standard", "{odd}"]; or leave it out with ignore: ["a"]'
    )
    table = load_table({"path": str(path), "missing": "drop", "missing_values": ["standard", odd]})
    assert table.X[:, 0].tolist() == own[:41] + own[42:]


def test_one_decimal_comma_among_decimal_points_is_to_be_corrected(refused):
    """The decimal comma for the whole file would make errors of the other numbers."""
    said = refused("a,y\n" + rows("1.25", "2.5", "3,75", "4.5"))
    assert said == (
        "error: made.csv:4 a: 1 number with a decimal comma, such as '3,75' in this line\n"
        "hint: write all numbers of the file with the same sign"
    )


def test_the_unit_in_the_message_is_in_the_cell(refused):
    """The first number has no unit: line 3 is the first with one."""
    said = refused("a,y\n" + rows("5", "70 kg", "80 kg", "65 kg"))
    assert said.startswith(
        "error: made.csv:3 a: the column has numbers with a sign or unit, such as '70 kg'"
    )


@pytest.mark.parametrize(
    "cells",
    [
        ("70 kg", "80kg", "65.5 KG"),
        ("12 °C", "-3 °C", "+4.5 °C"),
        ("5 zł", "7,5 zł", "1 200 zł"),
        ("12 people", "1 People", "3 people"),
        ("10 m/s", "8.5 m/s", "-3 m/s"),
        ("R$ 5", "R$ 7", "R$ 1.200"),
        ("Rs. 500", "Rs. 600", "Rs. 7"),
        ("16GB", "8GB", "32GB"),
    ],
)
def test_numbers_with_another_unit(refused, read, cells):
    text = "a,y\n" + rows(*cells)
    said = refused(text)
    assert said.startswith(
        f"error: made.csv:2 a: the column has numbers with a sign or unit, such as {cells[0]!r} in "
        "this line\nhint: write only the number in each cell; or "
    )
    assert said.endswith('; or read them as labels with categories: ["a"]')
    assert len(read(text, categories="a").feature_names) == 3
    # A target of few values would be one class for each of them.
    swapped = "b,y\n" + "".join(f'{k * k % 7},"{cells[k % 3]}"\n' for k in range(12))
    assert refused(swapped).startswith(
        f"error: made.csv:2 y: the column has numbers with a sign or unit, such as {cells[0]!r}"
    )
    assert len(read(swapped, categories="y").classes) == 3


@pytest.mark.parametrize(
    "cells",
    [
        ("A11", "A12", "A13"),
        ("10th", "11th", "12th"),
        ("zone 1", "zone 2", "zone 3"),
        ("5-10", "10-15", "15-20"),
        ("1+", "2+", "3+"),
        ("3door", "5door", "hatchback"),
    ],
)
def test_codes_with_numbers_are_categories(read, cells):
    assert read("a,y\n" + rows(*cells)).feature_names == tuple(
        f"a={cell}" for cell in sorted(cells)
    )
    swapped = "b,y\n" + "".join(f"{k * k % 7},{cells[k % 3]}\n" for k in range(12))
    assert read(swapped).classes == tuple(sorted(cells))


def test_a_price_as_target_is_a_number(read):
    table = read("a,price\n" + "".join(f'{i % 5},"$50{i},600"\n' for i in range(9)))
    assert table.classes == ()
    assert table.y.tolist() == [500600 + 1000 * i for i in range(9)]


@pytest.mark.parametrize(
    ("false", "true"),
    [("no", "yes"), ("False", "True"), ("FALSE", "TRUE"), ("f", "t"), ("N", "Y"), ("off", "ON")],
)
def test_booleans_are_one_column(read, false, true):
    table = read(f"open,y\n{true},1\n{false},2\n{true.title()},3\n")
    assert table.feature_names == ("open",)
    assert table.X.tolist() == [[1], [0], [1]]
    # As labels they are two columns, and as a target classes.
    assert len(read(f"open,y\n{true},1\n{false},2\n", categories="open").feature_names) == 2
    assert read(f"open,y\n{true},1\n{false},2\n", target="open").classes == tuple(
        sorted((false, true))
    )


@pytest.mark.parametrize("cells", [("yes", "true"), ("yes", "maybe", "no"), ("m", "f"), ("yes",)])
def test_other_texts_are_categories(read, cells):
    text = "a,y\n" + rows(*cells)
    assert read(text).feature_names == tuple(f"a={cell}" for cell in sorted(cells))


# Weekdays by a calendar: 2020-01-31 was a Friday (4), 2020-02-01 a Saturday, 2021-03-04 a Thursday.
# Days since 1970-01-01 by datetime.date.toordinal.
DATES = [[2020, 1, 4, 18292], [2020, 2, 5, 18293], [2021, 3, 3, 18690]]


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


@pytest.mark.parametrize(
    "cells", [("2020-01", "2020-02", "2021-03"), ("Jan 2020", "February 2020", "Mar-2021")]
)
def test_a_month_is_its_first_day(read, cells):
    # 2020-01-01 is the day 18262; then 31 days, and 29 + 365 more.
    table = read("sold,y\n" + rows(*cells))
    assert table.X[:, [0, 1, 3]].tolist() == [[2020, 1, 18262], [2020, 2, 18293], [2021, 3, 18687]]


@pytest.mark.parametrize(
    "cells",
    [
        ("2020Q1", "2020Q2", "2021q4"),
        ("2020-Q1", "2020 Q2", "2021-Q4"),
        ("Q1 2020", "Q2-2020", "Q4 2021"),
    ],
)
def test_a_quarter_is_its_first_day(read, cells):
    # 2020-01-01 is the day 18262; 91 days later is April 1, and 2021-10-01 is 366 + 273 days later.
    table = read("sold,y\n" + rows(*cells))
    assert table.X[:, [0, 1, 3]].tolist() == [[2020, 1, 18262], [2020, 4, 18353], [2021, 10, 18901]]


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
        "error: made.csv at: has 30 different times without a date, such as 00:00\n"
        "hint: write them as numbers, such as 17.5 hours for 17:30; or read them as labels with "
        'categories: ["at"]; or leave it out with ignore: ["at"]'
    )
    few = read("at,y\n" + rows(*["09:30", "17:30"] * 9))
    assert len(few.feature_names) == 2
    note = "at has times without a date, which are read as labels; as numbers, write 17.5 hours for"
    assert few.notes[0].startswith(note)


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([f"{k // 60}:{k % 60:02}:00" for k in range(0, 1000, 40)], "times without a date"),
        ([f"{k}/{k + 1}" for k in range(1, 26)], "fractions"),
    ],
)
def test_many_amounts_are_no_labels_although_they_are_repeated(refused, read, cells, what):
    text = "at,y\n" + rows(*cells * 4)
    assert f"has 25 different {what}, such as" in refused(text)
    # Both next moves of the hint work.
    labelled = read(text, categories=("at",))
    assert len(labelled.feature_names) == 25
    assert not any("labels" in note for note in labelled.notes)
    assert read("n," + text.replace("\n", "\n1,").rstrip("1,"), ignore=("at",)).feature_names == (
        "n",
    )
    assert (
        f"at has {what}, which are read as labels" in read("at,y\n" + rows(*cells[:5] * 4)).notes[0]
    )


def test_zeros_in_front_of_numbers_are_said(read):
    text = "zip,n,y\n" + "".join(f"{131 * i:05},{i % 3},{i}\n" for i in range(12))
    assert read(text).notes[0] == (
        "zip has numbers with leading zeros, which are lost: 00000 is read as 0; to keep the "
        'zeros, read labels with categories: ["zip"]'
    )
    assert read(text, categories="zip").notes == ()
    assert read(text.replace("\n0", "\n9")).notes == ()


def test_zeros_of_a_column_that_is_left_out_are_not_said(read):
    """The numbers 00001 to 00040 in another order number the rows, so that no zero matters."""
    text = "no,n,y\n" + "".join(f"{1 + 7 * i % 40:05},{i % 3},{i}\n" for i in range(40))
    (note,) = read(text).notes
    assert note.startswith("left out no: it numbers the rows")
    kept = read(text, keep=["no"]).notes
    assert any("no has numbers with leading zeros" in each for each in kept)


def test_a_table_without_features_says_why(refused):
    text = "code,y\n" + rows(*(f"A-{i}" for i in range(30)))
    assert refused(text) == (
        "error: made.csv: has no feature: code is left out, because each row has a different text, "
        'like an identifier, such as A-0\nhint: write keep: ["code"] to make it a feature; or '
        "choose another target"
    )


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


def test_problems_of_all_columns_are_reported_together(refused):
    text = "sold,code,age,y\n" + "".join(
        f"2020-01-{i % 28 + 1:02},note {i} end,{i or ''},{i}\n" for i in range(30)
    )
    said = refused(text, dates="refuse")
    assert "made.csv:2 sold: the column has dates" in said
    assert "made.csv code: has 30 different texts" in said
    assert "made.csv:2 age: 1 of 30 values is missing" in said


def test_hashed_texts(read, refused):
    text = "remark,y\n" + "".join(f"note {i % 40} end,{i}\n" for i in range(60))
    table = read(text, hash=16)
    # The same hash, written by itself.
    import hashlib

    def bucket(text):
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") % 16

    used = sorted({bucket(f"note {i} end") for i in range(40)})
    assert table.feature_names == tuple(f"remark#{number}" for number in used)
    expected = [
        [float(bucket(f"note {i % 40} end") == number) for number in used] for i in range(60)
    ]
    assert table.X.tolist() == expected
    assert table.notes == (
        f"remark: 40 texts are hashed into 16 buckets, of which {len(used)} are used; "
        f"{40 - len(used)} collisions",
    )
    assert read(text, hash="2**4").feature_names == table.feature_names
    assert refused(text, hash=1).startswith(
        "error: dataset.hash: must be a whole number of buckets from 2 to 2**31, got 1"
    )


def test_a_category_called_na(read):
    text = "country,y\nNA,1\nDE,2\nNA,3\n?,4\n"
    table = read(text, missing_values=["?"], missing="drop")
    assert table.feature_names == ("country=DE", "country=NA")
    assert table.X.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_numbers_that_mean_missing(read):
    table = read("a,b,y\n-999,1,1\n5,-999.0,2\n7,3,3\n", missing="mean", missing_values=[-999])
    np.testing.assert_array_equal(table.X, [[np.nan, 1], [5, np.nan], [7, 3]])


@pytest.mark.parametrize("word", ["\u2013", "#DIV/0!", "missing"])
def test_a_word_for_missing_among_numbers(refused, read, word):
    # Also if it is in most of the cells: without it there are numbers alone.
    text = "a,y\n" + rows(*(word if i % 3 else f"{i}.5" for i in range(12)))
    said = refused(text)
    assert said == (
        f"error: made.csv:3 a: 8 cells of text among 4 numbers, such as {word!r} in this line\n"
        f'hint: if it means a missing value, set missing_values: ["standard", "{word}"]; or read '
        'them as labels with categories: ["a"]'
    )
    table = read(text, missing_values=("standard", word), missing="mean")
    assert table.X[:, 0].tolist()[::3] == [0.5, 3.5, 6.5, 9.5]
    assert np.isnan(table.X[:, 0]).sum() == 8


def test_codes_with_as_many_words_as_numbers_are_a_category(read):
    assert len(read("a,y\n" + rows("A", "B", "C", "1", "2")).feature_names) == 5


def test_labels_that_differ_in_case_are_said(read):
    table = read("town,y\n" + rows("north", "South", "North", "south", "West"))
    assert len(table.feature_names) == 5
    assert table.notes == ("town has labels that differ only in case, such as North and north",)


def test_an_empty_target_is_no_column_to_leave_out(refused):
    said = refused("a,y\n1,\n2,\n3,\n", missing="mean")
    assert said == "error: made.csv y: the column is empty\nhint: choose another target"


def test_a_feature_that_mixes_numbers_and_words_may_be_a_category(read, refused):
    text = "doors,y\n2,1\n3,2\n4,3\n5more,4\n2,5\n"
    assert refused(text).endswith('or read them as labels with categories: ["doors"]')
    table = read(text, categories=["doors"])
    assert table.feature_names == ("doors=2", "doors=3", "doors=4", "doors=5more")
    assert table.X.tolist()[3:] == [[0, 0, 0, 1], [1, 0, 0, 0]]


def test_a_column_of_numbers_may_be_a_category(read):
    table = read("zip,y\n53111,1\n01067,2\n53111,3\n", categories=0)
    assert table.feature_names == ("zip=01067", "zip=53111")
    assert table.X.tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("option", ["categories", "keep", "missing"])
def test_a_column_that_does_not_exist(refused, option):
    value = {"zap": "mean"} if option == "missing" else "zap"
    assert refused("zip,y\n1,2\n", **{option: value}) == (
        f"error: dataset.{option}: made.csv has no column 'zap'\nhint: did you mean zip?"
    )


@pytest.mark.parametrize("sign", ["\x1b", "\x01", "\x9b", "\x7f"])
def test_control_characters_are_not_shown(refused, sign):
    code = f"0x{ord(sign):02x}"
    said = refused(f"a,y\nok,1\nx{sign}[31m,2\n")
    assert said.startswith(f"error: made.csv:3 a: a text contains the control character {code}")
    said = refused(f"a{sign},y\n1,2\n")
    assert said.startswith("error: made.csv:1: the name of column 0 contains the control chara")
    assert sign not in said


@pytest.mark.parametrize(
    ("number", "others", "said"),
    [
        ("-999", ("1.5", "2.5", "3.5"), True),
        ("-9", ("1", "2", "3", "4", "5"), True),  # 10 below 1, and the range is 4
        ("99999", ("120", "300"), True),
        ("-9", ("-8", "4", "5"), False),
        ("99", ("80", "100", "120"), False),
        ("-998", ("1.5", "2.5"), False),
        ("-99", ("-1.7e308", "1.7e308"), False),
        ("-99", ("7", "7"), False),  # with a single other value it may be a code
    ],
)
def test_a_number_far_from_the_others_may_mean_missing(read, number, others, said):
    text = "a,b,y\n" + "".join(
        f"{cell},{row * row},{row}\n" for row, cell in enumerate([number, *others, number])
    )
    table = read(text)
    low, high = min(map(float, others)), max(map(float, others))
    note = (
        f"a has {number} in 2 cells, far from its other values ({low:g} to {high:g}); if it means "
        f'a missing value, set missing_values: ["standard", {number}]'
    )
    assert table.notes == ((note,) if said else ())
    cured = read(text, missing_values=("standard", int(number)), missing="mean")
    assert np.isnan(cured.X[[0, -1], 0]).all()
    assert not any("far from" in note for note in cured.notes)
    # A single one may be a typing error.
    assert read(text.rsplit("\n", 2)[0] + "\n").notes == ()


@pytest.mark.parametrize("start", ["(1", "1", "1 000,5", "Jan 31", "0"])
@pytest.mark.parametrize("sign", [" ", "1", "\u00a0"])
def test_long_cells_take_no_time(read, start, sign):
    # A pattern that goes back and forth over 20,000 signs needs a minute; others, milliseconds.
    cells = [f"{start}{20_000 * sign}{end}" for end in "xy"]
    before = process_time()
    table = read("a;y\n" + "".join(f"{cell};{row}\n" for row, cell in enumerate(cells)))
    assert process_time() - before < 2
    assert len(table.feature_names) == 2


@pytest.mark.parametrize(
    ("mark", "decimal"), [("{} €", "."), ("{} %", "."), ("{} €", ","), ("${}", "."), ("{}", ",")]
)
def test_a_few_texts_among_numbers_with_marks_may_mean_missing(read, refused, mark, decimal):
    """52 of 60 rows have different numbers; the hint, set as it is written, reads them."""
    own = [1 + k / 4 for k in range(52)]
    cells = [mark.format(str(value).replace(".", decimal)) for value in own]
    cells += ["k.A."] * 7 + ["n/v"]
    text = "a;y\n" + "".join(f'"{cell}";{k}\n' for k, cell in enumerate(cells))
    said = refused(text, decimal=decimal)
    if mark == "{}":  # Plain numbers have their own message.
        assert "8 cells of text among 52 numbers" in said
    else:
        assert said == (
            f"error: made.csv:54 a: 52 of its 54 different values are numbers such as "
            f"'{min(cells[:52])}'; "
            "the others are 'k.A.' (7 rows), 'n/v' (1 row)\n"
            'hint: if they mean a missing value, set missing_values: ["standard", "k.A.", "n/v"]; '
            'or correct these cells; or leave it out with ignore: ["a"]'
        )
    table = read(text, decimal=decimal, missing="drop", missing_values=["k.A.", "n/v"])
    assert table.X[:, 0].tolist() == own


def test_numbers_with_another_decimal_sign_and_a_text_name_both(read, refused):
    cells = [f"{k},25 €" for k in range(40)] + ["offen"]
    text = "a;y\n" + "".join(f"{cell};{k}\n" for k, cell in enumerate(cells))
    said = refused(text, decimal=".")
    assert (
        "40 of its 41 different values are numbers such as '0,25 €'; the other is 'offen' (1 row)"
        in said
    )
    assert 'set missing_values: ["standard", "offen"] and decimal: ","' in said
    table = read(text, decimal=",", missing="drop", missing_values=["offen"])
    assert table.X[:, 0].tolist() == [k + 0.25 for k in range(40)]


def test_texts_of_which_many_are_no_numbers_are_texts(refused):
    """45 of 51 different texts are below 90 %, and 6 texts are too many to list as missing."""
    cells = [f"{k}.5 €" for k in range(45)] + [f"text {k}" for k in range(6)]
    assert "51 different texts in 51 rows" in refused("a,y\n" + rows(*cells))
    cells = [f"{k}.5 €" for k in range(60)] + [f"text {k}" for k in range(6)]
    said = refused("a,y\n" + rows(*cells))
    assert "'text 0' (1 row), 'text 1' (1 row), 'text 2' (1 row) and 3 more" in said
    assert "\nhint: correct these cells; or leave it out with" in said


@pytest.mark.parametrize(
    ("name", "unit"), [("temp", " °C"), ("feed rate", " m/s"), ("order", "GB")]
)
def test_the_query_in_the_hint_removes_a_unit(refused, name, unit):
    """The numbers are those that were formatted; many different ones are no categories."""
    numbers = [1000 + 3.5 * k for k in range(40)]
    cells = [f"{number:,.1f}{unit}" for number in numbers]
    cells[7] = "n/a"
    said = refused(f"{name},y\n" + rows(*cells))
    assert "categories" not in said
    assert said.endswith(f'leave it out with ignore: ["{name}"]')
    query = json.loads(re.search(r'query: ("(?:[^"\\]|\\.)*")', said)[1])
    table = load_table({"query": query, "missing": "mean"})
    assert np.isnan(table.X[7, 0])
    assert np.delete(table.X[:, 0], 7).tolist() == numbers[:7] + numbers[8:]


@pytest.mark.parametrize("unit", ["", "%"])
def test_the_missing_values_in_a_hint_read_the_column(refused, read, unit):
    """The column also has a mark of the standard list, which the option must keep."""
    cells = [f"{k + 0.5}{unit}" for k in range(60)]
    cells[3] = cells[9] = "k.A."
    cells[5] = "n/a"
    text = "a,y\n" + rows(*cells)
    marks = re.search(r"missing_values: (\[.*?\])", refused(text, missing="mean"))[1]
    table = read(text, missing="mean", missing_values=tuple(json.loads(marks)))
    assert np.flatnonzero(np.isnan(table.X[:, 0])).tolist() == [3, 5, 9]


MIXED = ("", "n/a", "-", "unknown", "?", "N/A", "NA", "none", "k.A.")
"""Spellings of no value; `unknown` and `k.A.` are not in the standard list."""


def test_each_hint_keeps_the_lists_in_force(refused, read):
    """Typing the hints one after the other reads the table; no hint loses an earlier one."""
    text = "size,kind,note,y\n" + "".join(
        f"{MIXED[k % 9] if k % 4 == 0 else k + 0.5},{MIXED[k % 8] if k % 3 == 0 else 'ab'[k % 2]},"
        f"text {k * k} of {k},{k}\n"
        for k in range(90)
    )
    options = {"missing": "mean", "missing_values": ("standard", "k.A."), "ignore": ("kind",)}
    said = refused(text, **options)
    assert 'set missing_values: ["standard", "k.A.", "unknown"]; or' in said
    assert 'leave it out with ignore: ["kind", "note"]' in said
    options |= {"missing_values": ("standard", "k.A.", "unknown"), "ignore": ("kind", "note")}
    table = read(text, **options)
    # Every fourth row has a spelling; no other cell is missing, and no spelling is a label.
    assert np.flatnonzero(np.isnan(table.X[:, 0])).tolist() == list(range(0, 90, 4))
    table = read(text, **options | {"ignore": ("size", "note")})
    assert table.feature_names == ("kind=a", "kind=b")


def test_notes_keep_the_lists_in_force(read):
    """One column is named already in each list to which a note adds another."""
    text = "id,row_id,extra,zip,stamp,y\n" + "".join(
        f"{k * 7 + 1},{k * 5 + 2},{k % 3},{k % 4},202401{k % 28 + 1:02},{k * k}\n"
        for k in range(60)
    )
    notes = read(text, ignore=("extra",), keep=("zip",)).notes
    assert any(note.endswith('; keep: ["zip", "id"] makes it a feature') for note in notes)
    assert any(
        note.endswith('the numbers themselves, set keep: ["zip", "stamp"]') for note in notes
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": "median"}, 'set missing: {"a": "median", "*": "drop"} to remove'),
        ({"b": "error", "*": "mean"}, 'set missing: {"*": "mean"} to remove'),
        ("error", "set missing: drop to remove such rows, or missing: mean to use"),
    ],
)
def test_the_hint_on_missing_values_keeps_the_choice_of_other_columns(refused, given, expected):
    assert expected in refused("a,b,y\n1,,1\n,2,2\n3,4,3\n5,6,4\n", missing=given)


def test_a_word_that_is_a_category_leaves_the_other_marks_in_force(read):
    """The list in the note, typed, makes labels of the words that it names, and of no other."""
    cells = [("None", "Attached", "n/a", "Detached")[k % 4] if k % 8 else "" for k in range(64)]
    text = "garage,y\n" + "".join(f"{cell},{k}\n" for k, cell in enumerate(cells))
    options = {"missing": "most_frequent", "missing_values": ("standard", "k.A.")}
    note = next(n for n in read(text, **options).notes if "if it is a category" in n)
    marks = json.loads(re.search(r"missing_values: (\[.*?\])", note)[1])
    assert "k.a." in marks and "?" in marks
    assert "none" not in marks and "n/a" not in marks
    table = read(text, missing="most_frequent", missing_values=tuple(marks))
    assert table.sources[0].labels == ("Attached", "Detached", "None", "n/a")


def test_a_word_that_may_mean_missing_in_columns_of_text_is_said_once(read):
    """A third of two columns is unknown; one cell of 90 is below 2 %, and may be an accident."""
    text = "job,loan,town,y\n" + "".join(
        f"{('unknown', 'cook', 'smith')[k % 3]},{('yes', 'unknown', 'no')[k % 3]},"
        f"{'unknown' if k == 7 else 'Ulm' if k % 2 else 'Bonn'},{k}\n"
        for k in range(90)
    )
    added = ("?", "unknown")
    assert read(text, missing_values=("?",)).notes == (
        'read as a label: "unknown" in job, loan; if it means a missing value, set '
        'missing_values: ["?", "unknown"]',
    )
    cured = read(text, missing_values=added, missing="most_frequent", ignore="town")
    assert cured.feature_names == ("job=cook", "job=smith", "loan")  # loan is yes or no
    declared = read(text, categories=["job", "loan"])
    assert not any("unknown" in note for note in declared.notes)
