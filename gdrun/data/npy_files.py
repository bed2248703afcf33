"""NPY and NPZ files, the formats of NumPy. An NPY file is memory-mapped, not read into memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gdrun.array_types import Array
from gdrun.data.arrays import flattened, table_from_arrays
from gdrun.data.saved_arrays import archived_arrays, mapped_array
from gdrun.data.table import Table
from gdrun.data.unreadable import expanded
from gdrun.errors import DataError, suggestion
from gdrun.mapped_files import require_unchanged


def read_npy(path: Path, targets: str | None = None, target: int = -1) -> Table:
    """An NPY file with one matrix, memory-mapped, so it can be larger than memory.

    targets: the path of another NPY file with one target for each row. If it is not given, a column
    of the matrix holds the targets: the last one, or with `target` 0 the first one. In an array
    with more than two dimensions each example is flattened to one row.

    Raises: DataError if a file cannot be read, or if its shape or its values cannot be used.
    """
    X = mapped_array(path)
    if X.ndim < 2:
        raise DataError(
            f"has the shape {X.shape}, but a table needs two dimensions (rows, features)",
            where=str(path),
            hint="if there is a single feature, save X.reshape(-1, 1)",
        )
    X = flattened(X)
    if targets is not None:
        y = _copy(mapped_array(expanded(targets)))
        return _table(path, X, _one_column(y, targets), Path(targets).stem)
    columns = X.shape[1]
    if columns < 2 or not -columns <= target < columns:
        raise DataError(
            f"{path} has {columns} columns, from 0 to {columns - 1}, but no column {target}"
            if columns > 1
            else f"{path} has only one column, which cannot be both feature and target",
            where="dataset.target",
            hint="if another file has the targets, set its path, such as targets: y.npy",
        )
    at = target % columns
    if at not in (0, columns - 1):
        raise DataError(
            f"the target must be the first or the last column of a memory-mapped matrix, "
            f"got column {target}",
            where="dataset.target",
            hint="move the column, or save the targets in another file and set targets: y.npy",
        )
    # A slice of columns is a view; any other selection would copy the matrix into memory.
    # The targets are copied into memory, because training reads them in every step.
    features = X[:, 1:] if at == 0 else X[:, :-1]
    return _table(path, features, _copy(X[:, at]), f"column {at}")


def read_npz(path: Path, X: str = "X", y: str = "y") -> Table:
    """An NPZ file with two arrays: features X (N, d) and targets y (N,).

    X, y: the names of the two arrays in the file. Both arrays are read into memory.

    Raises: DataError if the file cannot be read, or if its arrays cannot be used.
    """
    found, names = archived_arrays(path, (X, y))
    for name, option in ((X, "X"), (y, "y")):
        if name not in found:
            raise DataError(
                f"{path} contains no array {name!r}",
                where=f"dataset.{option}",
                hint=suggestion(name, names),
            )
    table = table_from_arrays(flattened(found[X]), found[y], files=(path, path))
    return replace(table, name=path.name, target_name=y)


def _copy(on_disk: Array) -> Array:
    """Return a copy in memory of an array on disk."""
    copy = np.array(on_disk)
    require_unchanged(on_disk)
    return copy


def _one_column(y: Array, where: str) -> Array:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(
            f"must have one target for each row, but its shape is {y.shape}",
            where=where,
            hint="turn one-hot targets into codes with y.argmax(axis=1)" if y.ndim == 2 else None,
        )
    return y


def _table(path: Path, X: Array, y: Array, target_name: str) -> Table:
    if len(X) != len(y):
        raise DataError(
            f"has {len(X)} rows of features, but there are {len(y)} targets",
            where=str(path),
            hint="save one target for each row",
        )
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        raise DataError(
            f"{len(bad)} of {len(y)} targets are missing or infinite, the first in row {bad[0]}",
            where=str(path),
            hint="remove the rows without a finite target first; rows are counted from 0",
        )
    return Table(
        name=path.name,
        X=X,
        y=y.astype(np.float64),
        feature_names=tuple(f"x{column}" for column in range(X.shape[1])),
        target_name=target_name,
        classes=(),
    )
