"""Tables that are read in batches and prepared in one matrix: the bits and the memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas
import pyarrow
import pytest
from pyarrow import parquet

from gdrun import threads
from gdrun.data import load_table, number_matrix, prepare
from gdrun.data.encoding import SourceColumn
from gdrun.data.feature_matrix import encoded, laid_out
from gdrun.errors import DataError

DRAW = np.random.default_rng(29)
OPTIONS = {"task": "regression", "standardize": True, "seed": 3}


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=[1, 3], ids=["1-thread", "3-threads"])
def thread_count(request, monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: request.param)


def frame(rows=3_000):
    """Columns of every type, among them some that become no feature or several."""
    return pandas.DataFrame(
        {
            "real": DRAW.normal(size=rows),
            "id": DRAW.permutation(rows),
            "whole": DRAW.integers(-(2**53), 2**53, rows),
            "y": DRAW.normal(size=rows),
            "open": DRAW.random(rows) < 0.3,
            "small": DRAW.normal(size=rows).astype(np.float32),
            "colour": np.array(["red", "blue", "green"])[DRAW.integers(0, 3, rows)],
            "last": DRAW.uniform(size=rows),
        }
    )


def expected(made):
    """The features as pandas has them, in float64."""
    colours = [made["colour"] == label for label in sorted(made["colour"].unique())]
    parts = [made["real"], made["whole"], made["open"], made["small"], *colours, made["last"]]
    return np.column_stack([np.asarray(part, dtype=np.float64) for part in parts])


@pytest.mark.longer
@pytest.mark.parametrize("entries", [1, 7_000, 2**23])
@pytest.mark.parametrize("group", [250, 2_999])
def test_row_groups_and_columns_at_once_of_any_number_give_the_frame(
    group, entries, thread_count, monkeypatch
):
    monkeypatch.setattr(number_matrix, "MOST_ENTRIES", entries)
    made = frame()
    made.to_parquet("made.parquet", row_group_size=group)
    table = load_table({"path": "made.parquet", "target": "y"})
    np.testing.assert_array_equal(table.X, expected(made), strict=True)
    np.testing.assert_array_equal(table.y, made["y"])
    assert table.feature_names[-4:] == ("colour=blue", "colour=green", "colour=red", "last")


def test_several_files_of_several_row_groups(thread_count):
    made = frame(900)
    for part, start in enumerate(range(0, 900, 300)):
        made[start : start + 300].to_parquet(f"part-{part}.parquet", row_group_size=100)
    table = load_table({"path": "part-*.parquet", "target": "y"})
    np.testing.assert_array_equal(table.X, expected(made), strict=True)


def test_a_column_with_the_name_that_duckdb_gives_to_row_numbers():
    made = pandas.DataFrame({"File_Row_Number": [2.5, 0.5, 1.5], "y": [1.0, 2.0, 4.0]})
    made.to_parquet("made.parquet", row_group_size=1)
    assert load_table({"path": "made.parquet"}).X.tolist() == [[2.5], [0.5], [1.5]]


def test_missing_numbers_of_several_batches_and_files():
    """A batch of DuckDB has at most 131,072 rows, and one bit for each of them."""
    rows, gaps = 140_000, DRAW.random(140_000) < 0.1
    gaps[:3] = True, False, True
    values = DRAW.normal(size=rows)
    whole = np.where(gaps, np.nan, values)
    for part, cut in enumerate([slice(0, 3), slice(3, rows)]):
        columns = {"a": pyarrow.array(values[cut], mask=gaps[cut]), "y": values[cut]}
        parquet.write_table(pyarrow.table(columns), f"part-{part}.parquet")
    table = load_table({"path": "part-*.parquet", "target": "y", "missing": "mean"})
    np.testing.assert_array_equal(table.X[:, 0], whole)
    np.testing.assert_array_equal(table.y, values)


def test_missing_marked_and_infinite_numbers_of_all_row_groups():
    a = [1.5, None, 3.5, -9.0, 5.5, 6.5]
    columns = {"a": pyarrow.array(a), "b": [1, 2, 3, -9, 5, 7], "y": [1.0, 2, 3, 4, 5, 6.5]}
    parquet.write_table(pyarrow.table(columns), "made.parquet", row_group_size=2)
    table = load_table({"path": "made.parquet", "missing": "mean", "missing_values": [-9]})
    nan = np.nan
    wanted = [[1.5, 1], [nan, 2], [3.5, 3], [nan, nan], [5.5, 5], [6.5, 7]]
    np.testing.assert_array_equal(table.X, wanted)
    dropped = load_table({"path": "made.parquet", "missing": "drop", "missing_values": [-9]})
    assert dropped.X.tolist() == [[1.5, 1], [3.5, 3], [5.5, 5], [6.5, 7]]
    assert dropped.y.tolist() == [1, 3, 5, 6.5]
    columns["a"] = [1.5, 2.5, 3.5, 4.5, 5.5, np.inf]
    parquet.write_table(pyarrow.table(columns), "made.parquet", row_group_size=2)
    with pytest.raises(DataError, match="a: 1 of 6 values is infinite, in row 5"):
        load_table({"path": "made.parquet"})


@pytest.mark.parametrize("seed", range(4))
def test_features_written_over_the_matrix_they_are_read_from(seed, thread_count):
    draw = np.random.default_rng(seed)
    rows, places = 40_000, 9
    memory = draw.normal(size=(rows, places + 1))
    kept = np.sort(draw.choice(places, draw.integers(3, places - 1), replace=False))
    columns = [SourceColumn(f"x{j}") for j in kept]
    values = [memory[:, j] for j in kept]
    # Two features of a category in place of a column that is left out.
    at = int(draw.integers(0, len(kept)))
    columns.insert(at, SourceColumn("kind", ("a", "b"), form="category"))
    values.insert(at, draw.integers(0, 2, rows).astype(np.float64))
    apart = encoded(columns, [each.copy() for each in values])
    wide = laid_out(columns, values, memory)
    assert np.shares_memory(wide, memory) == (len(kept) + 2 <= places)
    np.testing.assert_array_equal(wide[:, :-1], apart, strict=True)


@pytest.mark.longer
@pytest.mark.parametrize("held_out", [0, 0.1, 0.45])
@pytest.mark.parametrize("ones", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("gaps", [0, 7])
def test_an_overwritten_table_gives_the_same_parts(held_out, ones, dtype, gaps, thread_count):
    rows, features = 30_000, 11
    wide = DRAW.normal(5, 3, (rows, features + 1))
    wide[:gaps, 4] = np.nan
    table = replace(load_table({"name": "linear", "n": rows, "d": features}), X=wide[:, :-1])
    options = {**OPTIONS, "validation": held_out, "test": held_out, "ones": ones, "dtype": dtype}
    apart = prepare(table, **options)
    kept, before = wide.copy(), wide.copy()
    over = prepare(replace(table, wide=wide), overwrite=True, **options)
    for name in ("train", "validation", "test"):
        one, other = getattr(over, name), getattr(apart, name)
        if other is None:
            assert one is None
            continue
        np.testing.assert_array_equal(one.X, other.X, strict=True)
        np.testing.assert_array_equal(one.y, other.y, strict=True)
        assert (one.wide is None) is (not ones)
        if ones:
            np.testing.assert_array_equal(one.wide, other.wide, strict=True)
    assert over.sha256 == apart.sha256
    assert np.shares_memory(over.train.X, wide) == (dtype == "float64")
    # Without the permission the table keeps its values.
    prepare(replace(table, wide=kept, X=kept[:, :-1]), **options)
    np.testing.assert_array_equal(kept, before)


@pytest.mark.slow
def test_a_file_needs_little_more_memory_than_its_numbers():
    rows, columns = 600_000, 20
    made = {f"x{j}": DRAW.normal(size=rows) for j in range(columns)}
    made["y"] = DRAW.normal(size=rows)
    parquet.write_table(pyarrow.table(made), "made.parquet", row_group_size=100_000)
    size = rows * (columns + 1) * 8
    del made
    # NumPy reports its arrays to tracemalloc.
    tracemalloc.start()
    try:
        table = load_table({"path": "made.parquet", "target": "y"})
        options = {**OPTIONS, "validation": 0.1, "test": 0.1, "dtype": "float64", "ones": True}
        data = prepare(table, overwrite=True, **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert data.train.rows == 0.8 * rows
    # The matrix, 0.2 of it again for the held-out parts, the row numbers, and blocks of 16 MB.
    assert peak < 1.9 * size, peak / size
