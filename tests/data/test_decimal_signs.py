"""Decimal commas and points, and marks between thousands: read right, or refused by name."""

import pandas
import pytest

from gdrun.data import load_table
from gdrun.errors import DataError

SALARIES = "salary;score;y\n1,200;3.5;1\n950;2.25;2\n12,500;4.75;3\n700;1.5;4\n"
UNCLEAR = "size;y\n7;1\n2,155;2\n3,100;3\n"


def test_commas_between_thousands_beside_decimal_points(read):
    # 1,200 read as 1.2 would give a mean salary of 415.9; it is 3837.5.
    table = read(SALARIES)
    assert table.X.tolist() == [[1200, 3.5], [950, 2.25], [12500, 4.75], [700, 1.5]]
    assert table.notes == (
        "salary has numbers with marks: 1,200 is read as 1200; "
        'if the comma is the decimal sign, set decimal: ","',
    )


def test_points_between_thousands_beside_decimal_commas(read):
    table = read("people;y\n2.155;19,47\n311;20,1\n")
    assert table.X.tolist() == [[2155], [311]]
    assert table.notes == ("people has numbers with marks: 2.155 is read as 2155",)


def test_marks_and_decimal_sign_in_one_number(read):
    table = read("price;y\n12,5;3\n1.234,5;1\n2.000,25;2\n")
    assert table.X.tolist() == [[12.5], [1234.5], [2000.25]]


@pytest.mark.parametrize(
    ("sign", "plain"), [(",", UNCLEAR), (".", UNCLEAR.replace(",", "."))], ids=["comma", "point"]
)
def test_a_sign_that_may_be_either_is_asked_for(read, refused, sign, plain):
    assert refused(plain) == (
        f"error: made.csv:3 size: '2{sign}155' in this line may be 2.155 or 2155, and no other "
        "number of the file shows which\n"
        f"hint: if {sign} marks thousands, write 2155 without it; "
        f'if it is the decimal sign, set decimal: "{sign}"'
    )
    table = read(plain, decimal=sign)
    assert table.X.tolist() == [[7], [2.155], [3.1]]


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("(2,155)", "(2.155) or (2155)"),
        ("($2,155)", "($2.155) or ($2155)"),
        ("2,155-", "-2.155 or -2155"),
        ("2,155\u2212", "-2.155 or -2155"),
    ],
)
def test_a_minus_in_another_form_decides_nothing(read, refused, cell, values):
    """A minus may be a pair of parentheses, or come last: the size of the number is as unclear."""
    text = f"size;y\n7;1\n{cell};2\n"
    assert refused(text).startswith(
        f"error: made.csv:3 size: {cell!r} in this line may be {values}, and no other number"
    )
    plain = values.rpartition(" ")[2]
    assert read(f"size;y\n7;1\n{plain};2\n").X.tolist() == [[7], [-2155]]
    assert read(text, decimal=",").X.tolist() == [[7], [-2.155]]


@pytest.mark.parametrize(
    "cells", [["(1,5)", "(2,25)"], ["1,5-", "2,25-"], ["(€ 1,5)", "(€ 2,25)"], ["1,5", "(2,25)"]]
)
def test_a_decimal_comma_with_a_minus_in_another_form(read, cells):
    one, other = cells
    values = [1.5 if one == "1,5" else -1.5, -2.25]
    assert read(f"a;y\n{one};1\n{other};2\n").X.ravel().tolist() == values


@pytest.mark.longer
@pytest.mark.parametrize(("mark", "sign"), [(",", "."), (".", ",")])
def test_two_marks_in_one_number_are_between_thousands(read, mark, sign):
    # 1,234,567 cannot have a decimal comma; so 5,678 is 5678 too.
    text = "a;b;y\n1,234,567;5,678;1\n950;12,000;2\n".replace(",", mark)
    assert read(text).X.tolist() == [[1234567, 5678], [950, 12000]]
    table = read(text.replace("950", f"950{sign}5"))
    assert table.X.tolist() == [[1234567, 5678], [950.5, 12000]]


@pytest.mark.longer
@pytest.mark.parametrize("delimiter", ["\t", "|"])
def test_signs_of_numbers_with_other_separators(read, refused, delimiter):
    # The salaries, and a table with German numbers, without semicolons.
    table = read(SALARIES.replace(";", delimiter))
    assert table.X.tolist() == [[1200, 3.5], [950, 2.25], [12500, 4.75], [700, 1.5]]
    german = "people;price;y\n2.155;19,47;1\n311;20,1;2\n".replace(";", delimiter)
    assert refused(german).startswith(
        "error: made.csv:2 price: 2 numbers have a decimal comma, such as '19,47' in this line, "
        "but the data are read with a decimal point\n"
        'hint: set decimal: ","'
    )
    assert read(german, decimal=",").X.tolist() == [[2155, 19.47], [311, 20.1]]


@pytest.mark.longer
@pytest.mark.parametrize("other", ["0,500", "12,75", ",5", "1234,5", "1,5e3"])
def test_one_clear_number_shows_that_commas_are_decimal(read, other):
    table = read(f"a;y\n1,200;1\n{other};2\n")
    assert table.X.tolist() == [[1.2], [float(other.replace(",", "."))]]


def test_both_decimal_signs_in_one_file_are_refused(refused):
    assert refused("a;b;y\n2.5;1;1\n3;3,25;2\n") == (
        "error: made.csv:3 b: '3,25' in this line has a decimal comma, but '2.5' in made.csv:2 a "
        "has a decimal point\nhint: write all numbers of the file with the same decimal sign"
    )


def test_texts_dates_and_left_out_columns_decide_nothing(read):
    table = read("at;note;id;y\n1.2.3;x, y;1,234;2,5\n3.2.1;z;1,235;3,5\n", ignore=["id", "at"])
    assert table.y.tolist() == [2.5, 3.5]


@pytest.mark.parametrize("delimiter", ["\t", "|", ","])
def test_a_decimal_comma_may_be_stated(read, delimiter):
    text = "a,y\n1.5,3\n2.5,4\n".replace(",", delimiter)
    cells = text.replace("1.5", '"1,5"').replace("2.5", '"2,5"')
    assert read(cells, decimal=",").X.tolist() == [[1.5], [2.5]]


def test_a_quoted_number_with_thousands_is_no_decimal(read):
    table = read('a,y\n"1,234",1\n"12,500",2\n')
    assert table.X.tolist() == [[1234], [12500]]
    assert table.notes == (
        "a has numbers with marks: 1,234 is read as 1234; "
        'if the comma is the decimal sign, set decimal: ","',
    )
    assert read('a,y\n"1,234",1\n"12,500",2\n', decimal=",").X.tolist() == [[1.234], [12.5]]


def test_a_decimal_comma_that_is_not_stated(refused):
    assert refused('a,y\n"1,23",1\n"12,5",2\n') == (
        "error: made.csv:2 a: 2 numbers have a decimal comma, such as '1,23' in this line, "
        "but the data are read with a decimal point\n"
        'hint: set decimal: ",", or write all numbers with the same sign'
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("1 000,50", "2 345,25"), (1000.5, 2345.25)),
        (("1\u00a0000,50", "2\u202f345,25"), (1000.5, 2345.25)),
        (("1'000,50", "2'345,25"), (1000.5, 2345.25)),
        (("1,50 €", "2,25 €"), (1.5, 2.25)),
        (("1.000,50 €", "2.345,25 €"), (1000.5, 2345.25)),
        (("12,5 %", "3,25%"), (12.5, 3.25)),
        (("1,50\u00a0€", "2,25\u202f€"), (1.5, 2.25)),
        (("1'000.50", "2'345.25"), (1000.5, 2345.25)),
    ],
)
def test_marks_that_leave_the_decimal_sign_clear(read, cells, numbers):
    table = read(f"a;y\n{cells[0]};1\n{cells[1]};2\n")
    assert table.X[:, 0].tolist() == list(numbers)
    assert table.notes == (f"a has numbers with marks: {cells[0]} is read as {numbers[0]}",)


def test_prices_in_which_the_sign_may_be_either_are_asked_for(refused):
    said = refused("a;y\n1.200 €;1\n3.400 €;2\n")
    assert said.startswith("error: made.csv:2 a: '1.200 €' in this line may be 1.200 € or 1200 €")


@pytest.mark.parametrize("price", ["220,123", "220,123 €", "€220,123", "220,123 EUR"])
def test_commas_that_only_another_column_decides_are_noted(read, price):
    table = read(f"price;area;y\n{price};12,5;1\n{price};13,75;2\n")
    assert table.X.tolist() == [[220.123, 12.5], [220.123, 13.75]]
    assert table.notes[0] == (
        f"commas in price, such as {price}, are read as decimal, because 12,5 in area has a "
        "decimal comma; if they mark thousands, remove them"
    )


def test_the_note_on_commas_counts_the_columns(read):
    header = ";".join("abcdefy")
    notes = read(f"{header}\n1,100;1,200;1,300;1,400;1,500;2,5;1\n1;1;1;1;1;1;2\n").notes
    assert notes[0].startswith("commas in a, b, c and 2 more columns, such as 1,100, are read")
    # A point needs no note, and neither does a column that shows its own sign.
    assert read(f"{header}\n1.100;1;1;1;1;2.5;1\n1;2;3;4;5;6;2\n").notes == ()
    assert read(f"{header}\n1,100;1;1;1;1;2,5;1\n1,5;2;3;4;5;6;2\n").notes == ()


@pytest.mark.parametrize("form", ["{} €", "€{}", "$ {}", "{} EUR", "CHF {}", "-{} €", "\u2212{}"])
def test_a_decimal_comma_beside_a_currency_is_found(read, refused, form):
    clear, other = form.format("12,5"), form.format("1,200")
    table = read(f"a;b;y\n{clear};1,200;1\n{other};1,300;2\n")
    sign = -1 if form[0] in "-\u2212" else 1
    assert table.X.tolist() == [[sign * 12.5, 1.2], [sign * 1.2, 1.3]]
    assert "may be" in refused(f"a;y\n{other};1\n{form.format('3,400')};2\n")


def test_thousands_among_decimal_commas_are_called_by_their_name(refused):
    said = refused("price;area;y\n1,220,123;12,5;1\n1,330,456;13,75;2\n")
    assert "made.csv:2 price: 2 numbers have a comma between thousands, such as '1,220,123'" in said


def test_a_column_without_values_shows_no_sign(refused):
    assert refused("a;b;y\n;1,5;1\n;2,5;2\n", missing="mean").startswith(
        "error: made.csv a: the column is empty\n"
    )


@pytest.mark.longer
@pytest.mark.parametrize("cell", ["1'234", "1’234", "1 234", "1\u00a0234", "1\u202f234"])
def test_other_marks_between_thousands(read, cell):
    assert read(f"a,y\n{cell},1\n17,2\n").X.tolist() == [[1234], [17]]


COMMAS = ["80,5", "61,25", "1.070,0", "NA", "0,75"]
"""These are 80.5, 61.25, 1070, missing and 0.75 with a decimal comma."""


def typed_source(kind, texts):
    """The options of a source whose columns have types, with these texts in its first column."""
    frame = pandas.DataFrame({"a": texts, "y": range(len(texts))})
    if kind == "parquet":
        frame.to_parquet("made.parquet")
    elif kind == "jsonl":
        frame.to_json("made.jsonl", orient="records", lines=True)
    elif kind == "feather":
        frame.to_feather("made.feather")
    else:
        frame.to_csv("made.csv", sep=";", index=False)
        return {"query": "FROM read_csv('made.csv', all_varchar=true)"}
    return {"path": f"made.{kind}"}


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "feather", "query"])
def test_texts_of_a_table_with_types_have_the_decimal_sign_that_is_set(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    source = typed_source(kind, COMMAS)
    with pytest.raises(DataError) as caught:
        load_table({**source, "missing": "drop"})
    assert "a decimal comma, such as '80,5'" in str(caught.value)
    assert 'hint: set decimal: ",", or ' in str(caught.value)
    table = load_table({**source, "decimal": ",", "missing": "drop"})
    assert table.X[:, 0].tolist() == [80.5, 61.25, 1070, 0.75]
    assert table.decimal == ","


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "query"])
def test_an_unclear_text_of_a_table_with_types_is_not_misread_in_silence(
    tmp_path, monkeypatch, kind
):
    monkeypatch.chdir(tmp_path)
    source = typed_source(kind, ["1,234", "5,678"])
    table = load_table(source)
    assert table.X[:, 0].tolist() == [1234, 5678]
    assert any('if the comma is the decimal sign, set decimal: ","' in n for n in table.notes)
    assert load_table({**source, "decimal": ","}).X[:, 0].tolist() == [1.234, 5.678]
