"""Passes over a large matrix block by block give the same as one expression over the matrix."""

import numpy as np
import pytest

from gdrun import threads
from gdrun.data import preparation, prepare, standardisation, table_from_arrays
from gdrun.data.row_blocks import (
    all_finite,
    has_nan,
    mean_and_scale_by_blocks,
    over_rows,
    rows_of,
)
from gdrun.problems.models import MODELS

DRAW = np.random.default_rng(11)


def matrix(rows=20_011, columns=60):
    return DRAW.normal(
        DRAW.normal(size=columns) * 50, DRAW.uniform(0.01, 30, columns), (rows, columns)
    )


@pytest.mark.longer
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (20_010, 59), (9_999, 31)])
def test_a_value_that_is_not_finite_is_found_wherever_it_is(bad, place):
    X = matrix()
    assert all_finite(X)
    assert not has_nan(X)
    X[place] = bad
    assert not all_finite(X)
    assert has_nan(X) == bool(np.isnan(bad))


def test_a_sum_that_overflows_is_no_value_that_is_not_finite():
    X = np.full((4_000, 50), np.finfo(float).max)
    assert all_finite(X)
    X[::2] *= -1  # sums of either sign overflow, and their difference would be NaN
    assert all_finite(X)
    assert not has_nan(X)


def test_statistics_over_chosen_rows_are_those_of_one_expression():
    X, rows = matrix(), np.sort(DRAW.permutation(20_011)[:15_000])
    X[:, 7] = 3.25
    mean, scale, varies = mean_and_scale_by_blocks(X, rows)
    for found, expected in zip(
        (mean, scale, varies), standardisation.standardisation(X[rows]), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert (mean[7], scale[7], varies[7]) == (3.25, 1, False)


@pytest.mark.parametrize("columns", [1, 3, 19])
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 100])
def test_rows_side_by_side_are_reduced_to_those_of_each_column(rows, columns):
    # Sums of whole numbers are exact in any order.
    block = DRAW.integers(-9, 9, (rows, columns)).astype(float)
    for operation, one_column in ((np.add, sum), (np.minimum, min), (np.maximum, max)):
        expected = [one_column(column) for column in block.T.tolist()]
        assert over_rows(operation, block).tolist() == expected


@pytest.mark.parametrize("rows", [[], [4], [2, 3, 4], [0, 2, 3], [0, 4]])
def test_chosen_rows_are_a_contiguous_copy(rows):
    X = np.arange(20.0).reshape(5, 4)[:, :3]
    chosen = rows_of(X, np.array(rows, dtype=np.int64))
    assert chosen.tolist() == [[4.0 * row, 4.0 * row + 1, 4.0 * row + 2] for row in rows]
    assert chosen.flags.c_contiguous
    assert not np.shares_memory(chosen, X)


def test_a_large_mean_costs_no_accuracy():
    # 1e8 + k mod 9: mean 1e8 + 4 and population variance (9² − 1)/12 = 20/3, for whole cycles.
    X = np.tile(1e8 + np.arange(9.0), 9_000)[:, None]
    mean, scale, _ = mean_and_scale_by_blocks(X, np.arange(len(X)))
    assert mean[0] == pytest.approx(1e8 + 4, rel=1e-15)
    assert scale[0] == pytest.approx(np.sqrt(20 / 3), rel=1e-9)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_values_whose_squares_leave_the_range_are_left_to_the_scaled_computation(unit):
    X = matrix(18_000) * unit
    assert mean_and_scale_by_blocks(X, np.arange(len(X))) is None
    y = DRAW.normal(size=len(X))
    options = {"validation": 0, "test": 0, "standardize": True, "seed": 0, "dtype": "float64"}
    data = prepare(table_from_arrays(X, y), task="regression", **options)
    np.testing.assert_allclose(data.train.X.std(axis=0), 1, rtol=1e-9)


@pytest.mark.longer
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("gaps", [0, 3])
def test_large_and_small_tables_are_prepared_alike(dtype, gaps, monkeypatch):
    X, y = matrix(), DRAW.normal(size=20_011)
    table = table_from_arrays(X, y)
    X[:gaps, 5] = np.nan  # as a file with missing values leaves them
    options = {"validation": 0.1, "test": 0.1, "standardize": True, "seed": 0, "dtype": dtype}
    by_blocks = prepare(table, task="regression", **options)
    monkeypatch.setattr(preparation, "LARGE_ENTRIES", np.inf)
    monkeypatch.setattr(standardisation, "LARGE_ENTRIES", np.inf)
    at_once = prepare(table, task="regression", **options)
    assert by_blocks.sha256 == at_once.sha256
    for name in ("train", "validation", "test"):
        one, other = (getattr(data, name) for data in (by_blocks, at_once))
        assert one.X.dtype == other.X.dtype == dtype
        np.testing.assert_array_equal(one.y, other.y)
        np.testing.assert_allclose(one.X, other.X, rtol=1e-6 if dtype == "float32" else 1e-11)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_linear_model_takes_the_features_with_their_ones_where_they_are(dtype):
    X, y = matrix(500, 4), DRAW.normal(size=500)
    options = {"validation": 0.2, "test": 0, "standardize": True, "seed": 0, "dtype": dtype}
    data = prepare(table_from_arrays(X, y), task="regression", ones=True, **options)
    plain = prepare(table_from_arrays(X, y), task="regression", **options)
    for part, without in ((data.train, plain.train), (data.validation, plain.validation)):
        np.testing.assert_array_equal(part.X, without.X)
        np.testing.assert_array_equal(part.wide, np.column_stack([part.X, np.ones(len(part.X))]))
        assert without.wide is None
        model = MODELS["linear"].build(4, 0, {})
        assert model.design(part.X, part.wide) is part.wide
        no_bias = MODELS["linear"].build(4, 0, {"bias": False})
        np.testing.assert_array_equal(no_bias.design(part.X, part.wide), part.X)


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    X, y = matrix(), DRAW.normal(size=20_011)
    table = table_from_arrays(X, y)
    options = {"validation": 0.1, "test": 0, "standardize": True, "seed": 0, "dtype": "float64"}
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        found.append(prepare(table, task="regression", **options))
    np.testing.assert_array_equal(found[0].train.X, found[1].train.X)
    np.testing.assert_array_equal(found[0].scale, found[1].scale)
