"""Preparation: all statistics come from the training rows, and the table is not changed."""

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from gdrun.data import Table, load_table, prepare
from gdrun.data.standardisation import standardisation
from gdrun.errors import DataError

DEFAULTS = {
    "task": "regression",
    "validation": 0.1,
    "test": 0.1,
    "standardize": True,
    "seed": 0,
    "dtype": "float64",
}
PARTS = ("train", "validation", "test")


def table_of(X, y, classes=(), notes=()):
    X = np.asarray(X, dtype=np.float64)
    return Table(
        name="made",
        X=X,
        y=np.asarray(y, dtype=np.int64 if classes else np.float64),
        feature_names=tuple(f"f{column}" for column in range(X.shape[1])),
        target_name="goal",
        classes=classes,
        notes=notes,
    )


def prepared(table, **options):
    return prepare(table, **{**DEFAULTS, **options})


def numbered(rows, seed=0):
    """A table whose target is the number of the row, so that the rows of a part are known."""
    return table_of(np.random.default_rng(seed).normal(3, 2, (rows, 3)), np.arange(rows))


def failure(table, **options):
    with pytest.raises(DataError) as caught:
        prepared(table, **options)
    return str(caught.value)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_the_engine_gets(dtype):
    data = prepared(numbered(30), dtype=dtype)
    for name in PARTS:
        part = getattr(data, name)
        assert part.X.dtype == part.y.dtype == dtype
        assert part.X.flags.c_contiguous
        assert part.rows == len(part.X)
    assert data.rows == {"train": 24, "validation": 3, "test": 3}
    assert (data.features, data.task) == (3, "regression")


def test_parts_may_be_switched_off():
    data = prepared(numbered(10), validation=0, test=0)
    assert data.validation is None
    assert data.test is None
    assert data.rows == {"train": 10, "validation": 0, "test": 0}


def test_a_seed_repeats_the_bits():
    table = load_table({"name": "wine"})
    first, again, other = (prepared(table, task="classification", seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.train.X, again.train.X)
    np.testing.assert_array_equal(first.test.y, again.test.y)
    assert not np.array_equal(first.train.X, other.train.X)


def test_a_constant_column_is_centred_and_not_divided():
    X = np.random.default_rng(1).normal(size=(20, 3))
    X[:, 1] = 0.1  # Its mean in floating point is not 0.1: 20 sums of it round.
    data = prepared(table_of(X, np.arange(20)))
    for name in PARTS:
        assert (getattr(data, name).X[:, 1] == 0).all()
    assert data.scale[1] == 1
    assert data.mean[1] == 0.1
    assert data.constant == ("f1",)
    assert data.notes == (
        "1 feature has a single value in the training rows, so it is only centred: f1",
    )


def test_a_column_that_varies_in_the_test_rows_alone():
    table = numbered(20)
    rows = prepared(table).test.y.astype(int)
    X = table.X.copy()
    X[:, 0] = 5
    X[rows, 0] = 7
    data = prepared(table_of(X, table.y))
    assert data.constant == ("f0",)
    assert (data.train.X[:, 0] == 0).all()
    assert (data.test.X[:, 0] == 2).all()


def test_many_constant_columns_are_counted():
    data = prepared(table_of(np.ones((10, 8)), np.arange(10)))
    assert data.notes == (
        "8 features have a single value in the training rows, so they are only centred: "
        "f0, f1, f2, f3, f4 and 3 more",
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
    assert data.scale[0] == 1


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


def test_whole_numbers_become_classes_in_ascending_order():
    y = [7, -1, 7, 30, -1, 30, 7, -1]
    data = prepared(table_of(np.eye(8), y), task="classification", validation=0, test=0)
    assert data.classes == ("-1", "7", "30")
    assert data.train.y.tolist() == [1, 0, 1, 2, 0, 2, 1, 0]
    assert data.train.y.dtype == np.int64


def test_labels_keep_their_codes():
    y = [2, 0, 2, 0, 2, 0]
    table = table_of(np.eye(6), y, classes=("ant", "bee", "cat"))
    data = prepared(table, task="classification", validation=0, test=0)
    assert data.classes == ("ant", "bee", "cat")
    assert data.train.y.tolist() == y
    assert data.notes[0] == "no training row has the class bee"


def test_a_class_of_one_row_beside_frequent_ones_is_noted():
    y = [0] * 12 + [1] + [2] * 20
    said = "a single row has the class maybe; without it the target has 2 classes"
    for labels, codes, notes in (
        (("no", "maybe", "yes"), y, [said]),
        # The other class is rare, too; or there are only two.
        (("no", "maybe", "yes"), y[4:], []),
        (("no", "maybe"), y[:13], []),
    ):
        table = table_of(np.eye(len(codes)), codes, classes=labels)
        data = prepared(table, task="classification", validation=0, test=0)
        assert [each for each in data.notes if "single row" in each] == notes


def test_classes_are_stratified():
    data = prepared(load_table({"name": "breast-cancer"}), task="classification")
    # 569 rows, a tenth is 57: 57·212/569 = 21.2 and 35.8; of the remaining 191 and 321, 21.3 and
    # 35.7.
    assert np.bincount(data.test.y).tolist() == [21, 36]
    assert np.bincount(data.validation.y).tolist() == [21, 36]


def test_notes_of_the_table_come_first():
    table = table_of(np.ones((10, 1)), np.arange(10), notes=("dropped 1 of 11 rows",))
    assert prepared(table).notes == (
        "dropped 1 of 11 rows",
        "1 feature has a single value in the training rows, so it is only centred: f0",
    )


@pytest.mark.parametrize(
    ("table", "label"),
    [
        (table_of(np.eye(3), [4, 4, 4]), "4"),
        (table_of(np.eye(3), [0, 0, 0], classes=("yes",)), "yes"),
        (table_of(np.eye(3), [1, 1, 1], classes=("no", "yes")), "yes"),
    ],
)
def test_one_class_is_an_error(table, label):
    assert failure(table, task="classification") == (
        f"error: made goal: all rows have the same target, {label}\n"
        "hint: choose a target column with at least two classes"
    )


def test_too_few_rows_to_train_on():
    assert failure(table_of(np.eye(2), [1, 2])) == (
        "error: dataset.split: no training rows are left: "
        "1 of 2 rows are for validation and 1 for test\n"
        "hint: use fewer rows for validation and test; 0 means no such part"
    )


def test_too_few_rows_for_two_classes_to_train_on():
    # Three rows of three classes, one held out twice: the last row is of one class.
    table = table_of(np.eye(3), [0, 1, 2])
    assert failure(table, task="classification") == (
        "error: made: the training part (1 of 3 rows) contains only one class\n"
        "hint: use fewer rows for validation and test, or provide more data"
    )


def test_numbers_that_are_no_classes():
    assert failure(table_of(np.eye(4), [1, 2.5, 1, 2.5]), task="classification") == (
        "error: made goal: the target has numbers that are not whole, such as 2.5, "
        "so they cannot be classes\n"
        "hint: use model: linear to predict a number, or choose another target"
    )
    assert failure(numbered(30), task="classification") == (
        "error: made goal: the target has 30 different values in 30 rows, too many to be classes\n"
        "hint: use model: linear to predict a number; if they are classes, set "
        "dataset.task=classification"
    )
    # With a task from the user any whole numbers are classes: here each of 30 rows has its own.
    declared = prepared(numbered(30), task="classification", declared=True, validation=0, test=0)
    assert declared.classes == tuple(map(str, range(30)))


def test_labels_are_no_numbers():
    table = table_of(np.eye(3), [0, 1, 0], classes=("ant", "bee"))
    assert failure(table, task="regression") == (
        "error: made goal: the target has 2 class labels, such as 'ant', "
        "but a regression needs numbers\n"
        "hint: use model: logistic to predict a class, or choose a target with numbers"
    )


def test_the_hash_knows_values_types_and_shape():
    X = np.arange(6.0).reshape(3, 2)
    one = table_of(X, [0, 1, 2])
    assert one.sha256 == table_of(X.copy(), [0, 1, 2]).sha256
    assert one.sha256 == table_of(np.asfortranarray(X), [0, 1, 2]).sha256
    others = [
        table_of(X + 1, [0, 1, 2]),
        table_of(X, [0, 1, 3]),
        table_of(X, [0, 1, 2], classes=("a", "b", "c")),
        table_of(X.reshape(2, 3), [0, 1, 2]),
    ]
    assert len({one.sha256, *(other.sha256 for other in others)}) == 5


@pytest.mark.parametrize(
    ("y", "classes", "task"),
    [
        ([0, 1, 0, 1], ("a", "b"), "classification"),
        ([0, 1, 0, 1], (), "classification"),
        ([7, 7, 9, 9], (), "classification"),
        ([0.5, 1, 0.5, 1], (), "regression"),
        ([1, 2, 3, 1], (), "regression"),  # three values in four rows hardly come again
        (list(range(21)) * 3, (), "regression"),  # more than 20 values
        (list(range(20)) * 3, (), "classification"),
    ],
)
def test_without_a_task_the_target_decides(y, classes, task):
    table = table_of(np.arange(len(y))[:, None], y, classes=classes)
    assert prepared(table, task=None, validation=0, test=0).task == task


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
