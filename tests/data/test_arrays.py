"""Arrays from Python: which are accepted, how they are converted, and the whole error messages."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from gdrun.data import load_table, prepare, table_from_arrays, table_from_pair
from gdrun.errors import DataError

X = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


class Frame:
    """A stand-in for a data frame, with the attributes that gdrun uses."""

    def __init__(self, rows, columns, dtype=None):
        self.rows, self.columns, self.dtype = rows, columns, dtype

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=dtype or self.dtype)


class Series:
    def __init__(self, values, name, dtype=None):
        self.values, self.name, self.dtype = values, name, dtype

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype or self.dtype)


class Sparse:
    """A stand-in for a sparse matrix: an object that can be converted to an array."""

    def toarray(self):
        return np.eye(3)


class Tensor:
    """A stand-in for a tensor on another device, which cannot be converted to a NumPy array."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def failure(X, y, **options):
    with pytest.raises(DataError) as caught:
        table_from_arrays(X, y, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "features",
    [
        X,
        tuple(map(tuple, X)),
        np.array(X),
        np.array(X, dtype=np.float32),
        np.array(X, dtype=np.int8),
        np.asfortranarray(X),
        np.array(X, dtype=object),
        [[Fraction(value) for value in row] for row in X],
        Frame(X, ["x0", "x1"]),
    ],
)
def test_features_in_every_form(features):
    table = table_from_arrays(features, [1, 2, 3])
    np.testing.assert_array_equal(table.X, X)
    small = isinstance(features, np.ndarray) and features.dtype in (np.float32, np.int8)
    assert table.X.dtype == (features.dtype if small else np.float64)
    assert table.X.flags.c_contiguous
    assert table.feature_names == ("x0", "x1")
    assert table.name == "arrays"


@pytest.mark.parametrize(
    "targets", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([[1], [2], [3]]), np.array([1, 2, 3], "u1")]
)
def test_numbers_stay_numbers(targets):
    table = table_from_arrays(X, targets)
    assert table.y.tolist() == [1.0, 2.0, 3.0]
    assert table.y.dtype == np.float64
    assert table.classes == ()
    assert table.target_name == "y"


@pytest.mark.parametrize(
    ("targets", "codes", "classes"),
    [
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], dtype=np.dtypes.StringDType()), [1, 0, 1], ("a", "b")),
        ([True, False, True], [1, 0, 1], ("False", "True")),
        (Series(["b", "a", "b"], "kind", dtype=object), [1, 0, 1], ("a", "b")),
    ],
)
def test_labels_become_codes_in_sorted_order(targets, codes, classes):
    table = table_from_arrays(X, targets)
    assert table.y.tolist() == codes
    assert table.y.dtype == np.int64
    assert table.classes == classes


def test_frames_bring_their_names():
    frame = Frame([[1, 2.5], [True, 3.0], [0, 1.0]], ["size", 2019], dtype=object)
    table = table_from_arrays(frame, Series([1.0, 2.0, 3.0], "price"))
    assert table.X.tolist() == [[1, 2.5], [1, 3], [0, 1]]
    assert table.feature_names == ("size", "2019")
    assert table.target_name == "price"
    assert table_from_arrays(X, Series([1, 2, 3], None)).target_name == "y"


def test_names_may_be_given():
    frame = Frame(X, ["a", "b"])
    assert table_from_arrays(frame, [1, 2, 3], ["c", "d"]).feature_names == ("c", "d")


@pytest.mark.parametrize("rows", [60, 20_000])  # the larger table is prepared block by block
def test_arrays_of_the_caller_are_read_and_never_changed(rows):
    draw = np.random.default_rng(1)
    features, targets = draw.normal(size=(rows, 60)), draw.normal(size=rows)
    features.flags.writeable = targets.flags.writeable = False
    before = features.copy(), targets.copy()
    table = table_from_arrays(features, targets)
    assert np.shares_memory(table.X, features)
    prepare(
        table,
        task="regression",
        validation=0.1,
        test=0.1,
        standardize=True,
        seed=0,
        dtype="float64",
    )
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(targets, before[1])


def test_splits_and_defaults_are_those_of_files():
    rng = np.random.default_rng(0)
    table = table_from_arrays(rng.normal(size=(100, 3)), rng.integers(0, 2, 100))
    data = prepare(
        table,
        task="classification",
        validation=0.1,
        test=0.1,
        standardize=True,
        seed=0,
        dtype="float64",
    )
    assert data.rows == {"train": 80, "validation": 10, "test": 10}
    assert data.classes == ("0", "1")


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (
            [1.0, 2.0, 3.0],
            "X must have 2 dimensions (rows, features), "
            "got 1 dimension with shape (3,)\n"
            "hint: for a single feature write X.reshape(-1, 1)",
        ),
        (
            np.zeros((3, 8, 8)),
            "X must have 2 dimensions (rows, features), "
            "got 3 dimensions with shape (3, 8, 8)\n"
            "hint: flatten each example to one row with X.reshape(len(X), -1)",
        ),
        (
            5,
            "X must have 2 dimensions (rows, features), "
            "got 0 dimensions with shape ()\n"
            "hint: flatten each example to one row with X.reshape(len(X), -1)",
        ),
        (
            np.zeros((0, 3)),
            "X is empty: its shape is (0, 3)\n"
            "hint: give X one row for each example and one column for each feature",
        ),
        (
            np.zeros((3, 0)),
            "X is empty: its shape is (3, 0)\n"
            "hint: give X one row for each example and one column for each feature",
        ),
        (
            [[1, 2], [3], [4, 5]],
            "the rows of X differ in length\nhint: give every row the same length",
        ),
        (
            np.ma.masked_invalid([[1, np.nan]]),
            "X is a masked array\nhint: fill its gaps with X.filled(VALUE), or drop such rows and "
            "take X.data",
        ),
        (Sparse(), "X is a sparse matrix\nhint: convert it with X.toarray()"),
        (
            Tensor(),
            "X cannot be converted to a NumPy array: "
            "can't convert cuda:0 device type tensor to numpy\n"
            "hint: convert a tensor with X.detach().cpu().numpy()",
        ),
        (
            [[1, np.nan], [np.inf, 4], [5, 6]],
            "X has 2 missing or infinite values, the first in row 0, column 1\n"
            "hint: remove or fill these values first; rows and columns are counted from 0",
        ),
        (
            [[1, 2], [3, 4], [5, -np.inf]],
            "X has 1 missing or infinite value, the first in row 2, column 1\n"
            "hint: remove or fill these values first; rows and columns are counted from 0",
        ),
        (
            [["a", "b"], ["c", "d"], ["e", "f"]],
            "X must hold real numbers, but its dtype is <U1\n"
            "hint: encode text as numbers, for example as one 0/1 column for each value",
        ),
        (
            np.array(X) * 1j,
            "X must hold real numbers, but its dtype is complex128\n"
            "hint: encode text as numbers, for example as one 0/1 column for each value",
        ),
        (
            np.array([[1, "red"], [2, "red"], [3, "blue"]], dtype=object),
            "X must hold real numbers, but row 0, column 1 has 'red'\n"
            "hint: encode text as numbers, and remove or fill missing values; or write the "
            "table to a file, such as table.csv, which gdrun encodes: gdrun.train('table.csv')",
        ),
        (
            np.array([[1, 2], [3, None], [5, 6]], dtype=object),
            "X must hold real numbers, but row 1, column 1 has None\n"
            "hint: encode text as numbers, and remove or fill missing values; or write the "
            "table to a file, such as table.csv, which gdrun encodes: gdrun.train('table.csv')",
        ),
        (
            [[Decimal(1)], [Decimal(2)], [Decimal(3)]],
            "X must hold real numbers, but row 0, column 0 has Decimal('1')\n"
            "hint: encode text as numbers, and remove or fill missing values; or write the "
            "table to a file, such as table.csv, which gdrun encodes: gdrun.train('table.csv')",
        ),
    ],
)
def test_features_that_are_refused(features, said):
    assert failure(features, [1, 2, 3]) == f"error: {said}"


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([1, 2], "X has 3 rows, but y has 2 targets\nhint: give one target in y for each row of X"),
        (
            np.eye(3),
            "y must have 1 dimension, got 2 dimensions with shape (3, 3)\n"
            "hint: turn one-hot targets into codes with y.argmax(axis=1)",
        ),
        (4, "y must have 1 dimension, got 0 dimensions with shape ()"),
        (
            [1, np.nan, 3],
            "y has 1 missing or infinite value, the first in row 1\n"
            "hint: remove or fill these values first; rows and columns are counted from 0",
        ),
        (
            np.ma.masked_equal([1, 2, 3], 2),
            "y is a masked array\nhint: fill its gaps with y.filled(VALUE), or drop such rows and "
            "take y.data",
        ),
        (
            np.array(["a", None, "b"], dtype=object),
            "y mixes text with other values: row 1 has None\n"
            "hint: convert all labels to text, and remove rows without a label",
        ),
        (
            np.array(["a", "b", float("nan")], dtype=object),
            "y mixes text with other values: row 2 has nan\n"
            "hint: convert all labels to text, and remove rows without a label",
        ),
        (
            np.array(["2020-01-01"] * 3, dtype="datetime64[D]"),
            "y must hold real numbers, but its dtype is datetime64[D]\n"
            "hint: encode text as numbers, for example as one 0/1 column for each value",
        ),
    ],
)
def test_targets_that_are_refused(targets, said):
    assert failure(X, targets) == f"error: {said}"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["a"],
            "X has 2 columns, but feature_names has length 1\nhint: give one name for each column",
        ),
        (["a", "a"], "two features have the same name 'a'\nhint: give each column its own name"),
    ],
)
def test_names_that_are_refused(names, said):
    assert failure(X, [1, 2, 3], feature_names=names) == f"error: {said}"


def test_a_config_cannot_bring_arrays_back():
    with pytest.raises(DataError) as caught:
        load_table({"name": "arrays"})
    assert str(caught.value) == (
        "error: dataset.name: the data of this experiment are Python arrays, "
        "which a config does not contain\n"
        "hint: call gdrun.train(config, data=(X, y)), or name a dataset or a file"
    )


@pytest.mark.parametrize("data", [np.eye(3), (np.eye(3),), (1, 2, 3), "X, y"])
def test_data_that_are_no_pair(data):
    with pytest.raises(DataError, match="must be a pair of features and targets"):
        table_from_pair(data)
