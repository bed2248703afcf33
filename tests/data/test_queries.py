"""Queries read files; they write nothing, run nothing, and give the same rows each time."""

import numpy as np
import pytest

from gdrun.data import load_table
from gdrun.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text("size,kind,price\n70,a,2.5\n20,b,1.5\n90,a,4.5\n")
    return tmp_path


def refusal(query, **options):
    with pytest.raises(DataError) as caught:
        load_table({"query": query, **options})
    return str(caught.value)


def test_the_rows_of_a_query():
    query = "SELECT size * 2 AS twice, kind, price FROM 'houses.csv' WHERE price > 2 ORDER BY size"
    table = load_table({"query": query})
    assert table.feature_names == ("twice", "kind=a")
    assert table.X.tolist() == [[140, 1], [180, 1]]
    assert table.y.tolist() == [2.5, 4.5]
    assert load_table({"query": query, "target": "twice"}).y.tolist() == [140, 180]


def test_relative_paths_start_at_the_folder(folder, monkeypatch):
    monkeypatch.chdir("/")
    query = "SELECT size, price FROM 'houses.csv'"
    assert len(load_table({"query": query, "folder": str(folder)}).y) == 3


def test_random_rows_are_the_same_each_time():
    query = "SELECT random() AS a, range AS y FROM range(5000) ORDER BY random()"
    first, second = load_table({"query": query}), load_table({"query": query})
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.y, second.y)


@pytest.mark.longer
@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "WITH x AS (COPY (SELECT 1) TO 'out.csv') SELECT 1 AS a, 2 AS y",
        "WITH x AS (SELECT 1), z AS (COPY (FROM x) TO 'out.csv') SELECT 1 AS a, (SELECT 2) AS y",
        "SELECT * FROM (WITH x AS (COPY (SELECT 1) TO 'out.csv') SELECT 1 AS a, 2 AS y)",
        "ATTACH 'out.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE t AS SELECT 1",
        "SET threads = 1",
        "PRAGMA enable_profiling",
        "CALL enable_logging()",
        "SELECT 1 AS a, 2 AS y; COPY (SELECT 1) TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "",
        "SELECT",
        "SELECT * FROM enable_logging(storage = 'file', storage_path = 'out')",
        "SELECT * FROM query('SELECT 1 AS a, 2 AS y')",
        "SELECT 1 AS a, 2 AS y FROM read_text('/etc/hosts')",
        "SELECT * FROM 'https://example.org/a.csv'",
        "SELECT * FROM folder",
        "SELECT size, price FROM 'gone.csv'",
    ],
)
def test_what_a_query_must_not_do(folder, query):
    assert refusal(query).startswith("error: dataset.query: ")
    assert [path.name for path in folder.iterdir()] == ["houses.csv"]


def test_dates_of_a_query():
    query = "SELECT unnest([DATE '2020-01-01', DATE '2021-12-31']) AS sold, 1 AS y"
    assert load_table({"query": query}).X.tolist() == [[2020, 1, 2, 18262], [2021, 12, 4, 18992]]
    said = refusal(query, dates="refuse")
    assert said.startswith("error: dataset.query sold: the column has dates or times")


@pytest.mark.longer
@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_texts_of_tables_with_types_are_those_of_the_csv(ending, folder):
    """The same cells as text mean the same in each format: marks, missing values and numbers."""
    import pandas

    words = ["n/a", "NA", "-", "", "None"]
    frame = pandas.DataFrame(
        {
            "share": [words[k % 5] if k % 3 == 0 else f"{k + 0.5}%" for k in range(60)],
            "plain": [words[k % 5] if k % 4 == 0 else f"{k / 8 - 3}" for k in range(60)],
            "kind": [words[k % 5] if k % 7 == 0 else "ab"[k % 2] for k in range(60)],
            "y": [f"{k * k}" for k in range(60)],
        }
    )
    frame.to_csv("made.csv", index=False)
    frame.to_parquet("made.parquet")
    frame.to_json("made.jsonl", orient="records", lines=True)
    expected = load_table({"path": "made.csv", "missing": "mean"})
    assert expected.feature_names == ("share", "plain", "kind=a", "kind=b")
    query = {"query": f"SELECT * FROM 'made.{ending}'"}
    for source in ({"path": f"made.{ending}"}, query):
        table = load_table({**source, "missing": "mean"})
        assert table.feature_names == expected.feature_names
        np.testing.assert_array_equal(table.X, expected.X)
        np.testing.assert_array_equal(table.y, expected.y)
        note = "plain has numbers as text, which are read as numbers; "
        assert note + 'categories: ["plain"] reads them as labels' in table.notes
    # With a list of the user, NA is a label and no missing value.
    marks = {"missing": "mean", "missing_values": ("n/a", "-", "None")}
    listed = load_table({**query, **marks, "ignore": ("share", "plain")})
    assert listed.sources[0].labels == ("NA", "a", "b")
    hint = refusal(query["query"], **marks, ignore=("plain", "kind"))
    assert 'set missing_values: ["n/a", "-", "None", "NA"]' in hint
