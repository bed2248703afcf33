"""CSV files that can be read: all variants of the format, headers, names, and sizes."""

import csv

import numpy as np
import pandas as pd
import pytest
from csv_rows import HOUSES, is_houses
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gdrun.data import load_table
from gdrun.data.csv_scan import WIDEST
from gdrun.errors import DataError


@pytest.mark.longer
@pytest.mark.parametrize(
    "text",
    [
        HOUSES,
        HOUSES.removesuffix("\n"),
        HOUSES.replace("\n", "\r\n"),
        HOUSES.replace("\n", "\r"),
        HOUSES.replace("\n", "\n\n"),
        "\n\n" + HOUSES,
        HOUSES + ",,\n , ,\n",
        HOUSES.replace(",", ", "),
        HOUSES.replace(",", " , "),
        HOUSES.replace(",", "\t"),
        HOUSES.replace(",", "|"),
        HOUSES.replace(",", ";"),
        HOUSES.replace(",", ";").replace(".", ","),
        HOUSES.replace("70", '"70"'),
        '"size","age","price"\n"70","12","200"\n"120.5","3","350.25"\n"1e2","40","-1"\n',
    ],
)
def test_a_table_of_numbers_however_it_is_written(read, text):
    table = read(text)
    assert is_houses(table)
    assert table.classes == ()
    assert table.notes == ()
    assert table.wide.flags.c_contiguous


@pytest.mark.longer
@pytest.mark.parametrize("name", ["made.csv", "made.tsv", "made.txt", "made.data", "MADE.CSV"])
def test_suffixes(read, name):
    table = read(HOUSES, name=name)
    assert is_houses(table)
    assert table.name.endswith(name)


def test_a_byte_order_mark_is_no_part_of_the_first_name(read):
    assert is_houses(read(HOUSES, encoding="utf-8-sig"))
    assert is_houses(read(HOUSES.replace("size", '"size"'), encoding="utf-8-sig"))


def test_names_and_labels_in_any_script(read):
    table = read("größe,種類\n1,猫\n2,犬\n3,猫\n")
    assert table.feature_names == ("größe",)
    assert (table.target_name, table.classes) == ("種類", ("犬", "猫"))
    assert table.y.tolist() == [1, 0, 1]


@pytest.mark.parametrize(("options", "column"), [({}, "x2"), ({"target": 0}, "x0")])
def test_without_a_header(read, options, column):
    table = read("1,2,3\n4,5,6\n", **options)
    assert table.target_name == column
    assert table.y.tolist() == ([3, 6] if column == "x2" else [1, 4])
    assert set(table.feature_names) == {"x0", "x1", "x2"} - {column}


def test_text_that_comes_again_is_no_header(read):
    # The first row of the UCI iris file.
    table = read("5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,3.1,virginica\n")
    assert table.X.shape == (3, 2)
    assert table.classes == ("setosa", "virginica")
    table = read("red,small\nblue,big\nred,big\nblue,small\n")
    assert len(table.y) == 4


def test_a_header_may_be_stated(read):
    table = read("2019,2020,2021\n1,2,3\n4,5,6\n", header=True, target="2020")
    assert table.feature_names == ("2019", "2021")
    assert table.y.tolist() == [2, 5]
    table = read("red,yes\nblue,no\n", header=False)
    assert len(table.y) == 2
    assert table.classes == ("no", "yes")


def test_sodium_is_a_name(read):
    # The columns of the UCI glass file: NA marks a gap among numbers, not among names.
    table = read("RI,Na,Mg,Type\n1.5,13.6,4.4,1\n1.6,13.9,3.6,2\n")
    assert table.feature_names == ("RI", "Na", "Mg")
    assert table.X.shape == (2, 3)


def test_decimal_commas_without_a_header(read):
    # Commas split these rows alike as well, into cells that are no numbers.
    table = read("1,5;2,5\n2,5;3,5\n3,0;4,0\n")
    assert table.X.tolist() == [[1.5], [2.5], [3.0]]
    assert table.y.tolist() == [2.5, 3.5, 4.0]


def test_a_quote_may_follow_a_space(read):
    table = read('city, label\n"Bonn, am Rhein", "yes"\n"Ulm", "no"\n')
    assert table.feature_names == ("city=Bonn, am Rhein", "city=Ulm")
    assert table.classes == ("no", "yes")


def test_quoted_fields(read):
    table = read(
        'city,"a ""b"", c",label\n"Bonn, am Rhein",1,yes\n"two\nlines",2,no\n"Ulm",3,yes\n'
    )
    assert table.feature_names == ("city=Bonn, am Rhein", "city=Ulm", "city=two\nlines", 'a "b", c')
    assert table.X.tolist() == [[1, 0, 0, 1], [0, 0, 1, 2], [0, 1, 0, 3]]
    assert table.y.tolist() == [1, 0, 1]


@pytest.mark.parametrize("first", [0, 1])
def test_an_index_without_a_name_is_left_out(read, first):
    table = read(f",a,y\n{first},5,3\n{first + 1},6,4\n{first + 2},7,1\n")
    assert table.X.tolist() == [[5], [6], [7]]
    assert table.notes == (
        "left out column 0, which has no name: it numbers the rows; keep: [0] makes it a feature",
    )


def test_an_empty_column_without_a_name_is_left_out(read):
    table = read("a,b,y,\n5,1,3,\n6,2,4,\n")
    assert table.feature_names == ("a", "b")
    assert table.target_name == "y"
    assert table.notes == ("left out column 3, which has no name: it is empty",)


@pytest.mark.parametrize("missing", ["error", "drop", "mean"])
def test_without_gaps_nothing_is_done_about_them(read, missing):
    assert is_houses(read(HOUSES, missing=missing))


@pytest.mark.slow
def test_rows_too_long_for_one_cell(read):
    # A cell holds at most 131,072 characters for Python's reader; a row is longer here.
    text = ",".join(["0.125"] * 30_000)
    assert len(text) > 131_072
    assert read(f"{text}\n{text}\n").X.shape == (2, 29_999)


def test_a_cell_too_long_is_an_error(read):
    with pytest.raises(DataError, match=r"made\.csv:2: this row cannot be read: field larger"):
        read("a,b\n" + "x" * 200_000 + ",1\n")


def test_a_quote_that_swallows_the_file_is_an_error(read):
    with pytest.raises(DataError, match=r"made\.csv:62: this row cannot be read"):
        read("a,b\n" + "1,2\n" * 60 + '"' + "3,4\n" * 60_000)


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**6), 10**6).map(float),
)


@pytest.mark.longer
@settings(max_examples=60)
@given(
    st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1)
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_numbers_come_back_bit_for_bit(tmp_path_factory, rows, delimiter, quoting):
    path = tmp_path_factory.mktemp("numbers") / "made.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        writer.writerow([f"column {j}" for j in range(len(rows[0]))])
        writer.writerows([[repr(cell) for cell in row] for row in rows])
    table = load_table({"path": str(path)})
    np.testing.assert_array_equal(table.X, np.array(rows)[:, :-1], strict=True)
    np.testing.assert_array_equal(table.y, np.array(rows)[:, -1], strict=True)


@pytest.mark.longer
def test_a_table_with_thousands_of_columns(tmp_path):
    # Each cell of so wide a table has a line of its own in the file that DuckDB reads.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 2500)).round(3)
    names = [f"c{j}" for j in range(2500)]
    frame = pd.DataFrame(X, columns=names)
    frame["c99"] = frame["c100"] = ["a", "b"] * 15
    frame.to_csv(tmp_path / "a.csv", index=False)
    table = load_table({"path": str(tmp_path / "a.csv"), "target": "c100"})
    assert table.classes == ("a", "b")
    assert_array_equal(table.y, [0, 1] * 15)
    others = [j for j in range(2500) if j not in (99, 100)]
    kept = [table.feature_names.index(names[j]) for j in others]
    assert_array_equal(table.X[:, kept], X[:, others])


def test_a_wide_table_with_awkward_cells(tmp_path):
    """Decimal commas, and texts with separators, quotes, line breaks and commas in them."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((12, WIDEST + 10)).round(3)
    texts = ["a;b", 'say "a"', "two\nlines", "1,5 and more"] * 3
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
    frame["c5"], frame["c7"] = texts, np.where(X[:, 7] > 0, X[:, 7], np.nan)
    frame["kind"] = ["no", "yes"] * 6
    frame.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    options = {"path": str(tmp_path / "a.csv"), "target": "kind", "missing": "mean"}
    table = load_table(options)
    assert table.classes == ("no", "yes")
    assert_array_equal(table.y, [0, 1] * 6)
    of_text = [name for name in table.feature_names if name.startswith("c5=")]
    assert sorted(of_text) == sorted(f"c5={text}" for text in set(texts))
    for name in of_text:
        own = [f"c5={text}" == name for text in texts]
        assert_array_equal(table.X[:, table.feature_names.index(name)], own)
    kept = [table.feature_names.index(f"c{j}") for j in range(X.shape[1]) if j not in (5, 7)]
    assert_array_equal(table.X[:, kept], np.delete(X, [5, 7], axis=1))
    gaps = table.X[:, table.feature_names.index("c7")]
    assert_array_equal(gaps, np.where(X[:, 7] > 0, X[:, 7], np.nan))
