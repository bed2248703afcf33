"""The encoding of a table's columns as features, which training makes and prediction repeats.

    cell → value → features, such as one 0/1 column for each label
         → missing values filled → (x − mean) / scale

Everything that preparation learns from the training rows is in one record, so that new rows are
treated in the same way. scikit-learn uses a pipeline of fitted transformers for this. A record of
arrays was chosen because NumPy alone can read and apply it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.data.cells import STANDARD, MissingMarks
from gdrun.data.dates import date_features

UNSEEN = -1.0
"""The code of a label that training did not see: it is equal to no label's code."""

Form = Literal[
    "number", "marked", "boolean", "category", "date", "day_first", "month_first", "date_number"
]
"""How the cells of a column become values.

number, marked: the number in the cell; marked numbers have signs such as $ and %. boolean: 0 or 1.
category: the code of the label. date, day_first, month_first: the seconds from 1970-01-01 to a date
in one of the forms in gdrun.data.dates. date_number: the same for numbers such as 20240131.
"""

DATE_FORMS: tuple[Form, ...] = ("date", "day_first", "month_first")
"""The forms of a date in a text."""


@dataclass(frozen=True)
class SourceColumn:
    """A column of the data as it was read, and the features that it becomes.

    labels: the different texts of a category; for hashed texts the numbers of the used buckets.
    form: how a cell becomes a value. buckets: the number of buckets into which texts are hashed; 0
    without hashing. parts: the parts of a date that are features. indicator: whether a last feature
    is 1 where the value is missing, and else 0.
    """

    name: str
    labels: tuple[str, ...] = ()
    form: Form = "number"
    buckets: int = 0
    parts: tuple[str, ...] = ()
    indicator: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the column's features, such as size, colour=red, city#17 and sold.year."""
        if self.labels:
            sign = "#" if self.buckets else "="
            names = tuple(f"{self.name}{sign}{label}" for label in self.labels)
        else:
            names = tuple(f"{self.name}.{part}" for part in self.parts) or (self.name,)
        return (*names, f"{self.name}.missing") if self.indicator else names

    @property
    def is_number(self) -> bool:
        """Whether the column becomes exactly one feature, which is the value of its cell."""
        return not (self.labels or self.parts or self.indicator)

    def features(self, values: Numbers) -> Numbers:
        """The k features of this column in N rows: (N, k).

        values (N,): numbers, codes of the labels, or seconds; NaN is a missing value. The code
        UNSEEN, of a label that training did not see, gives 0 in all 0/1 columns.
        """
        if self.labels:
            found: Numbers = (values[:, None] == np.arange(len(self.labels))).astype(np.float64)
            # A missing label is unknown, so all its 0/1 columns are missing, not 0.
            found[np.isnan(values)] = np.nan
        else:
            found = date_features(values, self.parts) if self.parts else values[:, None]
        if self.indicator:
            found = np.concatenate([found, np.isnan(values)[:, None]], axis=1)
        return found

    def label(self, text: str) -> str:
        """The label of a text: the text itself, or the number of its bucket."""
        return str(bucket(text, self.buckets)) if self.buckets else text


def bucket(text: str, buckets: int) -> int:
    """The number of the bucket of a text, from 0 to `buckets` − 1; the same on every machine.

    >>> bucket("Paris", 1000)
    203
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % buckets


def columns_of_numbers(names: Iterable[str]) -> tuple[SourceColumn, ...]:
    """A SourceColumn without labels for each of these names."""
    return tuple(SourceColumn(name) for name in names)


@dataclass(frozen=True)
class Encoding:
    """The encoding that a model was trained with, which makes d features.

    columns: the columns of the data, in the order of their features. fill (d,): for each feature
    the value, computed from the training rows, that replaces a missing value. It is NaN for a
    column that must not have missing values; fill is None if this is true of all columns. mean,
    scale (d,): the standardisation; None if the features are not standardised. A feature with a
    single value in the training rows has the scale ∞, so that it becomes 0 in every row: see
    gdrun.data.standardisation. missing: the texts and numbers that stand for a missing value, such
    as NA or −999. decimal: the decimal sign of the file of the training data.
    """

    columns: tuple[SourceColumn, ...]
    fill: Numbers | None = None
    mean: Numbers | None = None
    scale: Numbers | None = None
    missing: MissingMarks = STANDARD
    decimal: str = "."

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def features(self) -> int:
        """The number of features, d."""
        return len(self.feature_names)

    @cached_property
    def fillable(self) -> frozenset[str]:
        """The names of the columns, and of the features, whose missing values can be filled."""
        if self.fill is None:
            return frozenset()
        known = dict(zip(self.feature_names, ~np.isnan(self.fill), strict=True))
        columns = [c.name for c in self.columns if known[c.feature_names[0]]]
        return frozenset([*columns, *(name for name, fills in known.items() if fills)])

    @cached_property
    def constant(self) -> Integers:
        """The indices of the features that had a single value in the training rows."""
        return np.flatnonzero(np.isinf(self.scale)) if self.scale is not None else np.arange(0)

    def other_values(self, X: Numbers) -> dict[str, int]:
        """The number of rows with another value than the single one in training, by feature.

        X (n, d): the features of n rows before missing values are filled. Only the features with
        such rows are in the result.

        >>> scale = np.array([2, np.inf])
        >>> encoding = Encoding(columns_of_numbers("ab"), mean=np.ones(2), scale=scale)
        >>> encoding.other_values(np.array([[3.0, 1.0], [4.0, 5.0]]))
        {'b': 1}
        """
        if self.mean is None or not len(self.constant):
            return {}
        found = X[:, self.constant]
        differ = (found != self.mean[self.constant]) & ~np.isnan(found)
        names = (self.feature_names[feature] for feature in self.constant)
        counts = zip(names, differ.sum(axis=0).tolist(), strict=True)
        return {name: rows for name, rows in counts if rows}

    def prepared(self, X: Numbers) -> Numbers:
        """X (n, d), n rows of float64 features, filled and standardised in place.

        A result that is too large for float64 becomes infinite.
        """
        if self.fill is not None:
            np.copyto(X, self.fill, where=np.isnan(X))
        if self.mean is not None and self.scale is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                X -= self.mean
                X /= self.scale
        return X

    def original(self, X: Numbers) -> Numbers:
        """X (n, d), n rows of prepared features, in the units of the data."""
        if self.mean is None or self.scale is None:
            return X
        scale = self.scale.copy()
        scale[self.constant] = 0.0
        return X * scale + self.mean
