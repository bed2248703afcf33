"""Preparation: the parts, the classes of the target and the task, and what the engine gets."""

import numpy as np
import pytest
from prepared_tables import PARTS, failure, numbered, prepared, table_of

from gdrun.data import load_table


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
        "1 feature has a single value in the training rows, so other values of it have no "
        "effect: f0",
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
