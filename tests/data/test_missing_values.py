"""Missing values: cells without one, words and numbers that mean one, and hints that cure them."""

import json
import re

import numpy as np
import pytest
from csv_rows import rows

import gdrun
from gdrun.errors import DataError

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


@pytest.mark.longer
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


def test_a_gap_changes_how_a_file_is_read_and_no_number_in_it(read):
    # Without a gap DuckDB converts the cells, with one Python does.
    values = np.random.default_rng(0).normal(size=(200, 4)) * 10.0 ** np.arange(-8, 8, 4)
    text = "a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    plain = read(text)
    with_gap = read(text + ",1,1,1\n", missing="drop")
    np.testing.assert_array_equal(plain.X, with_gap.X)
    np.testing.assert_array_equal(plain.y, with_gap.y)
    np.testing.assert_array_equal(plain.X, values[:, :3])


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


def test_a_category_called_na(read):
    text = "country,y\nNA,1\nDE,2\nNA,3\n?,4\n"
    table = read(text, missing_values=["?"], missing="drop")
    assert table.feature_names == ("country=DE", "country=NA")
    assert table.X.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_numbers_that_mean_missing(read):
    table = read("a,b,y\n-999,1,1\n5,-999.0,2\n7,3,3\n", missing="mean", missing_values=[-999])
    np.testing.assert_array_equal(table.X, [[np.nan, 1], [5, np.nan], [7, 3]])


@pytest.mark.longer
@pytest.mark.parametrize("word", ["\u2013", "#DIV/0!", "missing"])
def test_a_word_for_missing_among_numbers(refused, read, word):
    # Also if it is in most of the cells: without it there are numbers alone.
    text = "a,y\n" + rows(*(word if i % 3 else f"{i}.5" for i in range(12)))
    said = refused(text)
    assert said == (
        f"error: made.csv:3 a: 8 cells of text among 4 numbers, such as {word!r} in this line\n"
        f'hint: if it means a missing value, set missing_values: ["standard", "{word}"] and '
        'missing: drop; or correct these cells; or read them as labels with categories: ["a"]'
    )
    table = read(text, missing_values=("standard", word), missing="mean")
    assert table.X[:, 0].tolist()[::3] == [0.5, 3.5, 6.5, 9.5]
    assert np.isnan(table.X[:, 0]).sum() == 8


def test_hints_on_words_name_those_of_all_columns(refused, read):
    """Columns a to c have one word, two words, and a limit; each hint works when it is set."""
    cells = [[f"{i}.5", f"{i}", f"{i / 2}", f"{i}"] for i in range(1, 31)]
    cells[3][0] = cells[4][0] = "unknown"
    cells[7][1], cells[8][1] = "pending", "unknown"
    cells[9][2] = cells[12][2] = "<0.5"
    text = "a,b,c,y\n" + "".join(",".join(row) + "\n" for row in cells)
    words = 'missing_values: ["standard", "unknown", "pending"] and missing: drop'
    hints = [line for line in refused(text).splitlines() if line.startswith("hint: ")]
    assert hints == [
        f"hint: if it means a missing value, set {words}; or correct these cells; "
        'or read them as labels with categories: ["a"]',
        "hint: if they mean a missing value, set missing_values: "
        '["standard", "pending", "unknown"] and missing: drop; or correct these cells; or read '
        'them as labels with categories: ["b"]',
        "hint: write a number in these cells, such as the limit itself; or count these lowest "
        'values as missing ones with missing_values: ["standard", "<0.5", "unknown", "pending"] '
        'and missing: drop; or read them as labels with categories: ["c"]',
    ]
    marks = ["standard", "unknown", "pending"]
    assert refused(text, missing_values=marks, missing="drop").count("error: ") == 1
    # Rows 4, 5, 8 to 10 and 13 are dropped.
    assert len(read(text, missing_values=[*marks, "<0.5"], missing="drop").y) == 24


def test_an_empty_target_is_no_column_to_leave_out(refused):
    said = refused("a,y\n1,\n2,\n3,\n", missing="mean")
    assert said == "error: made.csv y: the column is empty\nhint: choose another target"


@pytest.mark.longer
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
