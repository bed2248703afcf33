"""A table from arrays handed over from Python."""

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
from gdrun.data.table import Table
from gdrun.errors import DataError


def arrays() -> Table:
    """Arrays handed over from Python: gdrun.train(config, data=(X, y)).

    The name stands in the record of such a run. A config cannot bring the arrays back.

    Raises: DataError where it is loaded by its name.
    """
    raise DataError(
        "the data of this experiment were handed over from Python, and are not in its config",
        where="dataset.name",
        hint="call gdrun.train(config, data=(X, y)), or name a dataset or a file",
    )


def table_from_pair(data: Any) -> Table:
    """The table of a pair (X, y)."""
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

    Text and boolean targets become class codes in sorted order; numbers stay numbers. files: those
    that X and y come from, where they do, for what is wrong with them.
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
    """Examples of more than one dimension, such as pictures, as one row each."""
    return X.reshape(len(X), math.prod(X.shape[1:])) if X.ndim > 2 else X


@contextmanager
def _errors_in(file: Path | None) -> Iterator[None]:
    """Errors within the block name the file that the array is from."""
    try:
        yield
    except DataError as error:
        where = str(file) if file else None
        raise DataError(replace(problem, where=where) for problem in error.problems) from None


def _features(X: Any) -> Numbers:
    array = _array(X, "X")
    if array.ndim != 2:
        advice = "X.reshape(-1, 1) makes one column of it" if array.ndim == 1 else None
        raise DataError(
            "X must be a table with 2 dimensions (rows, features), "
            f"got {_dimensions(array)} with shape {array.shape}",
            hint=advice or "flatten each example to one row, X.reshape(len(X), -1)",
        )
    if 0 in array.shape:
        raise DataError(
            f"X is empty: its shape is {array.shape}",
            hint="it needs a row for each example and a column for each feature",
        )
    return _finite(array, "X")


def _targets(y: Any) -> tuple[Array, tuple[str, ...]]:
    array = _array(y, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"y must have 1 dimension, got {_dimensions(array)} with shape {array.shape}",
            hint="one-hot targets become codes with y.argmax(axis=1)" if array.ndim == 2 else None,
        )
    if array.dtype.kind == "O" and any(isinstance(label, str) for label in array):
        array = _labels(array)
    if array.dtype.kind in "bUT":
        labels, codes = np.unique(array, return_inverse=True)
        return codes.astype(np.int64), tuple(map(str, labels))
    return _finite(array, "y"), ()


def _labels(array: Array) -> Array:
    """Objects as text; a label that is none, such as a None among names, is pointed out."""
    for row, label in enumerate(array):
        if not isinstance(label, str):
            raise DataError(
                f"y mixes text with other values, and row {row} holds {label!r}",
                hint="make every label a text; drop the rows that have none",
            )
    return array.astype(str)


def _array(values: Any, name: str) -> Array:
    """`values` as an array that hides nothing: no mask, no sparse matrix in an object."""
    if isinstance(values, np.ndarray) and hasattr(values, "filled"):
        # Asking for np.ma.MaskedArray would import a module that few have in use.
        raise DataError(f"{name} is a masked array", hint="fill or drop its masked entries")
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix", hint=f"{name}.toarray() makes it dense")
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(
            f"{name} is not a regular array", hint="every row needs the same length"
        ) from None
    except (TypeError, RuntimeError) as error:  # such as a tensor on another device
        raise DataError(
            f"{name} cannot become a NumPy array: {error}",
            hint=f"a tensor becomes one with {name}.detach().cpu().numpy()",
        ) from None


def _finite(array: Array, name: str) -> Numbers:
    """`array` in float64, or an error: no numbers, or how many of them are NaN or infinite."""
    if array.dtype.kind == "O":
        _require_real(array, name)
    elif array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must hold real numbers, its dtype is {array.dtype}",
            hint="encode text as numbers, for example one 0/1 column per value",
        )
    with np.errstate(over="ignore"):
        numbers = np.array(array, dtype=np.float64, order="C")
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        values = "value" if len(bad) == 1 else "values"
        raise DataError(
            f"{name} has {len(bad)} missing or infinite {values}, the first in {_place(bad[0])}",
            hint="drop or fill them first; rows and columns count from 0",
        )
    return numbers


def _require_real(array: Array, name: str) -> None:
    """Objects are welcome if each is a number, as in a frame that mixes whole and true/false."""
    for index, value in np.ndenumerate(array):
        if not isinstance(value, Real):
            raise DataError(
                f"{name} must hold real numbers, and {_place(index)} holds {value!r}",
                hint="encode text as numbers; drop or fill what is missing",
            )


def _place(index: Iterable[int]) -> str:
    """An index in words.

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
            hint="give each column its own name",
        )
    if len(set(names)) < columns:
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        raise DataError(f"two features are called {twice!r}", hint="give each column its own name")
    return names


def _dimensions(array: Array) -> str:
    return f"{array.ndim} dimension{'s' if array.ndim != 1 else ''}"
