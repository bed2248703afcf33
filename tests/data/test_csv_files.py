"""CSV files that can be read: all variants of the format, missing values, and text."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import gdrun
from gdrun.data import load_table
from gdrun.data.csv_scan import WIDEST
from gdrun.errors import DataError

HOUSES = "size,age,price\n70,12,200\n120.5,3,350.25\n1e2,40,-1\n"
ROWS = [[70, 12], [120.5, 3], [100, 40]]
PRICES = [200, 350.25, -1]


def is_houses(table):
    np.testing.assert_array_equal(table.X, ROWS)
    np.testing.assert_array_equal(table.y, PRICES)
    return table.feature_names == ("size", "age") and table.target_name == "price"


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


def test_the_target_by_name_and_by_position(read):
    for target, name in [
        (None, "price"),
        ("age", "age"),
        (0, "size"),
        (1, "age"),
        (-1, "price"),
        (-3, "size"),
    ]:
        table = read(HOUSES, target=target)
        assert table.target_name == name
        assert table.feature_names == tuple(n for n in ("size", "age", "price") if n != name)
        assert table.X.shape == (3, 2)


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


def test_categories_are_one_column_a_value(read):
    table = read("kind,size,label\nred,1,no\nblue,2,yes\nred,3,no\ngreen,4,no\n")
    assert table.feature_names == ("kind=blue", "kind=green", "kind=red", "size")
    assert table.X.tolist() == [[0, 0, 1, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 1, 0, 4]]
    assert table.classes == ("no", "yes")
    assert table.y.tolist() == [0, 1, 0, 0]
    assert table.y.dtype == np.int64


def test_a_target_may_mix_numbers_and_text(read):
    table = read("a,rings\n1,1\n2,2\n3,3+\n4,1\n")
    assert table.classes == ("1", "2", "3+")
    assert table.y.tolist() == [0, 1, 2, 0]


def test_an_underscore_makes_text(read):
    # Python would read 1_000 as a number; a file means a label.
    table = read("a,code\n1,1_0\n2,2_0\n3,1_0\n")
    assert table.classes == ("1_0", "2_0")


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


def test_columns_may_be_left_out(read):
    text = "id,size,broken,price\n" + "".join(f"p{i},{i},x{i},{2 * i}\n" for i in range(40))
    table = read(text, ignore=("id", 2))
    assert table.feature_names == ("size",)
    assert table.y.tolist() == [2 * i for i in range(40)]
    assert read("id,size,y\n1,2,3\n2,4,6\n", ignore="id").feature_names == ("size",)
    assert read("id,size,y\n1,2,3\n2,4,6\n", ignore=0).feature_names == ("size",)
    # Without a target it is the last column that is left.
    assert read(HOUSES, ignore=(-1,)).target_name == "age"


GAPS = "a,kind,y\n1,red,10\n,blue,20\n3,,30\n5,red,\n"


def test_gaps_are_errors_at_first(read):
    with pytest.raises(DataError) as caught:
        read(GAPS)
    said = str(caught.value).splitlines()
    for line, (row, column) in zip(said, [(3, "a"), (4, "kind"), (5, "y")], strict=False):
        assert line.endswith(f"{row} {column}: 1 of 4 values is missing, in this line")
    assert len(said) == 4


def test_rows_with_gaps_may_be_dropped(read):
    table = read(GAPS, missing="drop")
    assert table.X.tolist() == [[1, 1]]
    assert table.y.tolist() == [10]
    # Only a dropped row has the label blue.
    assert table.feature_names == ("a", "kind=red")
    assert table.notes == ("dropped 3 of 4 rows because values are missing",)


def test_gaps_may_wait_for_the_mean(read):
    table = read(GAPS, missing="mean")
    np.testing.assert_array_equal(
        table.X, [[1, 0, 1], [np.nan, 1, 0], [3, np.nan, np.nan]], strict=True
    )
    assert table.y.tolist() == [10, 20, 30]
    assert table.notes == (
        "dropped 1 of 4 rows because the target is missing",
        "missing values are replaced by the mean of the training rows: a (1)",
        "missing values are replaced by the most frequent value of the training rows: kind (1)",
    )


@pytest.mark.parametrize("missing", ["error", "drop", "mean"])
def test_without_gaps_nothing_is_done_about_them(read, missing):
    assert is_houses(read(HOUSES, missing=missing))


@pytest.mark.parametrize("word", ["", " ", "?", "NA", "na", "N/A", "#N/A", "<NA>", "nan", "NaN"])
@pytest.mark.parametrize("others", [("1", "2"), ("red", "blue")])
def test_words_for_a_gap(read, word, others):
    table = read(f"a,y\n{others[0]},1\n{word},2\n{others[1]},3\n", missing="drop")
    assert table.y.tolist() == [1, 3]
    assert not np.isnan(table.X).any()


def test_labels_of_dropped_rows_are_forgotten_in_the_target(read):
    table = read("a,y\n1,cat\n,bee\n3,ant\n", missing="drop")
    assert table.classes == ("ant", "cat")
    assert table.y.tolist() == [1, 0]


def test_many_values_are_no_categories(read):
    rows = "".join(f"k{i % 1001},{i % 2}\n" for i in range(3000))
    with pytest.raises(DataError) as caught:
        read("kind,y\n" + rows)
    assert str(caught.value).endswith(
        "made.csv kind: has 1001 different texts in 3000 rows, too many for categories\n"
        'hint: leave it out with ignore: ["kind"]; or hash its texts into at most 256 '
        "columns with hash: 256"
    )
    assert read("kind,y\n" + rows.replace("k1000,", "k0,")).X.shape == (3000, 1000)
    # As a target they are classes.
    assert len(read("kind,y\n" + rows, target="kind").classes) == 1001


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


def test_a_gap_changes_how_a_file_is_read_and_no_number_in_it(read):
    # Without a gap DuckDB converts the cells, with one Python does.
    values = np.random.default_rng(0).normal(size=(200, 4)) * 10.0 ** np.arange(-8, 8, 4)
    text = "a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    plain = read(text)
    with_gap = read(text + ",1,1,1\n", missing="drop")
    np.testing.assert_array_equal(plain.X, with_gap.X)
    np.testing.assert_array_equal(plain.y, with_gap.y)
    np.testing.assert_array_equal(plain.X, values[:, :3])


def failure(**options):
    with pytest.raises(DataError) as caught:
        load_table(options)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/train.csv",
        "s3://bucket/part-*.parquet",
        "HTTP://example.org/a/X.csv.gz",
    ],
)
def test_a_url_is_not_downloaded(url):
    assert failure(path=url) == (
        f"error: {url}: is a URL; gdrun reads the files of this machine only\n"
        "hint: download it first, and give the path of the file"
    )


def test_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert failure(path="trian.csv") == (
        "error: trian.csv: no such file\nhint: did you mean train.csv?"
    )
    assert failure(path="data/train.csv") == (
        "error: data/train.csv: no such file\nhint: the directory data does not exist"
    )
    assert failure(path="quite-another.csv") == (
        "error: quite-another.csv: no such file\n"
        "hint: a relative path starts at the current directory"
    )


def test_a_directory_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").mkdir()
    assert failure(path="train.csv") == (
        "error: train.csv: is a directory, not a file\nhint: give the path of a file in it"
    )


def test_a_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "houses.csv").write_text(HOUSES, encoding="utf-8")
    assert is_houses(load_table({"path": "~/houses.csv"}))


def test_names_and_options_that_no_dataset_has():
    assert failure(name="irsi") == (
        "error: dataset.name: no dataset is called 'irsi'\nhint: did you mean iris?"
    )
    assert failure(name="train.csv") == (
        "error: dataset.name: no dataset is called 'train.csv'\n"
        "hint: for a file write dataset: {path: train.csv}"
    )
    assert failure(name="blobs", clases=3) == (
        "error: dataset.clases: blobs has no option 'clases'\nhint: did you mean classes?"
    )
    assert failure(path="a.csv", targt="b") == (
        "error: dataset.targt: csv has no option 'targt'\nhint: did you mean target?"
    )
    assert failure().startswith("error: dataset: needs a name or a path\nhint: choose from iris,")


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


def test_a_label_of_dropped_rows_alone_is_in_no_report(read):
    # The last row is a total, without a target.
    text = "shop,sales,y\n" + "".join(f"{'AB'[row % 2]},{row}.5,{row}\n" for row in range(60))
    table = read(text + "Total,190,\n", missing="mean")
    assert table.feature_names == ("shop=A", "shop=B", "sales")
    report = {each.name: each for each in table.reports}
    assert report["shop"].features == ("shop=A", "shop=B")
    assert report["shop"].becomes == "2 columns of 0 and 1: A, B"
    assert report["y"].missing == 1
    run = gdrun.train(
        {"dataset": {"path": "made.csv", "missing": "mean"}, "model": "linear"},
        "variant=bgd",
        "epochs=1",
    )
    assert run.record["data"]["single_feature"]["feature"] == "sales"
