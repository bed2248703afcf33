"""NPY and NPZ files: NumPy's own formats. An NPY matrix stays on disk and is read as it is used."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from gdrun.array_types import Array
from gdrun.data.arrays import flattened, table_from_arrays
from gdrun.data.table import Table
from gdrun.data.unreadable import unreadable
from gdrun.errors import DataError, suggestion


def read_npy(path: Path, targets: str | None = None, target: int = -1) -> Table:
    """A matrix in NumPy's format, memory-mapped: it may be larger than memory.

    targets: an NPY file with one target a row; without it, column `target` of the matrix itself
    (default: the last). A matrix of more dimensions has each example flattened to one row.
    """
    X = _mapped(path)
    if X.ndim < 2:
        raise DataError(
            f"has the shape {X.shape}, and a table has two dimensions (rows, features)",
            where=str(path),
            hint="save X.reshape(-1, 1) if it is one feature",
        )
    X = flattened(X)
    if targets is not None:
        y = np.array(_mapped(Path(targets).expanduser()))
        return _table(path, X, _one_column(y, targets), Path(targets).stem)
    columns = X.shape[1]
    if columns < 2 or not -columns <= target < columns:
        raise DataError(
            f"{path} has {columns} column{'s' if columns != 1 else ''}, and none is column {target}"
            if columns > 1
            else f"{path} has one column, and that cannot be both feature and target",
            where="dataset.target",
            hint="targets: y.npy names a file of their own",
        )
    at = target % columns
    if at not in (0, columns - 1):
        raise DataError(
            f"column {target} stands among the features, and a mapped matrix cannot leave it out",
            where="dataset.target",
            hint="put it first or last, or give the targets a file of their own: targets: y.npy",
        )
    features = X[:, 1:] if at == 0 else X[:, :-1]
    return _table(path, features, np.array(X[:, at]), f"column {at}")


def read_npz(path: Path, X: str = "X", y: str = "y") -> Table:
    """A file of several NumPy arrays: features X (N, d) and targets y (N,).

    X, y: the names of the two arrays in the file. It is read whole.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in (X, y) if name in arrays}
            names = list(arrays)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _undecodable(path, error) from None
    for name, option in ((X, "X"), (y, "y")):
        if name not in found:
            raise DataError(
                f"{path} holds no array {name!r}",
                where=f"dataset.{option}",
                hint=suggestion(name, names),
            )
    table = table_from_arrays(flattened(found[X]), found[y], files=(path, path))
    return replace(table, name=path.name, target_name=y)


def _mapped(path: Path) -> Array:
    """The array in a file, on disk."""
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _undecodable(path, error) from None
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"holds {array.dtype}, and features and targets are real numbers",
            where=str(path),
            hint="save it as an array of numbers",
        )
    if not array.size:
        raise DataError(f"is empty: its shape is {array.shape}", where=str(path))
    return array


def _undecodable(path: Path, error: Exception) -> DataError:
    if isinstance(error, OSError) and error.strerror:
        return unreadable(path, error)
    what = "is not a file of NumPy arrays, or is cut off"
    if "pickle" in str(error) or "Python objects" in str(error):
        what = "holds Python objects, which are not read: they could run code"
    hint = "write it with numpy.save (NPY) or numpy.savez (NPZ)"
    return DataError(what, where=str(path), hint=hint)


def _one_column(y: Array, where: str) -> Array:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(
            f"must hold one target a row, its shape is {y.shape}",
            where=where,
            hint="one-hot targets become codes with y.argmax(axis=1)" if y.ndim == 2 else None,
        )
    return y


def _table(path: Path, X: Array, y: Array, target_name: str) -> Table:
    if len(X) != len(y):
        raise DataError(
            f"has {len(X)} rows, and there are {len(y)} targets",
            where=str(path),
            hint="each row needs one target",
        )
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        raise DataError(
            f"{len(bad)} of {len(y)} targets are missing or infinite, the first in row {bad[0]}",
            where=str(path),
            hint="rows count from 0; leave such rows out",
        )
    return Table(
        name=path.name,
        X=X,
        y=y.astype(np.float64),
        feature_names=tuple(f"x{column}" for column in range(X.shape[1])),
        target_name=target_name,
        classes=(),
    )
