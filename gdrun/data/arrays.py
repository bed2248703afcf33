"""Makes a table from the arrays that a Python program passes to gdrun."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.data.row_blocks import all_finite
from gdrun.data.table import Table
from gdrun.errors import DataError


def arrays() -> Table:
    """Arrays from Python: gdrun.train(config, data=(X, y)).

    The record of a run with such data has the dataset name arrays. A config with this name cannot
    restore the arrays.

    Raises: DataError if a config uses the dataset name arrays.
    """
    raise DataError(
        "the data of this experiment are Python arrays, which a config does not contain",
        where="dataset.name",
        hint="call gdrun.train(config, data=(X, y)), or name a dataset or a file",
    )


def table_from_pair(data: Any) -> Table:
    """Return the table of a pair (X, y) of features X (N, d) and targets y (N,).

    Raises DataError if `data` is not a pair, if the shapes of X and y do not fit, or if a value is
    missing, infinite, or not a real number.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise DataError("must be a pair of features and targets", where="data", hint=_as_file(data))
    return table_from_arrays(*data)


_FRAME = (
    "write the table to a file, such as table.csv, which gdrun encodes: gdrun.train('table.csv')"
)


def _as_file(data: Any) -> str:
    """Return a hint that says how to pass `data`, which is not a pair (X, y)."""
    if isinstance(data, str | Path):
        path = str(data)
        return f"a file is part of the config: {{'dataset': {{'path': {path!r}}}}}"
    if hasattr(data, "columns"):
        return "write data=(X, y) with arrays of numbers, or " + _FRAME
    return "write data=(X, y)"


def table_from_arrays(
    X: Any,
    y: Any,
    feature_names: Sequence[str] | None = None,
    *,
    files: tuple[Path | None, Path | None] = (None, None),
) -> Table:
    """Return the table of features X (N, d) and targets y (N,): arrays, lists or pandas objects.

    If the targets are text or booleans, they become class codes in sorted order; numbers are kept.
    feature_names: the names of the columns of X; None means the column names of a pandas frame, or
    x0, x1, …. files: the file of X and the file of y, for error messages; None for an array that
    was not read from a file.
    Raises DataError if the shapes of X and y do not fit, or if a value is missing, infinite, or not
    a real number.
    """
    with _errors_in(files[0]):
        features = _features(X)
    with _errors_in(files[1]):
        codes_or_numbers, classes = _targets(y)
    if len(features) != len(codes_or_numbers):
        raise DataError(
            f"X has {len(features)} rows, but y has {len(codes_or_numbers)} targets",
            where=str(files[0]) if files[0] else None,
            hint="give one target in y for each row of X",
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
    """Return X with one row for each example: images (N, h, w) become (N, h·w)."""
    # reshape(len(X), -1) fails for an array without rows.
    return X.reshape(len(X), math.prod(X.shape[1:])) if X.ndim > 2 else X


@contextmanager
def _errors_in(file: Path | None) -> Iterator[None]:
    """Add the path of `file` to each DataError that the `with` block raises; None adds nothing."""
    try:
        yield
    except DataError as error:
        where = str(file) if file else None
        raise DataError(replace(problem, where=where) for problem in error.problems) from None


def _features(X: Any) -> Array:
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
            hint="give X one row for each example and one column for each feature",
        )
    return _finite(array, "X", compact=True)


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
    """Return `array` of Python strings as text. Raises DataError if an entry is no string."""
    for row, label in enumerate(array):
        if not isinstance(label, str):
            raise DataError(
                f"y mixes text with other values: row {row} has {label!r}",
                hint="convert all labels to text, and remove rows without a label",
            )
    return array.astype(str)


def _array(values: Any, name: str) -> Array:
    """Return `values` as a NumPy array.

    name: X or y, for error messages. Raises DataError for masked and sparse arrays, for rows of
    different lengths, and for objects that NumPy cannot convert.
    """
    # isinstance(values, np.ma.MaskedArray) would import numpy.ma, which few programs use.
    if isinstance(values, np.ndarray) and hasattr(values, "filled"):
        hint = f"fill its gaps with {name}.filled(VALUE), or drop such rows and take {name}.data"
        raise DataError(f"{name} is a masked array", hint=hint)
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix", hint=f"convert it with {name}.toarray()")
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(
            f"the rows of {name} differ in length", hint="give every row the same length"
        ) from None
    except (TypeError, RuntimeError) as error:  # such as a tensor on another device
        raise DataError(
            f"{name} cannot be converted to a NumPy array: {error}",
            hint=f"convert a tensor with {name}.detach().cpu().numpy()",
        ) from None


def _finite(array: Array, name: str, *, compact: bool = False) -> Array:
    """Return `array` as float64. Raises DataError for a value that is not a finite real number.

    name: X or y, for error messages. compact: whether an array of numbers that are smaller than
    float64, such as the bytes of images, keeps its dtype, which saves memory.
    """
    if array.dtype.kind == "O":
        _require_real(array, name)
    elif array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must hold real numbers, but its dtype is {array.dtype}",
            hint="encode text as numbers, for example as one 0/1 column for each value",
        )
    keeps = compact and array.dtype.kind in "biuf" and array.dtype.isnative
    dtype = array.dtype if keeps and array.dtype.itemsize < 8 else np.dtype(np.float64)
    # A float128 beyond the range of float64 becomes infinite, and a signalling NaN of float32 a
    # quiet NaN; both are reported below.
    with np.errstate(over="ignore", invalid="ignore"):
        # A float64 array is not copied. Sharing its memory is safe: a table is never changed.
        numbers = np.asarray(array, dtype=dtype, order="C")
    if not all_finite(numbers):
        bad = np.argwhere(~np.isfinite(numbers))
        values = "value" if len(bad) == 1 else "values"
        raise DataError(
            f"{name} has {len(bad)} missing or infinite {values}, the first in {_place(bad[0])}",
            hint="remove or fill these values first; rows and columns are counted from 0",
        )
    return numbers


def _require_real(array: Array, name: str) -> None:
    """Raise DataError if an entry of an array of Python objects is not a real number.

    Such arrays are allowed: a pandas frame with integer and boolean columns gives one. name: X or
    y, for error messages.
    """
    for index, value in np.ndenumerate(array):
        if not isinstance(value, Real):
            raise DataError(
                f"{name} must hold real numbers, but {_place(index)} has {value!r}",
                hint="encode text as numbers, and remove or fill missing values; or " + _FRAME,
            )


def _place(index: Iterable[int]) -> str:
    """Return the index of an array entry as text.

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
            f"X has {columns} columns, but feature_names has length {len(names)}",
            hint="give one name for each column",
        )
    if len(set(names)) < columns:
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        what = f"two features have the same name {twice!r}"
        raise DataError(what, hint="give each column its own name")
    return names


def _dimensions(array: Array) -> str:
    return f"{array.ndim} dimension{'s' if array.ndim != 1 else ''}"
