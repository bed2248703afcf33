"""Statistics of a matrix on disk, in one pass, and rows that stay on disk."""

import numpy as np
import pytest

from gdrun.data import column_statistics as statistics_of_columns
from gdrun.data.column_statistics import column_statistics
from gdrun.errors import DataError
from gdrun.problems.rows import MappedRows, rows_of


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(statistics_of_columns, "BLOCK_ENTRIES", 7 * 3)  # 7 rows of 3 columns


def on_disk(tmp_path, X):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
def test_moments_are_those_of_the_marked_rows(tmp_path, small_blocks, dtype):
    rng = np.random.default_rng(0)
    X = (1000 + 50 * rng.standard_normal((100, 3))).astype(dtype)
    X[:, 2] = 7
    trains = rng.random(100) < 0.8
    found = column_statistics(on_disk(tmp_path, X), trains, "X.npy")
    chosen = X[trains].astype(np.float64)
    assert found.mean == pytest.approx(chosen.mean(axis=0), rel=1e-13)
    assert found.deviation == pytest.approx(chosen.std(axis=0), rel=1e-12, abs=1e-12)
    assert found.varies.tolist() == [True, True, False]


def test_a_large_mean_costs_no_accuracy(tmp_path, small_blocks):
    # Deviation 1 about 1e8: sums of squares would keep none of its digits, 1e16 against 1.
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 3))
    found = column_statistics(on_disk(tmp_path, X + 1e8), np.ones(200, dtype=bool), "X.npy")
    assert found.deviation == pytest.approx(X.std(axis=0), rel=1e-6)


def test_a_value_that_is_not_finite_is_named(tmp_path, small_blocks):
    X = np.zeros((30, 3))
    X[17, 2] = np.nan
    with pytest.raises(DataError, match="the value nan in row 17, column 2 is not finite"):
        column_statistics(on_disk(tmp_path, X), np.ones(30, dtype=bool), "X.npy")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_on_disk_read_like_the_standardised_array(tmp_path, dtype):
    rng = np.random.default_rng(2)
    X = 5 + 3 * rng.standard_normal((40, 4))
    rows = np.flatnonzero(rng.random(40) < 0.7)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    lazy = MappedRows(on_disk(tmp_path, X), rows, np.dtype(dtype), mean, scale).with_ones()
    whole = np.column_stack([((X - mean) / scale)[rows], np.ones(len(rows))]).astype(dtype)
    assert lazy.shape == whole.shape
    assert len(lazy) == len(rows)
    chosen = rng.integers(0, len(rows), (2, 6))
    assert np.array_equal(lazy.take(chosen), whole[chosen])
    assert lazy.take(chosen).dtype == dtype
    assert np.array_equal(rows_of(lazy, slice(3, 11)), whole[3:11])
    assert np.array_equal(rows_of(whole, slice(3, 11)), whole[3:11])
