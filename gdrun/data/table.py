"""The records of the data layer: a table as it was read, and the data prepared for training."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.data.cells import MissingMarks
from gdrun.data.column_options import ColumnOptions
from gdrun.data.column_report import ColumnReport
from gdrun.data.column_statistics import blocks
from gdrun.data.encoding import Encoding, SourceColumn
from gdrun.data.feature_scales import FeatureScale, extreme_scales
from gdrun.data.repeated_rows import NONE, RepeatedRows, first_hashes
from gdrun.data.single_feature import SingleFeature, best_single_feature
from gdrun.data.stray_classes import Stray, classes_with_rows
from gdrun.data.target_scale import TargetScale
from gdrun.mapped_files import require_unchanged
from gdrun.threads import in_order

Task = Literal["regression", "classification"]

DROPPED = "dropped"
"""The first word of a note on rows that are not used; the name of their file may precede it."""

FLOAT64 = np.dtype(np.float64)
"""The dtype in which rows are hashed, so that equal numbers of any dtype have equal hashes."""

HASHED_BYTES = 2**20
"""The bytes of a block of rows that is hashed at once: they stay in the cache of a core."""


@dataclass(frozen=True)
class TableHashes:
    """The SHA-256 hash of a whole table, and a hash of each of its rows.

    rows (N,): the hashes, uint64. They are made from only some columns and the target (see
    first_hashes in gdrun.data.repeated_rows), so rows which differ may have equal hashes.
    """

    sha256: str
    rows: Array


@dataclass(frozen=True)
class Table:
    """A dataset as it was read, before any preparation.

    X: (N, d), where NaN is a missing value; preparation replaces it by a statistic of the training
    rows. It is float64, or has the smaller dtype of an array or a memory-mapped file, and becomes
    float64 when rows are read. y: (N,), numbers, or class codes 0 … C−1. classes: the label of each
    class code; empty if y holds numbers. notes: sentences for the user, such as "dropped 3 of 150
    rows with missing values". sources: the columns from which the features were made; empty if each
    feature is a column of numbers. fillings: for each source how its missing values are replaced,
    such as mean; an empty text if they never are. options: those with which the columns were read.
    decimal: the decimal sign of the file. reports: the report on each column of a table that was
    read. kept (N,): the indices of the rows of the file that are in the table; None if no row was
    dropped. left_out: the names of the columns of the file that are neither features nor the
    target. strays: the classes of the target that are probably mistakes, by their label.
    wide (N, d + 1): a contiguous matrix whose first d columns are X, and whose memory preparation
    may overwrite; None if X is no view of such a matrix, or if its memory is used elsewhere.
    """

    name: str
    X: Numbers
    y: Array
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    sources: tuple[SourceColumn, ...] = ()
    fillings: tuple[str, ...] = ()
    options: ColumnOptions = field(default_factory=ColumnOptions)
    decimal: str = "."
    reports: tuple[ColumnReport, ...] = ()
    kept: Integers | None = None
    left_out: tuple[str, ...] = ()
    wide: Numbers | None = None
    strays: Mapping[str, Stray] = field(default_factory=dict)

    @property
    def missing_marks(self) -> MissingMarks:
        """The texts and numbers that mean a missing value, in the table and in new rows."""
        return self.options.marks

    def hashes(self) -> TableHashes:
        """Return the hashes of the table and of its rows, from one pass over the data."""
        digest = hashlib.sha256()
        rows = np.empty(len(self.y), dtype=np.uint64)
        for array in (self.X, self.y):
            # The bytes alone would be equal for (2, 3) and (3, 2), and for some other dtypes.
            dtype = array.dtype if array is self.y or isinstance(array, np.memmap) else FLOAT64
            digest.update(f"{array.shape} {dtype.str}".encode())

            def read(part: slice, array: Array = array, dtype: np.dtype[Any] = dtype) -> Array:
                block = np.ascontiguousarray(array[part], dtype)
                if array is self.X:
                    rows[part] = first_hashes(block, self.y[part])
                return block

            row_bytes = dtype.itemsize * math.prod(array.shape[1:])
            for block in in_order(read, list(blocks(len(array), row_bytes, HASHED_BYTES))):
                digest.update(block.data)
            require_unchanged(array)
        return TableHashes(digest.hexdigest(), rows)

    @property
    def sha256(self) -> str:
        """The SHA-256 hash of the shapes, dtypes and bytes of X and y."""
        return self.hashes().sha256


@dataclass(frozen=True)
class Part:
    """The training, validation or test part of the data.

    X: (n, d) in the dtype of the run: an array, or MappedRows if the rows stay on disk. y: (n,),
    numbers in the dtype of the run, or int64 class codes. wide: an array (n, d + 1) that holds X
    and a column of ones, and of which X is a view; None if it was not requested.
    """

    X: Any
    y: Array
    wide: Array | None = None

    @property
    def rows(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Prepared:
    """The data prepared for training: the three parts, and how they were made from the table.

    task: regression or classification. encoding: the encoding of the features, from the training
    part, in float64. numbered: whether the classes are whole numbers of the target. sha256: the
    hash of the data before preparation. notes: sentences for the user. target_scale: the
    standardisation of the targets in the parts; None if they are in the target's own unit. reports:
    the report on each column of a table that was read. repeated: how many rows are equal to another
    one. left_out: the columns of the file that are neither features nor the target. files: the path
    and the hash of each part, by its name, that was read from a file of its own. strays: the
    classes that are probably mistakes, by their label. seconds: the time that reading and preparing
    took; 0 if it was not measured.
    """

    name: str
    task: Task
    train: Part
    validation: Part | None
    test: Part | None
    encoding: Encoding
    target_name: str
    classes: tuple[str, ...]
    numbered: bool
    sha256: str
    notes: tuple[str, ...]
    target_scale: TargetScale | None = None
    reports: tuple[ColumnReport, ...] = ()
    repeated: RepeatedRows = NONE
    left_out: tuple[str, ...] = ()
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    strays: Mapping[str, Stray] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def classes_with_rows(self) -> str:
        """The classes with their numbers of rows in all parts, as words for a message."""
        parts = [part.y for part in (self.train, self.validation, self.test) if part is not None]
        return classes_with_rows(np.concatenate(parts), self.classes, self.strays)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.encoding.feature_names

    @cached_property
    def single_feature(self) -> SingleFeature | None:
        """The feature that alone predicts the target of the training part best, if any does."""
        return best_single_feature(
            self.feature_names,
            self.train.X,
            self.train.y,
            classes=bool(self.classes),
            reports=self.reports,
        )

    @cached_property
    def extreme_scales(self) -> tuple[FeatureScale, FeatureScale] | None:
        """The features with the smallest and the largest root mean square in the training part.

        Features that are always 0 do not count. None if all are, if a square overflows, for
        standardised features, and for rows that stay on disk.
        """
        if self.mean is not None or not isinstance(self.train.X, np.ndarray):
            return None
        return extreme_scales(self.feature_names, self.train.X)

    @property
    def constant(self) -> tuple[str, ...]:
        """The names of the features with a single value in the training part.

        Without standardisation there are none.
        """
        return tuple(self.feature_names[feature] for feature in self.encoding.constant)

    @property
    def mean(self) -> Numbers | None:
        """The mean of each column for the standardisation, (d,); None without it."""
        return self.encoding.mean

    @property
    def scale(self) -> Numbers | None:
        """The scale of each column for the standardisation, (d,); None without it."""
        return self.encoding.scale

    def in_own_unit(self, values: Array) -> Numbers:
        """Return targets or predictions (n,) of a regression in the target's own unit, in float64.

        values: in the unit of `train.y`, that is, standardised if there is a `target_scale`.
        """
        if self.target_scale is None:
            return values.astype(np.float64)
        return self.target_scale.original(values)

    @property
    def features(self) -> int:
        """The number of features, d."""
        return int(self.train.X.shape[1])

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows of each part, by its name: train, validation or test; 0 without it."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part.rows if part else 0 for name, part in parts.items()}
