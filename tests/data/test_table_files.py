"""Parquet files, written by pandas and pyarrow, and JSON lines, written by pandas and json."""

import json
from decimal import Decimal

import numpy as np
import pandas
import pyarrow
import pytest
from pyarrow import parquet

from gdrun.data import load_table
from gdrun.errors import DataError

VALUES = [0.1, 1 / 3, 5e-324, -1.7976931348623157e308, 12345678901234567.0]
FRAME = pandas.DataFrame(
    {
        "whole": np.arange(5) * 7 - 9,
        "real": VALUES,
        "colour": ["red", "blue", "red", "ä", "blue"],
        "open": [True, False, True, True, False],
        "y": [2.5, 1, 4, 3, 5],
    }
)


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(**options):
    with pytest.raises(DataError) as caught:
        load_table(options)
    return str(caught.value)


def write(kind, frame, name="made"):
    if kind == "parquet":
        frame.to_parquet(f"{name}.parquet")
    else:
        frame.to_json(f"{name}.jsonl", orient="records", lines=True, double_precision=15)
    return f"{name}.{kind}"


def test_a_frame_of_pandas_comes_back_bit_for_bit():
    table = load_table({"path": write("parquet", FRAME)})
    assert table.feature_names == ("whole", "real", "colour=blue", "colour=red", "colour=ä", "open")
    np.testing.assert_array_equal(table.X[:, 0], FRAME["whole"])
    np.testing.assert_array_equal(table.X[:, 1], VALUES)
    assert table.X[:, 2:5].tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert table.X[:, 5].tolist() == [1, 0, 1, 1, 0]
    assert table.y.tolist() == [2.5, 1, 4, 3, 5]


def test_lines_of_json_come_back_bit_for_bit(tmp_path):
    rows = json.loads(FRAME.to_json(orient="records"))
    for row, value in zip(rows, VALUES, strict=True):
        row["real"] = value
    (tmp_path / "made.ndjson").write_text("\n".join(map(json.dumps, rows)))
    table = load_table({"path": "made.ndjson"})
    np.testing.assert_array_equal(table.X[:, 1], VALUES)
    assert table.feature_names[2:] == ("colour=blue", "colour=red", "colour=ä", "open")
    assert table.target_name == "y"


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_targets(kind):
    path = write(kind, FRAME.drop(columns="real"))
    assert load_table({"path": path, "target": "open"}).classes == ("False", "True")
    table = load_table({"path": path, "target": "colour", "categories": "whole"})
    assert table.classes == ("blue", "red", "ä")
    assert table.y.tolist() == [1, 0, 1, 2, 0]
    assert "whole=-9" in table.feature_names


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_missing_values(kind):
    frame = FRAME.drop(columns="real").astype({"whole": "Int64", "open": "boolean"})
    frame.loc[1, ["whole", "colour", "open"]] = None
    path = write(kind, frame)
    said = refusal(path=path)
    for column in ("whole", "colour", "open"):
        assert f"made.{kind} {column}: 1 of 5 values is missing, in row 1 (the first is" in said
    assert len(load_table({"path": path, "missing": "drop"}).y) == 4
    assert np.isnan(load_table({"path": path, "missing": "mean"}).X[1]).all()


def test_types_of_parquet():
    prices = [Decimal("0.1"), Decimal("1234567.89")]
    table = pyarrow.table(
        {
            "price": pyarrow.array(prices, pyarrow.decimal128(38, 19)),
            "small": pyarrow.array([0.1, 0.2], pyarrow.float32()),
            "byte": pyarrow.array([1, 255], pyarrow.uint8()),
            "kind": pyarrow.array(["a", "b"]).dictionary_encode(),
            "y": [1, 2],
        }
    )
    parquet.write_table(table, "made.parquet")
    X = load_table({"path": "made.parquet"}).X
    assert X[:, 0].tolist() == [0.1, 1234567.89]
    assert X[:, 1].tolist() == [float(np.float32(0.1)), float(np.float32(0.2))]
    assert X[:, 2].tolist() == [1, 255]
    assert X[:, 3:].tolist() == [[1, 0], [0, 1]]


def test_dates_lists_and_infinite_values_are_refused_by_name():
    frame = FRAME.assign(
        sold=pandas.Timestamp("2020-01-01"), parts=[[1]] * 5, y=[1, 2, np.inf, 3, 4]
    )
    path = write("parquet", frame)
    assert refusal(path=path, target="y", dates="refuse").splitlines()[::2] == [
        "error: made.parquet y: 1 of 5 values is infinite, in row 2 (the first is row 0)",
        "error: made.parquet sold: the column has dates or times",
        "error: made.parquet parts: the column has values of the type BIGINT[], which are neither "
        "numbers nor text",
    ]


def test_mixtures_and_objects_of_json(tmp_path):
    (tmp_path / "made.jsonl").write_text('{"a": 1, "b": {"c": 1}, "y": 1}\n{"a": "u", "y": 2}\n')
    said = refusal(path="made.jsonl")
    assert (
        "made.jsonl a: the column mixes values of different types, such as numbers and texts"
        in said
    )
    assert "made.jsonl b: the column has lists or objects" in said
    assert 'read them as labels with categories: ["a"]' in said
    options = {"target": "y", "ignore": "b", "categories": "a"}
    table = load_table({"path": str(tmp_path / "made.jsonl"), **options})
    assert table.feature_names == ("a=1", "a=u")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("made.parquet", b"PAR1", "error: made.parquet: cannot be read as Parquet"),
        ("made.jsonl", b'{"a": 1\n', "error: made.jsonl: cannot be read as lines of JSON"),
        ("made.jsonl", b"", "error: made.jsonl: is empty"),
    ],
)
def test_damaged_files(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert refusal(path=name).startswith(said)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_several_files(kind):
    write(kind, FRAME, "part-2")
    write(kind, FRAME.assign(y=9.0), "part-1")
    table = load_table({"path": f"part-*.{kind}", "ignore": "real"})
    assert table.y.tolist() == [9] * 5 + FRAME["y"].tolist()


def test_several_parquet_files_need_the_same_columns():
    write("parquet", FRAME, "part-1")
    write("parquet", FRAME.drop(columns="open"), "part-2")
    assert refusal(path="part-*.parquet").startswith(
        "error: part-2.parquet: has other columns than part-1.parquet"
    )


def test_files_that_do_not_exist():
    for name in ("gone.parquet", "gone.jsonl"):
        assert refusal(path=name).startswith(f"error: {name}: no such file")


@pytest.mark.parametrize("name", ["made.parquet", "made.jsonl"])
def test_numbers_stored_as_text_are_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame({"zip": [f"{131 * row:05}" for row in range(30)], "y": range(30)})
    if name.endswith("parquet"):
        frame.to_parquet(name)
    else:
        frame.to_json(name, orient="records", lines=True)
    with pytest.raises(DataError) as caught:
        load_table({"path": name})
    said = str(caught.value)
    assert said.startswith(f"error: {name}")
    assert "zip: the column has numbers as text, some with leading zeros, such as '00000'" in said
    assert said.endswith('store them as numbers; or read them as labels with categories: ["zip"]')
    assert load_table({"path": name, "categories": "zip"}).feature_names[1] == "zip=00131"


def test_keys_that_differ_only_in_case_are_named(tmp_path):
    file = tmp_path / "made.jsonl"
    file.write_text('{"a": 1, "Size": 2, "b": 3}\n{"a": 1, "size": 2, "y": 4}\n')
    with pytest.raises(DataError) as caught:
        load_table({"path": str(file)})
    assert str(caught.value) == (
        f"error: {file}: the keys 'Size' and 'size' differ only in upper and lower case, so they "
        "cannot be two columns\nhint: rename one of them"
    )
