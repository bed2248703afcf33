"""The records of the data layer: a table as it was read, and what the engine trains on."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.column_statistics import blocks

Task = Literal["regression", "classification"]


@dataclass(frozen=True)
class Table:
    """A dataset as it was read, before any preparation.

    X (N, d); a NaN marks a missing value that preparation fills with the training mean.
    y (N,): numbers, or the codes 0 … C−1 of `classes`, which is empty for a numeric target.
    notes: sentences for the user, such as "dropped 3 of 150 rows with missing values".
    """

    name: str
    X: Numbers
    y: Array
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of X and y: shape, dtype and bytes of each."""
        digest = hashlib.sha256()
        for array in (self.X, self.y):
            digest.update(f"{array.shape} {array.dtype.str}".encode())
            for part in blocks(len(array), array.dtype.itemsize * math.prod(array.shape[1:])):
                digest.update(np.ascontiguousarray(array[part]).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Part:
    """Rows that are used together.

    X (n, d) in the run's dtype: an array, or MappedRows that stay on disk. y (n,): numbers in the
    run's dtype, or int64 class codes.
    """

    X: Any
    y: Array

    @property
    def rows(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Prepared:
    """What the engine trains on: the parts, and how they came from the table.

    mean, scale (d,): the standardisation, float64; None when it is off.
    constant: the columns that do not vary in the training part; they have scale 1.
    sha256: of the table before preparation.
    """

    name: str
    task: Task
    train: Part
    validation: Part | None
    test: Part | None
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...]
    mean: Numbers | None
    scale: Numbers | None
    constant: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]

    @property
    def features(self) -> int:
        return int(self.train.X.shape[1])

    @property
    def rows(self) -> dict[str, int]:
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part.rows if part else 0 for name, part in parts.items()}
