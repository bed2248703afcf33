"""Arrays of numbers smaller than float64 keep their dtype until they are standardised."""

import numpy as np
import pytest

import gdrun
from gdrun.data import table_from_arrays
from gdrun.data.inspection import inspect_data

DTYPES = [np.uint8, np.int16, np.int32, np.bool_, np.float16, np.float32]


def examples(dtype, rows=90, columns=4):
    draw = np.random.default_rng(0)
    X = (draw.random((rows, columns)) * 9).astype(dtype)
    return X, draw.integers(0, 2, rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_table_does_not_enlarge_small_numbers(dtype):
    X, y = examples(dtype)
    assert np.shares_memory(table_from_arrays(X, y).X, X)


@pytest.mark.parametrize("dtype", [">i4", ">f4", np.int64, np.longdouble])
def test_numbers_in_another_byte_order_and_larger_ones_become_float64(dtype):
    X, y = examples(dtype)
    assert table_from_arrays(X, y).X.dtype == np.float64


@pytest.mark.longer
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_training_has_the_bits_of_the_same_numbers_as_float64(dtype, large, monkeypatch):
    if large:  # the functions for large tables, which read blocks of rows
        for module in ("preparation", "standardisation"):
            monkeypatch.setattr(f"gdrun.data.{module}.LARGE_ENTRIES", 1)
        monkeypatch.setattr("gdrun.data.row_blocks.BLOCK_ENTRIES", 28)
    X, y = examples(dtype)
    config = {"model": "logistic", "stopping": {"epochs": 3}}
    small = gdrun.train(config, data=(X, y))
    wide = gdrun.train(config, data=(X.astype(np.float64), y))
    assert small.record["data"] == wide.record["data"]
    assert all(map(np.array_equal, small.weights.values(), wide.weights.values()))
    assert small.summary["train_loss"] == wide.summary["train_loss"]


def test_values_that_are_not_finite_are_found_in_small_numbers():
    X, y = examples(np.float32)
    X[3, 1] = np.inf
    with pytest.raises(gdrun.DataError, match="1 missing or infinite value, the first in row 3"):
        table_from_arrays(X, y)


def test_the_largest_numbers_of_a_small_type_are_finite():
    # Their sum in float16 is infinite.
    X = np.full((9, 2), np.finfo(np.float16).max)
    assert table_from_arrays(X, np.arange(9)).X.dtype == np.float16


def test_predictions_and_inspection_of_bytes_are_those_of_float64(tmp_path):
    X, y = examples(np.uint8)
    for name, values in (("bytes.npz", X), ("numbers.npz", X.astype(np.float64))):
        np.savez(tmp_path / name, X=values, y=y)
    found = [inspect_data({"path": str(tmp_path / name)}) for name in ("bytes.npz", "numbers.npz")]
    assert found[0].columns == found[1].columns
    assert found[0].values == found[1].values
    assert found[0].repeated == found[1].repeated
