"""The encoding of a table's columns as features, which training makes and prediction repeats.

    text column → one 0/1 column for each label → missing values filled → (x − mean) / scale

Everything that preparation learns from the training rows is in one record, so that new rows are
treated in the same way. scikit-learn does it with a pipeline of fitted transformers. A record of
arrays was chosen because NumPy alone can read and apply it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gdrun.array_types import Numbers

UNSEEN = -1.0
"""The code of a label that training did not see: it is equal to no label's code."""


@dataclass(frozen=True)
class SourceColumn:
    """A column of the data as it was read.

    labels: the different texts of a text column; empty for a column of numbers.
    """

    name: str
    labels: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the column's features: one for numbers, else one for each label."""
        if not self.labels:
            return (self.name,)
        return tuple(f"{self.name}={label}" for label in self.labels)

    def features(self, values: Numbers) -> Numbers:
        """The k features of this column in N rows: (N, k).

        values (N,): numbers, or codes of the labels; NaN is a missing value.

        The code UNSEEN gives 0 in all columns.
        """
        if not self.labels:
            column: Numbers = values[:, None]
            return column
        hot: Numbers = (values[:, None] == np.arange(len(self.labels))).astype(np.float64)
        # A missing label is unknown, so all its 0/1 columns are missing, not 0.
        hot[np.isnan(values)] = np.nan
        return hot


def columns_of_numbers(names: Iterable[str]) -> tuple[SourceColumn, ...]:
    """A SourceColumn without labels for each of these names."""
    return tuple(SourceColumn(name) for name in names)


def encoded(columns: Sequence[SourceColumn], values: Sequence[Numbers]) -> Numbers:
    """The features (N, d) of N rows; d is the number of features of all columns.

    values: for each column its N numbers, or the codes of its labels.
    """
    blocks = [column.features(each) for column, each in zip(columns, values, strict=True)]
    return np.ascontiguousarray(np.concatenate(blocks, axis=1))


@dataclass(frozen=True)
class Encoding:
    """The encoding that a model was trained with, which makes d features.

    columns: the columns of the data, in the order of their features. fill (d,): the training means
    that replace missing values; None if training accepted no missing values. mean, scale (d,): the
    standardisation; None without.
    """

    columns: tuple[SourceColumn, ...]
    fill: Numbers | None = None
    mean: Numbers | None = None
    scale: Numbers | None = None

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def features(self) -> int:
        """The number of features, d."""
        return len(self.feature_names)

    def prepared(self, X: Numbers) -> Numbers:
        """X (n, d), n rows of float64 features, filled and standardised in place.

        A result that is too large for float64 becomes infinite.
        """
        if self.fill is not None:
            np.copyto(X, self.fill, where=np.isnan(X))
        if self.mean is not None and self.scale is not None:
            with np.errstate(over="ignore"):
                X -= self.mean
                X /= self.scale
        return X
