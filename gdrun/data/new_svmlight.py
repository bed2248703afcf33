"""New rows in a svmlight or libsvm file, for a model that is already trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.column_statistics import blocks
from gdrun.data.columns import listed
from gdrun.data.new_rows import MOST_NAMED, RowEncoder
from gdrun.data.new_targets import Target
from gdrun.data.svmlight_files import SparseRows, sparse_blocks
from gdrun.data.text_files import text_file
from gdrun.errors import DataError


def svmlight_blocks(
    path: Path, encoder: RowEncoder, target: Target | None = None
) -> Iterator[tuple[Numbers, Array | None]]:
    """Yield d features (n, d) and the targets (n,) of each block of n rows.

    A feature of the model that a row does not have is 0; the name x7 means the index 7. target: the
    target to read; with None, None is yielded for the targets.
    Raises DataError if the file cannot be read, or the features of the model have other names.
    """
    names = encoder.encoding.feature_names
    others = [name for name in names if name[:1] != "x" or not name[1:].isdecimal()]
    if others:
        raise DataError(
            f"has features by number only, but the model needs {listed(others, MOST_NAMED)}",
            where=str(path),
            hint="give the rows in the format of the training data",
        )
    # The position in the model of each index; −1 for an index that the model does not use.
    of_index = np.full(max(int(name[1:]) for name in names) + 1, -1)
    of_index[[int(name[1:]) for name in names]] = np.arange(len(names))
    extra: set[int] = set()
    with text_file(path) as file:
        for sparse in sparse_blocks(file):
            for part in blocks(len(sparse.y), 8 * len(names)):

                def place(row: int, lines: Array = sparse.lines[part]) -> str:
                    return f"{file.where}:{lines[row]}"

                X = _dense(sparse, part, of_index, len(names), extra)
                y = target.encode(sparse.y[part], place) if target else None
                yield encoder.matrix(X, place), y
    encoder.extra = tuple(f"x{index}" for index in sorted(extra))


def _dense(
    sparse: SparseRows, part: slice, of_index: Array, features: int, extra: set[int]
) -> Numbers:
    """The features (n, d) of some rows. Indices that the model does not use are added to extra."""
    starts = np.concatenate(([0], np.cumsum(sparse.counts)))
    first, last = starts[part.start], starts[min(part.stop, len(sparse.y))]
    indices, values = sparse.indices[first:last], sparse.values[first:last]
    rows = sparse.rows[first:last] - part.start
    known = indices < len(of_index)
    known[known] = of_index[indices[known]] >= 0
    extra.update(np.unique(indices[~known]).tolist())
    X = np.zeros((min(part.stop, len(sparse.y)) - part.start, features))
    X[rows[known], of_index[indices[known]]] = values[known]
    return X
