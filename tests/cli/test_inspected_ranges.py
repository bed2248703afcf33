"""`gdrun inspect`: the ranges of numbers and dates, and the most frequent labels."""

import json
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

AGES = [20 + k % 50 for k in range(120)]
AGES[17], AGES[90] = 999, -1
TOWNS = [
    ("Lyon", "Bonn", "Oslo", "Lyon", "Rome", "Lyon", "Bonn", "Graz")[k % 8] for k in range(120)
]
DAYS = [date(2021, 3, 5) + timedelta(days=37 * k % 500) for k in range(120)]
PAID = [("yes", "no", "yes")[k % 3] for k in range(120)]
SIZES = [None if k == 5 else 50.25 + k % 30 for k in range(120)]
RENTS = [500 + 3.5 * k for k in range(120)]
WHOLE = "column  kind      values  missing  range or labels "


@pytest.fixture
def flats(tmp_path, monkeypatch):
    """A table with a wrong age at both ends, among values of every kind."""
    monkeypatch.chdir(tmp_path)
    rows = zip(AGES, TOWNS, DAYS, PAID, SIZES, RENTS, strict=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    (tmp_path / "flats.csv").write_text("age,town,sold,paid,size,rent\n" + "\n".join(lines) + "\n")


def columns_of(gdrun, *words):
    document = json.loads(gdrun("inspect", *words, "--json").out)
    return {column["name"]: column for column in document["columns"]}


# With missing: error, some columns cannot be used, and the table cannot be made.
@pytest.mark.parametrize("missing", ["mean", "error"])
def test_the_ranges_in_the_document(flats, gdrun, missing):
    found = columns_of(gdrun, "flats.csv", f"missing={missing}")
    ranges = {name: column["range"] for name, column in found.items()}
    known = [size for size in SIZES if size is not None]
    assert ranges == {
        "age": [-1, 999],
        "town": None,
        "sold": [min(DAYS).isoformat(), max(DAYS).isoformat()],
        "paid": None,
        "size": [min(known), max(known)],
        "rent": [RENTS[0], RENTS[-1]],
    }
    frequent = found["town"]["most_frequent"]
    assert frequent == dict(Counter(TOWNS)) and [*frequent][:2] == ["Lyon", "Bonn"]
    assert found["paid"]["most_frequent"] == {"1": PAID.count("yes"), "0": PAID.count("no")}
    assert found["age"]["most_frequent"] is None


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_the_ranges_are_readable_at_every_width(flats, gdrun, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = gdrun("inspect", "flats.csv").out
    assert max(map(len, out.splitlines())) <= width
    lines = [" ".join(line.split()) for line in out.splitlines()]
    whole = width >= 110
    assert any(line.startswith(WHOLE) for line in out.splitlines()) is whole
    for said in ("-1 … 999", "2021-03-05 … 2022-07-17", "50.25 … 79.25", "1 (80), 0 (40)"):
        assert any(said in line for line in lines)
    # Of labels with as many rows, the first in the alphabet is named. In 40 characters, the text is
    # on two lines.
    parts = ["Lyon (45), Bonn (30), Graz (15),", "…"]
    assert all(part in out for part in parts)
    # The line on the target has its range.
    assert out.count("916.5") == 1


def test_numbers_alone_have_one_table_with_their_ranges(gdrun, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = gdrun("inspect", "iris").out
    assert "sepal length (cm)  number        35           4.3 … 7.9        a number\n" in out
    assert out.count("sepal length") == 1


def test_labels_are_shortened_in_the_table_alone(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long, other = "a very long label that has no end", "short"
    rows = [f"{(long, other)[k % 3 == 0]},{k}" for k in range(30)]
    (tmp_path / "made.csv").write_text("a,y\n" + "\n".join(rows) + "\n")
    assert "a very long label that … (20), short (10)" in " ".join(
        gdrun("inspect", "made.csv").out.split()
    )
    assert columns_of(gdrun, "made.csv")["a"]["most_frequent"] == {long: 20, other: 10}


def test_infinite_values_are_in_no_range(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", np.array([[1.0, 5], [np.inf, 5], [3, 5], [-np.inf, 5]]))
    np.save("y.npy", np.array([0.5, 1, 2, 3]))
    found = columns_of(gdrun, "X.npy", "targets=y.npy")
    assert [each["range"] for each in found.values()] == [[1, 3], [5, 5], [0.5, 3]]


def test_a_date_with_a_time_has_the_range_of_its_days(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"1969-12-{k + 10} 23:{k + 30}:00,{k}" for k in range(20)]
    (tmp_path / "made.csv").write_text("at,y\n" + "\n".join(rows) + "\n")
    assert columns_of(gdrun, "made.csv")["at"]["range"] == ["1969-12-10", "1969-12-29"]


def test_hashed_texts_and_identifiers_have_no_range(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"u-{k},call {k % 40} or write,{k}" for k in range(60)]
    (tmp_path / "made.csv").write_text("id,remark,y\n" + "\n".join(rows) + "\n")
    found = columns_of(gdrun, "made.csv", "hash=16")
    for name in ("id", "remark"):
        assert (found[name]["range"], found[name]["most_frequent"]) == (None, None)
