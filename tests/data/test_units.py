"""Numbers with signs, units and marks in the cells of a text file: read, or refused by name."""

import json
import re
from time import process_time

import duckdb
import numpy as np
import pytest
from csv_rows import rows

from gdrun.data import load_table
from gdrun.errors import DataError


@pytest.mark.longer
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


@pytest.mark.longer
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
        f'with missing_values: ["standard", "{odd}"] and missing: drop; or leave it out with '
        'ignore: ["a"]'
    )
    table = load_table({"path": str(path), "missing": "drop", "missing_values": ["standard", odd]})
    assert table.X[:, 0].tolist() == own[:41] + own[42:]


def test_one_decimal_comma_among_decimal_points_is_to_be_corrected(refused):
    """The decimal comma for the whole file would make errors of the other numbers."""
    said = refused("a,y\n" + rows("1.25", "2.5", "3,75", "4.5"))
    assert said == (
        "error: made.csv:4 a: 1 number has a decimal comma, such as '3,75' in this line, "
        "but the data are read with a decimal point\n"
        "hint: write all numbers with the same sign"
    )


def test_the_unit_in_the_message_is_in_the_cell(refused):
    """The first number has no unit: line 3 is the first with one."""
    said = refused("a,y\n" + rows("5", "70 kg", "80 kg", "65 kg"))
    assert said.startswith(
        "error: made.csv:3 a: the column has numbers with a sign or unit, such as '70 kg'"
    )


@pytest.mark.longer
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


def test_a_price_as_target_is_a_number(read):
    table = read("a,price\n" + "".join(f'{i % 5},"$50{i},600"\n' for i in range(9)))
    assert table.classes == ()
    assert table.y.tolist() == [500600 + 1000 * i for i in range(9)]


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


@pytest.mark.longer
@pytest.mark.parametrize("start", ["(1", "1", "1 000,5", "Jan 31", "0"])
@pytest.mark.parametrize("sign", [" ", "1", "\u00a0"])
def test_long_cells_take_no_time(read, start, sign):
    # A pattern that goes back and forth over 20,000 signs needs a minute; others, milliseconds.
    cells = [f"{start}{20_000 * sign}{end}" for end in "xy"]
    before = process_time()
    table = read("a;y\n" + "".join(f"{cell};{row}\n" for row, cell in enumerate(cells)))
    assert process_time() - before < 2
    assert len(table.feature_names) == 2


@pytest.mark.longer
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
            'hint: if they mean a missing value, set missing_values: ["standard", "k.A.", "n/v"] '
            'and missing: drop; or correct these cells; or leave it out with ignore: ["a"]'
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


@pytest.mark.longer
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
