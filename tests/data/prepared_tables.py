"""Tables made by hand, and their preparation."""

import numpy as np
import pytest

from gdrun.data import Table, prepare
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
    """A table with the features f0, f1 and so on, and the target goal."""
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
    """The table as DEFAULTS and these options prepare it."""
    return prepare(table, **{**DEFAULTS, **options})


def numbered(rows, seed=0):
    """A table whose target is the number of the row, so that the rows of a part are known."""
    return table_of(np.random.default_rng(seed).normal(3, 2, (rows, 3)), np.arange(rows))


def failure(table, **options):
    """The error message of a table that cannot be prepared."""
    with pytest.raises(DataError) as caught:
        prepared(table, **options)
    return str(caught.value)
