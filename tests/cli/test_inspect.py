"""`gdrun inspect`: the table, the JSON document, and the problems that training would report."""

import json
import shlex

import pytest

import gdrun as package

HOUSES = """id,size,sold,price,open,kind,rooms
7,1.5,2020-01-31,"$1,200",yes,a,1
9,2.5,2020-02-01,"$1,300",no,b,
3,2.5,2020-03-01,"$1,500",no,a,3
1,4.5,2021-02-01,"$1,900",yes,c,3
"""


@pytest.fixture
def houses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text(HOUSES, encoding="utf-8")


def test_the_table(houses, gdrun):
    answer = gdrun("inspect", "houses.csv", "target=price", "missing=median")
    assert answer.code == 0
    assert answer.page == (
        "column  kind        values  missing  becomes\n"
        "id      identifier       4           left out: each row has a different whole\n"
        "                                     number, like an identifier\n"
        "size    number           3           a number\n"
        "sold    date             4           year, month, weekday, days\n"
        "price   number           4           the target\n"
        "open    boolean          2           0 or 1\n"
        "kind    category         3           3 columns of 0 and 1: a, b, c\n"
        "rooms   number           2        1  a number\n"
        "\n"
        "column  range or labels\n"
        "size    1.5 … 4.5\n"
        "sold    2020-01-31 … 2021-02-01\n"
        "open    0 (2), 1 (2)\n"
        "kind    a (2), b (1), c (1)\n"
        "rooms   1 … 3\n"
        "\n"
        "  rows     4 rows, 10 features\n"
        "  target   price: regression, from 1200 to 1900\n"
        "  missing  an empty cell, #n/a, -, <na>, ?, n/a, na, nan, none, null\n"
        "           (missing_values changes this list)\n"
        "note: left out id: each row has a different whole number, like an identifier;\n"
        'keep: ["id"] makes it a feature\n'
        "note: sold has dates, which become sold.year, sold.month, sold.weekday,\n"
        "sold.days\n"
        "note: price has numbers with marks: $1,200 is read as 1200; if the comma is the\n"
        'decimal sign, set decimal: ","\n'
        "note: missing values are replaced by the median of the training rows: rooms (1)\n"
    )


def test_the_problems_of_training_below_the_table(houses, gdrun):
    answer = gdrun("inspect", "houses.csv", "target=price", "dates=refuse", "missing=error")
    assert answer.code == 2
    assert "sold    date " in answer.out
    assert answer.err == (
        "error: houses.csv:2 sold: the column has dates, such as '2020-01-31' in this line\n"
        "hint: set dates=encode to use their year, month, weekday and days; or leave it out with "
        "'ignore=[\"sold\"]'\n"
        "error: houses.csv:3 rooms: 1 of 4 values is missing, in this line\n"
        "hint: set missing=drop to remove such rows, or missing=mean to use the training mean\n"
    )


@pytest.mark.longer
def test_columns_with_errors_are_left_out_by_the_command_below(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{k},{k % 3},{k} kg,{10 + k} cm,{k % 2}" for k in range(1, 9)]
    lines = ["a,b,weight,the height,y", *rows]
    (tmp_path / "d.csv").write_text("\n".join(lines), encoding="utf-8")
    answer = gdrun("inspect", "d.csv", "ignore=b", "target=y")
    assert answer.code == 2
    *_, purpose, command = answer.out.splitlines()
    assert purpose == "to leave out the 2 columns with errors:"
    assert command == "  gdrun inspect d.csv target=y 'ignore=[b, weight, the height]'"
    again = gdrun(*shlex.split(command)[1:])
    assert (again.code, again.err) == (0, "")
    assert "gdrun train d.csv target=y 'ignore=[b, weight, the height]'" in again.out
    # Without a target there is nothing to train on, whatever is left out.
    assert "to leave out" not in gdrun("inspect", "d.csv", "target=weight").out


@pytest.mark.longer
def test_missing_values_are_filled_as_training_fills_them(houses, gdrun):
    answer = gdrun("inspect", "houses.csv", "target=price", "ignore=sold")
    assert (answer.code, answer.err) == (0, "")
    page = " ".join(answer.out.split())
    assert "missing values are replaced by the mean of the training rows: rooms (1)" in page
    assert "training fills missing values because `missing` is not set; missing: drop" in page
    assert "gdrun train houses.csv target=price ignore=sold\n" in answer.out
    # Another problem remains, but not that of the missing values, which is solved with it.
    answer = gdrun("inspect", "houses.csv", "target=price", "dates=refuse")
    assert answer.code == 2
    assert "rooms" not in answer.err
    assert "gdrun train" not in answer.out
    # What the user has set is not changed.
    for words in (["missing=error"], ["dataset.missing=error"], ["missing={rooms: error}"]):
        answer = gdrun("inspect", "houses.csv", "target=price", "ignore=sold", *words)
        assert answer.code == 2
        assert "1 of 4 values is missing" in answer.err


def test_a_text_with_many_rare_values_is_noted(gdrun, tmp_path, monkeypatch):
    """Of 300 rows, some have a text of their own; the others share texts."""
    monkeypatch.chdir(tmp_path)

    def shown(alone, shared, *words):
        texts = [f"call {i} or write" if i < alone else f"key {i % shared}" for i in range(300)]
        lines = [f"{text},{i % 7},{i}" for i, text in enumerate(texts)]
        (tmp_path / "flats.csv").write_text("remark,size,rent\n" + "\n".join(lines) + "\n")
        return " ".join(gdrun("inspect", "flats.csv", *words).out.split())

    said = "remark has 122 different texts, 120 of them in fewer than 5 rows each, and becomes as"
    assert f'{said} many columns of 0 and 1; leave it out with ignore: ["remark"]' in shown(120, 2)
    assert "140 different texts, 140 of them in fewer than 5 rows" in shown(0, 140)
    for other in (
        shown(90, 2),
        shown(120, 2, "categories=remark"),
        shown(120, 2, "ignore=remark"),
    ):
        assert "in fewer than" not in other


def test_the_document(houses, gdrun):
    found = json.loads(
        gdrun("inspect", "houses.csv", "target=open", "missing={rooms: indicator}", "--json").out
    )
    assert {key: found[key] for key in ("rows", "target", "task", "classes")} == {
        "rows": 4,
        "target": "open",
        "task": "classification",
        "classes": {"no": 2, "yes": 2},
    }
    columns = {column["name"]: column for column in found["columns"]}
    kinds = {name: column["kind"] for name, column in columns.items()}
    assert kinds == {
        "id": "identifier",
        "size": "number",
        "sold": "date",
        "price": "number",
        "open": "boolean",
        "kind": "category",
        "rooms": "number",
    }
    assert columns["rooms"]["missing"] == 1
    assert columns["rooms"]["features"] == ["rooms", "rooms.missing"]
    assert columns["kind"]["values"] == 3
    assert columns["id"]["features"] == []


def test_named_datasets_queries_and_arrays(houses, gdrun, tmp_path):
    import numpy as np

    np.savez(tmp_path / "made.npz", X=np.array([[1.0, 5], [2, 5], [3, 5]]), y=np.array([0.5, 1, 2]))
    found = json.loads(gdrun("inspect", "made.npz", "--json").out)
    assert [column["kind"] for column in found["columns"]] == ["number", "constant", "number"]
    assert found["range"] == [0.5, 2]
    assert json.loads(gdrun("inspect", "iris", "--json").out)["features"] == 4
    query = "query=SELECT size, price FROM 'houses.csv'"
    assert json.loads(gdrun("inspect", query, "--json").out)["rows"] == 4


SOURCES = [
    "houses.csv",
    "path=houses.csv",
    "dataset.path=houses.csv",
    "query=SELECT * FROM 'houses.csv'",
    "dataset.query=SELECT * FROM 'houses.csv'",
]


@pytest.mark.parametrize("source", SOURCES)
def test_the_order_of_the_words_does_not_matter(houses, gdrun, source):
    keys = ["target=rooms", "ignore=sold"]
    first = gdrun("inspect", source, *keys)
    assert first.code == 0
    assert "rooms: regression" in " ".join(first.out.split())
    plain = source.removeprefix("dataset.").removeprefix("path=")
    command = shlex.split(first.out.splitlines()[-1])
    assert command == ["gdrun", "train", plain, *keys]
    assert gdrun("inspect", keys[0], source, keys[1]).out == first.out
    assert gdrun("inspect", *keys, source).out == first.out


@pytest.mark.parametrize("source", SOURCES)
def test_any_word_for_the_data_starts_the_same_first_experiment(houses, gdrun, source):
    expected = gdrun("theory", "houses.csv", "target=rooms", "ignore=sold", "missing=drop")
    answer = gdrun("theory", "target=rooms", source, "ignore=sold", "missing=drop")
    assert answer.code == 0
    assert answer.err == expected.err
    assert "assumed optimizer" in answer.err


@pytest.mark.parametrize(
    ("first", "second", "hint"),
    [
        ("houses.csv", "more.csv", "to read several files as one table, quote the pattern"),
        ("houses.csv", "path=more.csv", "to read several files as one table, quote the pattern"),
        ("houses.csv", "dataset=iris", "`gdrun inspect iris` shows it"),
        ("iris", "digits", "`gdrun inspect digits` shows it"),
        ("houses.csv", "query=SELECT 1", "`gdrun inspect 'query=SELECT 1'` shows it"),
    ],
)
def test_a_second_word_for_the_data_is_refused(houses, gdrun, tmp_path, first, second, hint):
    (tmp_path / "more.csv").write_text(HOUSES, encoding="utf-8")
    answer = gdrun("inspect", first, second)
    assert (answer.code, answer.out) == (2, "")
    message, advice = answer.err.splitlines()
    assert message == f"error: {second}: is a second source of data; the first is {first}"
    assert advice.startswith(f"hint: {hint}")


def test_a_key_is_not_taken_for_the_data(houses, gdrun):
    answer = gdrun("inspect", "target=price")
    assert answer.code == 2
    assert answer.err.splitlines() == [
        "error: target=price: sets a key, but no word names the data",
        "hint: write the file too, such as houses.csv, or path=houses.csv",
    ]
    assert gdrun("inspect", "target=price", "houses.csv", "ignore=sold").code == 0
    assert gdrun("inspect", "dataset=iris").out == gdrun("inspect", "iris").out


@pytest.mark.longer
def test_the_task_of_few_whole_numbers(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grades.csv").write_text("x,grade\n" + "1.5,3\n2.5,4\n4.5,5\n" * 4)
    doubtful = gdrun("inspect", "grades.csv")
    assert "grade: classification, 3 classes: 3 (4), 4 (4), 5 (4)" in doubtful.page
    assert "whole numbers taken for classes; task=regression predicts them as" in doubtful.page
    settled = gdrun("inspect", "grades.csv", "task=regression")
    assert "grade: regression, from 3 to 5" in settled.page
    assert "task=regression predicts" not in settled.page
    assert settled.out.endswith("gdrun train grades.csv task=regression\n")
    settled = gdrun("inspect", "grades.csv", "task=classification")
    assert "grade: classification, 3 classes: 3 (4), 4 (4), 5 (4)" in settled.page
    assert "taken for classes" not in settled.page


@pytest.mark.longer
@pytest.mark.parametrize("name", ["label", "Target", "CLASS", "y", "outcome"])
def test_the_target_is_that_of_training(gdrun, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 2},{i * i % 7},{i % 5}.5\n" for i in range(40))
    (tmp_path / "made.csv").write_text(f"{name},a,b\n{rows}")
    found = json.loads(gdrun("inspect", "made.csv", "--json").out)
    trained = json.loads(gdrun("train", "made.csv", "epochs=1", "--json").out)
    chosen = package.read_run(trained["directory"]).config["dataset"]["target"]
    assert chosen == found["target"] == name
    assert (found["task"], found["classes"]) == ("classification", {"0": 20, "1": 20})
    said = f"the target is {name} because of its name; target=b chooses the last column"
    assert found["notes"][0] == said
    # A target that is set is used.
    found = json.loads(gdrun("inspect", "made.csv", "target=b", "--json").out)
    assert (found["target"], found["range"]) == ("b", [0.5, 4.5])


def test_identifiers_have_another_value_in_each_row_also_beside_a_problem(gdrun, tmp_path):
    rows = "".join(f"u-{row},{'' if row == 7 else row * 0.5},{row}\n" for row in range(30))
    (tmp_path / "users.csv").write_text("code,a,y\n" + rows)
    answer = gdrun("inspect", str(tmp_path / "users.csv"), "missing=error", "--json")
    assert answer.code == 2
    assert json.loads(answer.out)["columns"][0] == {
        "name": "code",
        "kind": "identifier",
        "missing": 0,
        "values": 30,
        "range": None,
        "most_frequent": None,
        "becomes": "left out: each row has a different text, like an identifier, such as u-0",
        "features": [],
    }


@pytest.mark.longer
@pytest.mark.parametrize("word", ["decimal=,", 'decimal=","', "dataset.decimal=','"])
def test_the_decimal_sign_as_a_shell_gives_it(gdrun, tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.tsv").write_text("a\ty\n1,5\t2\n2.250,5\t3\n")
    assert "hint: set 'decimal=\",\"'" in gdrun("inspect", "made.tsv").err
    found = json.loads(gdrun("inspect", "made.tsv", "target=a", word, "--json").out)
    assert found["range"] == [1.5, 2250.5]


def test_labels_are_no_target_of_a_regression(gdrun, houses):
    answer = gdrun("inspect", "houses.csv", "target=kind", "missing=mean", "task=regression")
    assert answer.code == 2
    assert (
        "the target has 3 class labels, such as 'a', but a regression needs numbers" in answer.err
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone.csv"], "error: gone.csv: no such file"),
        (["houses.csv", "targte=price"], "error: 'targte=price': unknown key"),
        (
            ["houses.csv", "missing=men"],
            "error: 'missing=men' dataset.missing: must be keys and values, or error",
        ),
        (
            ["houses.csv", "missing={size: men}"],
            "error: 'missing={size: men}' dataset.missing.size",
        ),
        (["houses.csv", "hash=2**x"], "error: dataset.hash: must be a whole number of buckets"),
        (["houses.csv", "keep=idd"], "error: dataset.keep: houses.csv has no column 'idd'"),
        (["houses.xlsx"], "error: 'houses.xlsx' dataset.path: houses.xlsx is an Excel"),
    ],
)
def test_what_cannot_be_inspected(houses, gdrun, words, said):
    answer = gdrun("inspect", *words)
    assert answer.code == 2
    assert answer.err.startswith(said)
    assert answer.err.count("error: ") == 1


@pytest.mark.parametrize(("width", "counted"), [(55, False), (56, True), (80, True)])
def test_counts_are_left_out_only_where_they_have_no_room(gdrun, monkeypatch, width, counted):
    monkeypatch.setenv("COLUMNS", str(width))
    out = gdrun("inspect", "iris").out
    # 17 + 8 + 6 + 7 + 10 characters in the columns, and two spaces between them: 56.
    assert ("values  missing" in out) is counted
    assert ("no room for the columns values, missing" in out) is not counted
