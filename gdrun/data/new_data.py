"""New data for a trained model: a file of any format, a named dataset, an array, or columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.arrays import flattened
from gdrun.data.column_statistics import blocks
from gdrun.data.idx_files import ENDINGS as IDX_ENDINGS
from gdrun.data.idx_files import idx_array
from gdrun.data.new_csv import csv_blocks, require_columns
from gdrun.data.new_rows import RowEncoder, Target
from gdrun.data.saved_arrays import archived_arrays, mapped_array
from gdrun.data.sources import DATASETS, load_table, reader_of
from gdrun.data.unreadable import unreadable
from gdrun.errors import DataError, suggestion

Blocks = Iterator[tuple[Numbers, Array | None]]
"""The features (n, d) of consecutive rows, before they are filled, and their targets (n,)."""

_OF_COLUMN = "column "
"""The beginning of the name of a target that is a column of a matrix, such as `column 4`."""


def new_blocks(
    source: str | Path,
    encoder: RowEncoder,
    target: Target,
    *,
    labelled: bool = False,
    targets: str | Path | None = None,
) -> Blocks:
    """Blocks of the rows of a file, or of a dataset that a config can name.

    target: the target of the model, whose column the data may have. labelled: whether the targets
    are needed; otherwise None is given for them. targets: the file with the targets of an NPY or
    IDX file.
    Raises DataError if the data cannot be read, or do not have the columns of the model.
    """
    path, word = Path(source).expanduser(), str(source)
    if reader_of(path) is None and word in DATASETS:
        yield from _of_dataset(word, encoder, target, labelled)
        return
    if not path.exists():
        raise _not_there(path, word)
    name = path.name.lower()
    if name.endswith((".npy", *IDX_ENDINGS)):
        read = mapped_array if name.endswith(".npy") else idx_array
        X, y = _matrix(read(path), encoder, target, path)
        if targets is not None:
            y = _targets(read(Path(targets).expanduser()), len(X), targets)
    elif name.endswith(".npz"):
        X, y = _npz(path, encoder, target)
    elif reader_of(path) is None:
        raise DataError(
            f"gdrun cannot read {path.suffix or 'a file without a suffix'}",
            where=word,
            hint=f"give a file of CSV, NPY, NPZ or IDX, or a dataset: {', '.join(DATASETS)}",
        )
    elif name.endswith((".parquet", ".jsonl", ".ndjson")):
        raise DataError(
            "new rows cannot be read from this format yet",
            where=word,
            hint="write them as CSV: frame.to_csv('new.csv', index=False)",
        )
    else:
        yield from csv_blocks(path, encoder, target if labelled else None, known=target.name)
        return
    if labelled and y is None:
        raise DataError(
            "has no targets", where=word, hint="name the file with the targets as `targets`"
        )
    yield from _blocks_of(X, y if labelled else None, encoder, target, f"{path} row ")


def column_blocks(columns: Any, encoder: RowEncoder) -> Blocks:
    """One block with the rows of columns by name, such as a dict of lists or a pandas frame.

    Raises DataError if a column is missing, or has another length or a wrong value.
    """
    # A mapping iterates over its names; not every kind of frame does.
    names = columns if isinstance(columns, Mapping) else columns.columns
    named = {str(name): columns[name] for name in names}
    wanted = [column.name for column in encoder.encoding.columns]
    require_columns(list(named), wanted, "X")
    encoder.extra = tuple(name for name in named if name not in wanted)
    cells = [_cells(named[name], name) for name in wanted]
    lengths = {name: len(each) for name, each in zip(wanted, cells, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the columns differ in length: "
            + ", ".join(f"{name} {length}" for name, length in lengths.items()),
            where="X",
        )
    if wanted and not lengths[wanted[0]]:
        return
    yield encoder.features(cells, lambda row: f"row {row}"), None


def array_blocks(X: Any, encoder: RowEncoder) -> Blocks:
    """Blocks of the rows of an array (N, d) with the features in their order.

    N: the number of rows, d: the number of features. Raises DataError if X has another shape, or a
    value that is no finite number.
    """
    array = np.asarray(X)
    names = encoder.encoding.feature_names
    if array.dtype.kind not in "biuf":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError(
                f"X must hold real numbers, but its dtype is {array.dtype}",
                hint="give text as a mapping of columns, or as a pandas frame",
            ) from None
    if array.ndim != 2 or array.shape[1] != len(names):
        hint = "one row is X.reshape(1, -1)" if array.shape == (len(names),) else None
        raise DataError(
            f"X must have the shape (rows, {len(names)}), got {array.shape}",
            hint=hint or f"the features are {', '.join(names[:10])}",
        )
    yield from _blocks_of(array, None, encoder, None, "row ")


def _of_dataset(name: str, encoder: RowEncoder, target: Target, labelled: bool) -> Blocks:
    table = load_table({"name": name})
    wanted = [column.name for column in encoder.encoding.columns]
    require_columns(list(table.feature_names), wanted, name)
    encoder.extra = tuple(each for each in table.feature_names if each not in wanted)
    X = table.X[:, [table.feature_names.index(each) for each in wanted]]
    y = np.array(table.classes)[table.y] if table.classes else table.y
    yield from _blocks_of(X, y if labelled else None, encoder, target, f"{name} row ")


def _blocks_of(
    X: Array, y: Array | None, encoder: RowEncoder, target: Target | None, place: str
) -> Blocks:
    """Blocks of the rows of X, with their targets y.

    place: the beginning of the place of a row, before its number.
    """
    for part in blocks(len(X), 8 * X.shape[1]):

        def place_of(row: int, first: int = part.start) -> str:
            return f"{place}{first + row}"

        features = encoder.matrix(X[part], place_of)
        known = None if y is None or target is None else target.encode(y[part], place_of)
        yield features, known


def _matrix(
    X: Array, encoder: RowEncoder, target: Target, path: Path
) -> tuple[Array, Array | None]:
    """The features and the targets in X; None for the targets if X has only the features."""
    X, features = flattened(X), encoder.encoding.features
    if X.ndim == 2 and X.shape[1] == features:
        return X, None
    if X.ndim == 2 and X.shape[1] == features + 1 and target.name.startswith(_OF_COLUMN):
        first = target.name == f"{_OF_COLUMN}0"
        return (X[:, 1:], X[:, 0]) if first else (X[:, :-1], X[:, -1])
    raise DataError(
        f"has the shape {X.shape}, but the model needs {features} columns",
        where=str(path),
        hint="its columns must be the features of the training data, in the same order",
    )


def _targets(y: Array, rows: int, where: str | Path) -> Array:
    if y.shape not in ((rows,), (rows, 1)):
        raise DataError(
            f"has the shape {y.shape}, but there are {rows} rows",
            where=str(where),
            hint="each row needs one target",
        )
    return y.reshape(rows)


def _npz(path: Path, encoder: RowEncoder, target: Target) -> tuple[Array, Array | None]:
    found, names = archived_arrays(path, ("X", target.name, "y"))
    if "X" not in found:
        raise DataError("contains no array 'X'", where=str(path), hint=suggestion("X", names))
    X, _ = _matrix(found["X"], encoder, target, path)
    y = found.get(target.name, found.get("y"))
    return X, None if y is None else _targets(y, len(X), path)


def _cells(values: Any, name: str) -> Any:
    """The values of one column for n rows: an array of numbers (n,), or a list of texts."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(
            f"must have one value for each row, but its shape is {array.shape}", where=name
        )
    if array.dtype.kind in "biuf":
        return array
    return list(map(str, values))


def _not_there(path: Path, word: str) -> DataError:
    if reader_of(path) is not None or path.suffix:
        return unreadable(path, FileNotFoundError())
    return DataError(
        f"there is no file and no dataset {word!r}",
        hint=suggestion(word, DATASETS),
    )
