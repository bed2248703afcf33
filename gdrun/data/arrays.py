"""A table from arrays that a Python program passes to gdrun."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.row_blocks import all_finite
from gdrun.data.table import Table
from gdrun.errors import DataError


def arrays() -> Table:
    """Arrays from Python: gdrun.train(config, data=(X, y)).

    The record of such a run has this name. A config alone cannot restore the arrays.

    Raises: DataError if a config loads a dataset of this name.
    """
    raise DataError(
        "the data of this experiment are Python arrays, which a config does not contain",
        where="dataset.name",
        hint="call gdrun.train(config, data=(X, y)), or name a dataset or a file",
    )


def table_from_pair(data: Any) -> Table:
    """The table of a pair (X, y).

    Raises DataError if `data` is not a pair, and for the reasons of table_from_arrays.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise DataError(
            "must be a pair of features and targets", where="data", hint="write data=(X, y)"
        )
    return table_from_arrays(*data)


def table_from_arrays(
    X: Any,
    y: Any,
    feature_names: Sequence[str] | None = None,
    *,
    files: tuple[Path | None, Path | None] = (None, None),
) -> Table:
    """A table of features X (N, d) and targets y (N,): arrays, lists, or pandas objects.

    Targets that are text or booleans become class codes in sorted order; numbers are kept.
    feature_names: the names of the columns; by default those of a pandas frame, or x0, x1, ….
    files: the files of X and of y, if any, for error messages.
    Raises DataError if the shapes do not agree, or if a value is missing, infinite, or not a
    real number.
    """
    with _errors_in(files[0]):
        features = _features(X)
    with _errors_in(files[1]):
        codes_or_numbers, classes = _targets(y)
    if len(features) != len(codes_or_numbers):
        raise DataError(
            f"X has {len(features)} rows and y has {len(codes_or_numbers)}",
            where=str(files[0]) if files[0] else None,
            hint="each row of X needs one target",
        )
    return Table(
        name="arrays",
        X=features,
        y=codes_or_numbers,
        feature_names=_names(X, features.shape[1], feature_names),
        target_name=name if isinstance(name := getattr(y, "name", None), str) else "y",
        classes=classes,
    )


def flattened(X: Array) -> Array:
    """X with one row for each example: images (N, h, w) become (N, h·w)."""
    # reshape(len(X), -1) fails for an array without rows.
    return X.reshape(len(X), math.prod(X.shape[1:])) if X.ndim > 2 else X


@contextmanager
def _errors_in(file: Path | None) -> Iterator[None]:
    """Within the block, errors name this file as their place."""
    try:
        yield
    except DataError as error:
        where = str(file) if file else None
        raise DataError(replace(problem, where=where) for problem in error.problems) from None


def _features(X: Any) -> Numbers:
    array = _array(X, "X")
    if array.ndim != 2:
        hint = "flatten each example to one row with X.reshape(len(X), -1)"
        if array.ndim == 1:
            hint = "for a single feature write X.reshape(-1, 1)"
        raise DataError(
            "X must have 2 dimensions (rows, features), "
            f"got {_dimensions(array)} with shape {array.shape}",
            hint=hint,
        )
    if 0 in array.shape:
        raise DataError(
            f"X is empty: its shape is {array.shape}",
            hint="X needs one row for each example and one column for each feature",
        )
    return _finite(array, "X")


def _targets(y: Any) -> tuple[Array, tuple[str, ...]]:
    array = _array(y, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"y must have 1 dimension, got {_dimensions(array)} with shape {array.shape}",
            hint="turn one-hot targets into codes with y.argmax(axis=1)"
            if array.ndim == 2
            else None,
        )
    if array.dtype.kind == "O" and any(isinstance(label, str) for label in array):
        array = _labels(array)
    if array.dtype.kind in "bUT":
        labels, codes = np.unique(array, return_inverse=True)
        return codes.astype(np.int64), tuple(map(str, labels))
    return _finite(array, "y"), ()


def _labels(array: Array) -> Array:
    """An array of Python strings as text. Raises DataError if a label is not a string."""
    for row, label in enumerate(array):
        if not isinstance(label, str):
            raise DataError(
                f"y mixes text with other values: row {row} has {label!r}",
                hint="convert all labels to text, and remove rows without a label",
            )
    return array.astype(str)


def _array(values: Any, name: str) -> Array:
    """`values` as a NumPy array. Raises DataError for masked, sparse and ragged arrays."""
    # isinstance(values, np.ma.MaskedArray) would import numpy.ma, which few programs use.
    if isinstance(values, np.ndarray) and hasattr(values, "filled"):
        raise DataError(f"{name} is a masked array", hint="fill or drop its masked entries")
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix", hint=f"convert it with {name}.toarray()")
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(
            f"{name} is not a regular array", hint="every row needs the same length"
        ) from None
    except (TypeError, RuntimeError) as error:  # such as a tensor on another device
        raise DataError(
            f"{name} cannot be converted to a NumPy array: {error}",
            hint=f"convert a tensor with {name}.detach().cpu().numpy()",
        ) from None


def _finite(array: Array, name: str) -> Numbers:
    """`array` in float64. Raises DataError if a value is no real number, NaN or infinite."""
    if array.dtype.kind == "O":
        _require_real(array, name)
    elif array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must hold real numbers, but its dtype is {array.dtype}",
            hint="encode text as numbers, for example as one 0/1 column for each value",
        )
    # A float128 beyond the range of float64 becomes infinite, which is reported below.
    with np.errstate(over="ignore"):
        # This is no copy if the dtype fits, because a table is never changed.
        numbers = np.asarray(array, dtype=np.float64, order="C")
    if not all_finite(numbers):
        bad = np.argwhere(~np.isfinite(numbers))
        values = "value" if len(bad) == 1 else "values"
        raise DataError(
            f"{name} has {len(bad)} missing or infinite {values}, the first in {_place(bad[0])}",
            hint="remove or fill them first; rows and columns are counted from 0",
        )
    return numbers


def _require_real(array: Array, name: str) -> None:
    """Raise DataError if an object is not a real number.

    A pandas frame with integer and boolean columns gives an array of Python objects, which is fine.
    """
    for index, value in np.ndenumerate(array):
        if not isinstance(value, Real):
            raise DataError(
                f"{name} must hold real numbers, but {_place(index)} has {value!r}",
                hint="encode text as numbers, and remove or fill missing values",
            )


def _place(index: Iterable[int]) -> str:
    """An index as text.

    >>> _place((3, 0))
    'row 3, column 0'
    """
    return ", ".join(f"{axis} {at}" for axis, at in zip(("row", "column"), index, strict=False))


def _names(X: Any, columns: int, feature_names: Sequence[str] | None) -> tuple[str, ...]:
    if feature_names is None:
        frame_columns = getattr(X, "columns", None)
        if frame_columns is None:
            return tuple(f"x{column}" for column in range(columns))
        feature_names = list(frame_columns)
    names = tuple(map(str, feature_names))
    if len(names) != columns:
        raise DataError(
            f"X has {columns} columns and feature_names has {len(names)}",
            hint="give one name for each column",
        )
    if len(set(names)) < columns:
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        raise DataError(f"two features are called {twice!r}", hint="give each column its own name")
    return names


def _dimensions(array: Array) -> str:
    return f"{array.ndim} dimension{'s' if array.ndim != 1 else ''}"
