"""`gdrun predict` and `gdrun evaluate` on the result of a query, as `gdrun train` reads one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gdrun import load_model

WORDS = ("lr=0.05", "epochs=4", "batch_size=16", "-q")
ROWS = 120
RANDOM = np.random.default_rng(0)
AGE = RANDOM.integers(18, 80, ROWS)
FRAME = pd.DataFrame(
    {
        "id": [f"k{at}" for at in range(ROWS)],
        "age": AGE,
        "since": pd.date_range("2020-01-01", periods=ROWS, freq="17D").strftime("%Y-%m-%d"),
        "city": np.array(["Bonn", "Kiel", "Ulm"])[RANDOM.integers(0, 3, ROWS)],
        "member": np.where(RANDOM.random(ROWS) < 0.5, "yes", "no"),
        "left": np.where(AGE + RANDOM.normal(0, 10, ROWS) > 50, "yes", "no"),
    }
)


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """The command, in a directory with the table as CSV and Parquet, and a model of the CSV."""
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("t.csv", index=False)
    FRAME.to_parquet("t.parquet")
    assert gdrun("train", "t.csv", *WORDS).code == 0
    return gdrun


@pytest.mark.longer
@pytest.mark.parametrize("key", ["query", "dataset.query"])
@pytest.mark.parametrize("file", ["t.csv", "t.parquet"])
def test_predictions_are_those_of_a_file_with_the_same_rows(here, key, file):
    FRAME[FRAME.age > 40].to_csv("old.csv", index=False)
    query = f"{key}=SELECT * FROM '{file}' WHERE age > 40"
    by_query = here("predict", "last", query, "--id", "id", "--threshold", "0.6")
    of_file = here("predict", "last", "old.csv", "--id", "id", "--threshold", "0.6")
    assert (by_query.code, by_query.out, by_query.err) == (0, of_file.out, "")
    measured = [
        json.loads(here("evaluate", "last", word, "--json").out) for word in (query, "old.csv")
    ]
    assert measured[0]["rows"] == (FRAME.age > 40).sum()
    assert measured[0]["metrics"] == measured[1]["metrics"]


@pytest.mark.longer
def test_a_model_of_a_query_predicts_columns_that_a_query_makes(here):
    made = "SELECT age / 10 AS tens, city, \"left\" FROM 't.parquet'"
    answer = here("train", f"query={made}", *WORDS, "--json")
    model = load_model(Path("runs", json.loads(answer.out)["id"]))
    new = "SELECT age / 10 AS tens, city FROM 't.parquet' ORDER BY id DESC LIMIT 7"
    last = FRAME.sort_values("id", ascending=False)[:7]
    frame = pd.DataFrame({"tens": last.age / 10, "city": last.city})
    found = json.loads(here("predict", "last", f"query={new}", "--json").out)
    assert found["predictions"] == model.predict(frame).tolist()
    assert found["probabilities"] == model.predict_proba(frame).tolist()


@pytest.mark.longer
def test_the_booleans_that_a_query_makes_of_yes_and_no_are_the_same_classes(here):
    # DuckDB reads the column of yes and no as BOOLEAN, whose texts are False and True.
    assert here("train", "query=SELECT * FROM 't.csv'", *WORDS).code == 0
    measured = json.loads(here("evaluate", "last", "t.csv", "--json").out)
    again = json.loads(here("evaluate", "last", "query=SELECT * FROM 't.csv'", "--json").out)
    assert measured["metrics"] == again["metrics"]
    assert np.sum(measured["confusion"], axis=1).tolist() == [
        (FRAME["left"] == label).sum() for label in ("no", "yes")
    ]


@pytest.mark.longer
def test_the_next_command_can_be_typed(here):
    out = here("evaluate", "last", "query=SELECT * FROM 't.csv'").out
    assert "\"query=SELECT * FROM 't.csv'\"" in out.splitlines()[-1]
    assert "query=SELECT * FROM 't.csv': 120 rows" in out
    assert here("train", "query=SELECT * FROM 't.csv'", *WORDS).code == 0
    weights = here("show", "last", "--weights").out.splitlines()
    assert weights[-1].endswith(" \"query=SELECT * FROM 't.csv'\"")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (
            ("evaluate", "last", "query=SELECT age, since, city, member FROM 't.csv'"),
            "error: query: lacks the target, left",
            "hint: only rows with a left can be evaluated; `gdrun predict RUN DATA` predicts it",
        ),
        (
            ("predict", "last", "query=SELECT age, since, city FROM 't.csv'"),
            "error: query: lacks the column that the model needs: member",
            "hint: it has age, since, city; the names must be those of the training data; if new "
            'rows never have it, add "member" to ignore and train again',
        ),
        (
            ("predict", "last", "query=SELECT * REPLACE ('Rom' AS city) FROM 't.csv' LIMIT 2"),
            "error: query row 0 (the first is row 0) city: training did not see the value 'Rom'",
            "hint: training saw Bonn, Kiel, Ulm; --unseen ignore sets all 0/1 columns of city to 0",
        ),
        (
            ("predict", "last", "query=SELECT * FROM 't.csv' WHERE age > 100"),
            "error: query: there are no rows",
            None,
        ),
        (
            ("predict", "last", "query=COPY (SELECT 1) TO 'x.csv'"),
            "error: query: the query must be one SELECT statement, got COPY",
            "hint: write one SELECT statement, such as SELECT size, price FROM 'houses.parquet'",
        ),
        (
            ("evaluate", "last", "query=SELECT * FROM 't.csv'", "--targets", "y.npy"),
            "error: query: this is a query, which holds its own targets; only NPY and IDX files "
            "have a separate file of targets",
            "hint: leave out the file with the targets",
        ),
        (
            ("predict", "last", "query=SELECT * FROM 't.csv'", "--encoding", "latin-1"),
            "error: query: this is a query, which has no option encoding; only text files with "
            "columns have one",
            "hint: the query itself says how to read a file: FROM read_csv('FILE', "
            "encoding='latin-1')",
        ),
        (
            ("evaluate", "last", "t.parquet", "--encoding", "latin-1", "--decimal", "."),
            "error: t.parquet: this is a parquet file, which has no option encoding; only text "
            "files with columns have one",
            "hint: leave out encoding",
        ),
        (
            ("evaluate", "last", "iris", "--encoding", "latin-1"),
            "error: iris: this is a dataset of gdrun, which has no option encoding; only text "
            "files with columns have one",
            "hint: leave out encoding",
        ),
        (
            ("evaluate", "last", "iris", "--targets", "y.npy"),
            "error: iris: this is a dataset of gdrun, which holds its own targets; only NPY and "
            "IDX files have a separate file of targets",
            "hint: leave out the file with the targets",
        ),
        (
            ("predict", "last", "SELECT * FROM 't.csv'"),
            "error: SELECT * FROM 't.csv': is a query, not the path of a file",
            "hint: write query= in front of it",
        ),
        (
            ("train", "SELECT * FROM 't.csv'"),
            "error: SELECT * FROM 't.csv': is a query, not a file",
            "hint: write \"query=SELECT * FROM 't.csv'\"",
        ),
        (
            ("predict", "last", "--query", "SELECT * FROM 't.csv'"),
            "error: gdrun predict has no option --query",
            "hint: a query takes the place of the data file: write \"query=SELECT * FROM 't.csv'\"",
        ),
        (
            ("train", "--query", "SELECT * FROM 't.csv'"),
            "error: gdrun train has no option --query",
            "hint: keys of the config have no dashes: write \"query=SELECT * FROM 't.csv'\"",
        ),
    ],
)
def test_errors(here, words, error, hint):
    answer = here(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [error, *([hint] if hint else [])]


@pytest.mark.longer
def test_a_file_whose_name_begins_as_a_key(here):
    FRAME.to_csv("dataset.csv", index=False)
    assert here("inspect", "dataset.csv").out.splitlines()[-1] == "  gdrun train dataset.csv"
    assert here("predict", "last", "dataset.csv").code == 0
    of_key = here("predict", "last", "dataset.path=t.csv")
    assert (of_key.code, of_key.out) == (0, here("predict", "last", "t.csv").out)


@pytest.mark.longer
def test_the_words_for_the_query_read_the_file(here):
    # The city Köln in Latin-1, and ages with a decimal comma.
    changed = FRAME.assign(city="Ulm", age=[f"{age},5" for age in FRAME.age], town="K\xf6ln")
    changed.to_csv("c.csv", index=False, sep=";", encoding="latin-1")
    options = ("--encoding", "latin-1", "--decimal", ",")
    hint = here("predict", "last", "query=SELECT * FROM 'c.csv'", *options).err.splitlines()[-1]
    words = hint.partition("FROM ")[2].replace("FILE", "c.csv")
    by_query = here("predict", "last", f"query=SELECT * FROM {words}", "--decimal", ",")
    of_file = here("predict", "last", "c.csv", *options)
    assert (by_query.code, by_query.out) == (0, of_file.out)


def test_a_model_of_texts_with_decimal_commas_reads_new_ones(here):
    commas = FRAME.assign(age=[f"{age},5" for age in FRAME.age])
    points = FRAME.assign(age=FRAME.age + 0.5)
    commas.to_json("commas.jsonl", orient="records", lines=True)
    points.to_json("points.jsonl", orient="records", lines=True)
    commas.to_parquet("commas.parquet")
    query = "query=FROM 'commas.parquet'"
    assert here("train", query, *WORDS, "decimal=,").code == 0
    expected = here("predict", "last", "points.jsonl").out
    assert len(expected.splitlines()) == ROWS + 1
    for source in (query, "commas.parquet", "commas.jsonl"):
        answer = here("predict", "last", source)
        assert (answer.code, answer.out) == (0, expected)
