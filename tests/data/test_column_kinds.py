"""Columns that are neither numbers nor categories are refused by name."""

import pytest


def rows(*cells):
    return "".join(f'"{cell}",{i}\n' for i, cell in enumerate(cells))


@pytest.mark.parametrize(
    "cells",
    [
        ("12%", "3%", "40.5 %"),
        ("$501,600", "$20", "$7.5"),
        ("3 €", "4,5 €", "1.000 €"),
        ("70 kg", "80kg", "65.5 KG"),
        ("12 °C", "-3 °C", "+4.5 °C"),
    ],
)
def test_numbers_with_a_unit(refused, read, cells):
    text = "a,y\n" + rows(*cells)
    assert refused(text) == (
        f"error: made.csv:2 a: the column has numbers with a sign or unit, such as {cells[0]!r} in "
        "this line\nhint: write only the number in each cell; or read it as labels with "
        'categories: ["a"]'
    )
    assert len(read(text, categories="a").feature_names) == 3


def test_a_price_as_target_is_no_class(refused):
    said = refused("a,price\n" + "".join(f'{i % 5},"$50{i},600"\n' for i in range(40)))
    assert said.startswith("error: made.csv:2 price: the column has numbers with a sign or unit")


@pytest.mark.parametrize(
    "cells",
    [
        ("2020-01-31", "2020-02-01", "2021-03-04"),
        ("2020-01-31 12:00:00", "2020-02-01T00:00", "2021-03-04"),
        ("31.12.2020", "1.1.21", "3.4.2021"),
        ("12/31/2020", "1/1/2021", "3/4/2021"),
    ],
)
def test_dates(refused, cells):
    assert refused("sold,y\n" + rows(*cells)) == (
        f"error: made.csv:2 sold: the column has dates, such as {cells[0]!r} in this line\n"
        "hint: replace them by numbers, such as the year or the days since a start; "
        'or leave it out with ignore: ["sold"]'
    )


def test_dates_gaps_and_identifiers_are_reported_together(refused):
    text = "sold,code,y\n" + "".join(f"2020-01-{i % 28 + 1:02},c{i},{i}\n" for i in range(30))
    said = refused(text)
    assert "made.csv:2 sold: the column has dates" in said
    assert "made.csv code: has 30 different texts" in said


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


def test_a_category_that_does_not_exist(refused):
    assert refused("zip,y\n1,2\n", categories="zap") == (
        "error: dataset.categories: made.csv has no column 'zap'\nhint: did you mean zip?"
    )


@pytest.mark.parametrize("sign", ["\x1b", "\x01", "\x9b", "\x7f"])
def test_control_characters_are_not_shown(refused, sign):
    code = f"0x{ord(sign):02x}"
    said = refused(f"a,y\nok,1\nx{sign}[31m,2\n")
    assert said.startswith(f"error: made.csv:3 a: a text contains the control character {code}")
    said = refused(f"a{sign},y\n1,2\n")
    assert said.startswith("error: made.csv:1: the name of column 0 contains the control chara")
    assert sign not in said
