"""Standardisation and filling: all statistics come from the training rows, in any unit."""

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from prepared_tables import PARTS, failure, numbered, prepared, table_of

from gdrun.data.standardisation import standardisation


def test_statistics_come_from_the_training_rows_alone():
    table = numbered(50)
    data = prepared(table)
    rows = {name: getattr(data, name).y.astype(int) for name in PARTS}
    assert sorted(np.concatenate([*rows.values()])) == list(range(50))
    for column in range(3):
        # Plain sums over the training rows, in exact fractions.
        values = [Fraction(table.X[row, column]) for row in rows["train"]]
        mean = sum(values) / len(values)
        scale = sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        assert data.mean[column] == pytest.approx(float(mean), rel=1e-15)
        assert data.scale[column] == pytest.approx(scale, rel=1e-15)
        for name in PARTS:
            expected = [(table.X[row, column] - float(mean)) / scale for row in rows[name]]
            assert getattr(data, name).X[:, column] == pytest.approx(expected, rel=1e-13)


def test_held_out_rows_change_nothing():
    table = numbered(50)
    before = prepared(table)
    X = table.X.copy()
    X[before.validation.y.astype(int)] = 1e6
    X[before.test.y.astype(int)] = -1e6
    after = prepared(table_of(X, table.y))
    np.testing.assert_array_equal(after.train.X, before.train.X)
    np.testing.assert_array_equal(after.mean, before.mean)
    np.testing.assert_array_equal(after.scale, before.scale)


def test_without_standardisation_the_numbers_stay():
    table = numbered(30)
    data = prepared(table, standardize=False)
    assert data.mean is None
    assert data.scale is None
    for name in PARTS:
        part = getattr(data, name)
        np.testing.assert_array_equal(part.X, table.X[part.y.astype(int)])


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("gap", [True, False])
def test_the_table_is_left_as_it_was(standardize, gap):
    table = numbered(30)
    if gap:
        table.X[3, 1] = np.nan
    before = table.X.copy()
    data = prepared(table, standardize=standardize)
    np.testing.assert_array_equal(table.X, before)
    assert not np.shares_memory(data.train.X, table.X)
    assert data.sha256 == table.sha256


def test_a_constant_column_is_0_in_every_part():
    X = np.random.default_rng(1).normal(size=(20, 3))
    X[:, 1] = 0.1  # Its mean in floating point is not 0.1: 20 sums of it round.
    data = prepared(table_of(X, np.arange(20)))
    for name in PARTS:
        assert (getattr(data, name).X[:, 1] == 0).all()
    assert data.scale[1] == np.inf
    assert data.mean[1] == 0.1
    assert data.constant == ("f1",)
    assert data.notes == (
        "1 feature has a single value in the training rows, so other values of it have no "
        "effect: f1",
    )


def test_features_in_their_own_units():
    X = np.random.default_rng(2).normal(3, 5, size=(20, 3))
    X[:, 1] = 2025
    data = prepared(table_of(X, np.arange(20)))
    for name in PARTS:
        part = getattr(data, name)
        own = data.encoding.original(np.asarray(part.X))
        np.testing.assert_allclose(own, X[part.y.astype(int)], rtol=1e-12)


def test_a_column_that_varies_in_the_test_rows_alone_has_no_effect():
    table = numbered(20)
    rows = prepared(table).test.y.astype(int)
    X = table.X.copy()
    X[:, 0] = 5
    X[rows, 0] = 7
    data = prepared(table_of(X, table.y))
    assert data.constant == ("f0",)
    assert (data.train.X[:, 0] == 0).all()
    assert (data.test.X[:, 0] == 0).all()


def test_many_constant_columns_are_counted():
    data = prepared(table_of(np.ones((10, 8)), np.arange(10)))
    assert data.notes == (
        "8 features have a single value in the training rows, so other values of them have no "
        "effect: f0, f1, f2, f3, f4 and 3 more",
    )
    assert len(data.constant) == 8


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_a_large_mean_or_an_odd_unit_costs_no_accuracy(unit):
    # 1e6 + k for k = 0 … 8: mean 1e6 + 4, population variance (9² − 1)/12 = 20/3.
    column = (1e6 + np.arange(9)) * unit / 1e6
    mean, scale, varies = standardisation(column[:, None])
    assert mean[0] == pytest.approx((1e6 + 4) * unit / 1e6, rel=1e-15)
    # The values are rounded to 1e-16 of 1e6, which is 1e-10 of their spread.
    assert scale[0] == pytest.approx(sqrt(20 / 3) * unit / 1e6, rel=1e-9)
    assert varies[0]


@pytest.mark.parametrize("high", [np.finfo(float).max, 5e-324])
def test_the_ends_of_floating_point(high):
    # Two values of opposite sign: mean 0, and each is one deviation away.
    table = table_of([[-high], [high], [-high], [high]], range(4))
    data = prepared(table, validation=0, test=0)
    assert data.train.X[:, 0].tolist() == [-1, 1, -1, 1]


def test_a_spread_below_the_smallest_number_is_none():
    # 0 and the smallest number above it: half of that, the deviation, rounds to 0.
    table = table_of([[0.0], [5e-324], [0.0], [5e-324]], range(4))
    data = prepared(table, validation=0, test=0)
    assert data.constant == ("f0",)
    assert (data.train.X == 0).all()


def test_gaps_take_the_mean_of_the_training_rows():
    table = numbered(40)
    rows = prepared(table).train.y.astype(int)
    held_out = np.setdiff1d(np.arange(40), rows)
    table.X[rows[:3], 0] = np.nan
    table.X[held_out[:2], 0] = np.nan
    known = [value for value in table.X[rows, 0] if value == value]
    mean = sum(map(Fraction, known)) / len(known)
    data = prepared(table, standardize=False)
    filled = np.concatenate([getattr(data, name).X for name in PARTS])
    order = np.argsort(np.concatenate([getattr(data, name).y for name in PARTS]))
    X = filled[order]
    assert X[np.isnan(table.X)] == pytest.approx([float(mean)] * 5, rel=1e-14)
    np.testing.assert_array_equal(X[~np.isnan(table.X)], table.X[~np.isnan(table.X)])
    # A mean adds nothing to the mean: standardised gaps are 0.
    standard = prepared(table)
    for name in PARTS:
        part = getattr(standard, name)
        gaps = np.isnan(table.X[part.y.astype(int), 0])
        assert part.X[gaps, 0] == pytest.approx(0, abs=1e-15)


def test_a_column_without_a_training_value():
    table = numbered(20)
    table.X[prepared(table).train.y.astype(int), 1] = np.nan
    assert failure(table) == (
        "error: made: no training row has a value in f1, so missing values cannot be filled\n"
        'hint: use fewer rows for validation and test; or leave it out with ignore: ["f1"]'
    )


def test_values_beyond_float32():
    # float32 ends at 3.4e38; standardised, the same column is small again.
    table = numbered(20)
    table.X[:, 2] *= 1e38
    table.X[:, 0] *= 1e200
    assert failure(table, standardize=False, dtype="float32") == (
        "error: made: there are values outside the range of float32 in f0, f2\n"
        "hint: rescale the column, or use dtype: float64"
    )
    assert np.abs(prepared(table, dtype="float32").train.X).max() < 10


def test_a_target_beyond_float32():
    table = table_of(np.arange(8)[:, None], [1e39] * 8)
    assert failure(table, dtype="float32") == (
        "error: made: there are values outside the range of float32 in goal\n"
        "hint: rescale the column, or use dtype: float64"
    )


def test_the_encoding_fills_as_training_did():
    X = np.array([[1.0, 4], [3, np.nan], [5, 6], [7, 8]])
    everything = {"validation": 0, "test": 0, "standardize": False}
    gaps = prepared(table_of(X, range(4)), **everything).encoding
    # The mean of 1, 3, 5, 7, and of 4, 6, 8.
    assert gaps.fill.tolist() == [4, 6]
    whole = table_of(X[:, :1], range(4))
    assert prepared(whole, **everything).encoding.fill is None
    # With missing: mean, values of new rows may be missing although no training value is.
    assert prepared(replace(whole, fillings=("mean",)), **everything).encoding.fill.tolist() == [4]


def test_the_encoding_prepares_rows_as_training_did():
    table = numbered(40)
    data = prepared(table)
    rows = data.train.y.astype(int)
    assert data.encoding.feature_names == ("f0", "f1", "f2")
    np.testing.assert_array_equal(data.encoding.prepared(table.X[rows]), data.train.X)
