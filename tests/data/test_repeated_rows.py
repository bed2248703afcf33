"""Repeated rows: their numbers equal those that sets of tuples give."""

import gc
from itertools import product
from time import process_time

import numpy as np
import pytest

import gdrun
from gdrun.data import Table, load_table, prepare
from gdrun.data.inspection import inspect_data
from gdrun.data.repeated_rows import repeated, row_hashes

PARTS = ("train", "validation", "test")


def table_of(X, y):
    names = tuple(f"f{column}" for column in range(X.shape[1]))
    return Table("made", X, y, names, "goal", ())


def prepared(table, seed=0, validation=0.2, test=0.3):
    return prepare(
        table,
        task="regression",
        validation=validation,
        test=test,
        standardize=False,
        seed=seed,
        dtype="float64",
    )


def tuples(X, y):
    return [tuple(row) for row in np.column_stack([X, y]).tolist()]


@pytest.mark.parametrize(
    "shape", ["many are alike", "few are alike", "the first columns are alike"]
)
@pytest.mark.parametrize("seed", range(8))
def test_the_numbers_are_those_of_sets_of_tuples(seed, shape):
    rng = np.random.default_rng(seed)
    rows, columns, values = rng.integers(20, 300), rng.integers(1, 9), rng.integers(2, 8)
    X = rng.integers(-1, values, (rows, columns)) / 3
    if shape == "few are alike":
        X[rows // 10 :] += np.arange(rows - rows // 10)[:, None]
    if shape == "the first columns are alike":
        X[:, [0, *range(2, columns)]] = 0
    data = prepared(table_of(X, rng.integers(0, 2, rows).astype(float)), seed)
    parts = {name: tuples(getattr(data, name).X, getattr(data, name).y) for name in PARTS}
    trained = set(parts["train"])
    every = [row for part in parts.values() for row in part]
    assert data.repeated.all == len(every) - len(set(every))
    assert data.repeated.validation == sum(row in trained for row in parts["validation"])
    assert data.repeated.test == sum(row in trained for row in parts["test"])


@pytest.mark.longer
def test_every_pair_of_rows_of_few_bits_has_its_own_hash():
    # All rows of 16 columns of 0 and 1, as labels make them, and powers of two, whose bits differ
    # only in the exponent.
    labels = np.array(list(product((0.0, 1.0), repeat=16)))
    assert repeated(row_hashes(labels, np.zeros(len(labels)))) == 0
    powers = 2.0 ** np.array(list(product(range(-20, 21), repeat=3)))
    assert repeated(row_hashes(powers, np.zeros(len(powers)))) == 0


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_values_and_not_their_bytes_are_compared(dtype):
    X = np.array([[1, 0, 3], [3, 0, 1], [1, 0, 3], [3, 1, 0]])
    y = np.array([5, 5, 5, 5])
    expected = row_hashes(X.astype("float64"), y.astype("float64"))
    for order in "CF":
        assert (row_hashes(X.astype(dtype, order=order), y) == expected).all()
    assert repeated(expected) == 1


def test_zeros_and_missing_values_are_equal_whatever_their_bits():
    other_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)[0]
    X = np.array([[0.0, np.nan], [-0.0, other_nan], [np.nan, 0.0], [1.0, np.inf]])
    assert repeated(row_hashes(X, np.zeros(4))) == 1


def test_rows_with_another_target_are_not_repeated():
    X = np.ones((4, 2))
    assert repeated(row_hashes(X, np.array([0.0, 1.0, 2.0, 2.0]))) == 1


def test_long_tables_are_hashed_in_blocks():
    X = np.arange(50_000, dtype=float)[:, None] % 30_000
    assert repeated(row_hashes(X, np.zeros(len(X)))) == 20_000


def test_a_file_on_disk_has_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    matrix = rng.integers(0, 3, (400, 4)).astype(np.float32)
    np.save("m.npy", matrix)
    table = load_table({"path": "m.npy"})
    assert isinstance(table.X, np.memmap)
    in_memory = table_of(matrix[:, :-1].astype(float), matrix[:, -1].astype(float))
    assert prepared(table).repeated == prepared(in_memory).repeated
    assert prepared(table).repeated.test > 0


def test_the_record_the_note_and_the_inspection_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Each of 10 rows occurs twice, with another identifier: the first row twice more.
    body = [f"{n % 10 / 4},{n % 10},{n % 10 / 2}" for n in (*range(20), 0, 0)]
    rows = [f"k{n},{line}" for n, line in enumerate(body)]
    (tmp_path / "twice.csv").write_text("\n".join(["id,a,b,y", *rows]), encoding="utf-8")
    run = gdrun.train(
        {"dataset": {"path": "twice.csv", "split": {"test": 0.5}}, "model": "linear"},
        "variant=bgd",
        "epochs=1",
    )
    found = run.record["data"]
    counted = found["repeated_rows"]
    assert counted["all"] == 12
    assert counted["test"] > 0
    sizes = found["parts"]
    listed = [
        f"{counted[part]} of {sizes[part]} {part} rows" for part in PARTS[1:] if counted[part]
    ]
    note = f"repeated rows: the training part also has {' and '.join(listed)}"
    note += ", equal in the features and the target (not compared: id)"
    assert note in found["notes"]
    assert found["left_out"] == ["id"]
    assert inspect_data({"path": "twice.csv"}).repeated == 12


def test_data_without_repeated_rows_have_no_note():
    data = prepared(load_table({"name": "diabetes"}))
    assert (data.repeated.all, data.repeated.validation, data.repeated.test) == (0, 0, 0)
    assert not [note for note in data.notes if "repeated" in note]


@pytest.mark.longer
def test_hashing_takes_a_small_part_of_the_time_of_reading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(20_000, 20)).round(6)
    names = ",".join(f"c{column}" for column in range(20))
    np.savetxt("m.csv", X, delimiter=",", fmt="%.6f", header=names, comments="")
    gc.collect()
    start = process_time()
    table = load_table({"path": "m.csv"})
    reading = process_time() - start
    start = process_time()
    row_hashes(table.X, table.y)
    # It is about 3 %; the bound leaves room for a busy machine.
    assert process_time() - start < 0.2 * reading
