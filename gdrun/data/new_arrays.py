"""New rows for a trained model from Python: arrays, and columns by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.column_statistics import blocks
from gdrun.data.frame_cells import frame_cells, own_numbers
from gdrun.data.new_rows import RowEncoder, require_columns
from gdrun.data.new_targets import Target, measured
from gdrun.errors import DataError
from gdrun.mapped_files import require_unchanged

Blocks = Iterator[tuple[Numbers, Array | None]]
"""The features (n, d) of consecutive rows, before they are filled, and their targets (n,)."""


def column_blocks(columns: Any, encoder: RowEncoder, target: Target | None = None) -> Blocks:
    """Yield the features (n, d) and the targets (n,) of all n rows as one block; none without rows.

    Missing values are not filled yet. columns: the columns by name, such as a dict of lists or a
    pandas frame. target: the target of the model, whose column is needed; with None, None is
    yielded for the targets. Raises DataError if a column is missing, or has another length or a
    wrong value.
    """
    # A mapping iterates over its names; not every kind of frame does.
    names = columns if isinstance(columns, Mapping) else columns.columns
    named = {str(name): columns[name] for name in names}
    wanted = [column.name for column in encoder.encoding.columns]
    needed = [*wanted, *([] if target is None else [target.name])]
    require_columns(list(named), needed, "X", measured(encoder, target))
    kept = encoder.kept.positions(list(named), "X")
    encoder.extra = tuple(name for name in named if name not in {*needed, *encoder.kept.cells})
    decimal = encoder.encoding.decimal
    cells = [frame_cells(named[name], name, decimal) for name in needed]
    lengths = {name: len(each) for name, each in zip(needed, cells, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the columns differ in length: "
            + ", ".join(f"{name} {length}" for name, length in lengths.items()),
            where="X",
        )
    if needed and not lengths[needed[0]]:
        return
    if decimal != ".":
        cells = [
            own_numbers(each, column, encoder.encoding, _row)
            for each, column in zip(cells, encoder.encoding.columns, strict=False)
        ] + cells[len(wanted) :]
    y = None if target is None else target.encode(cells[-1], _row, decimal)
    encoder.kept.add(list(named.values())[at] for at in kept)
    yield encoder.features(cells[: len(wanted)], _row), y


def _row(row: int) -> str:
    return f"row {row}"


def array_blocks(X: Any, encoder: RowEncoder) -> Blocks:
    """Yield the features (n, d) of each block of n rows of an array, with None for the targets.

    Missing values (NaN) are not filled yet. X (N, d): rows of the d features in the model's order.
    Raises DataError if X has another shape, if a value is no number or infinite, or missing where
    training accepted none, or if the encoder requires a column by its name.
    """
    encoder.kept.require_none("X")
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
        hint = "for a single row write X.reshape(1, -1)" if array.shape == (len(names),) else None
        raise DataError(
            f"X must have the shape (rows, {len(names)}), got {array.shape}",
            hint=hint or f"the features are {', '.join(names[:10])}",
        )
    yield from blocks_of(array, None, encoder, None, "row ")


def blocks_of(
    X: Array, y: Array | None, encoder: RowEncoder, target: Target | None, place: str
) -> Blocks:
    """Yield the features (n, d) and the targets (n,) of each block of n rows of X (N, d).

    Missing values (NaN) are not filled yet. y (N,): the cells of the targets, which `target` turns
    into numbers or class codes; if one of them is None, None is yielded for the targets. place:
    what stands before the number of a row in messages, such as "row ".
    """
    for part in blocks(len(X), 8 * X.shape[1]):

        def place_of(row: int, first: int = part.start) -> str:
            return f"{place}{first + row}"

        features = encoder.matrix(X[part], place_of)
        known = None if y is None or target is None else target.encode(y[part], place_of)
        require_unchanged(X)
        require_unchanged(X if y is None else y)
        yield features, known
