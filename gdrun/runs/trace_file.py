"""How trace.jsonl is written and read: a line for each point of the step trace and each evaluation.

A point combines one or several consecutive steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.engine.trace_columns import (
    EVALUATION_COLUMNS,
    LAYER_COLUMNS,
    STEP_COLUMNS,
    TraceColumn,
    with_current_names,
)
from gdrun.errors import RecordError
from gdrun.runs.strict_json import dumps, loads

Row = dict[str, Any]

INT64_LIMIT = 2**63
"""Whole numbers between −INT64_LIMIT and INT64_LIMIT, both excluded, fit an int64 array."""

_KINDS = {"step": STEP_COLUMNS, "eval": EVALUATION_COLUMNS}
_OF_EVERY_LAYER = {name for name, column in LAYER_COLUMNS.items() if column.when == "always"}
_JOINED = [name for name, column in STEP_COLUMNS.items() if column.when == "joined"]


def trace_lines(steps: Columns, evaluations: Columns, *, clips: bool) -> list[str]:
    """The lines of trace.jsonl: the points of the step trace and the evaluations, ordered by step.

    At the same step, the point of the step trace comes before the evaluation. clips: whether the
    experiment clips gradients; if so, the lines of steps have a column `clipped`.
    """
    # The merge is stable: at the same step, the step record comes before the evaluation.
    merged = heapq.merge(
        _step_lines(steps, clips=clips), _evaluation_lines(evaluations), key=lambda entry: entry[0]
    )
    return [line for _, line in merged]


MOST_EVALUATIONS = 10_000
"""About the largest number of evaluations in a trace.

A larger number in the option log.points replaces it; with `all` there is no limit.
"""


def most_evaluations(points: int | Literal["all"]) -> int | None:
    """About the largest number of evaluations to keep; None for all. points: log.points."""
    return None if points == "all" else max(points, MOST_EVALUATIONS)


def evaluation_stride(number: int, most: int | None) -> int:
    """The smallest power of two k such that every k-th of `number` evaluations are at most `most`.

    most: the largest number of evaluations to write; None for no limit, which gives k = 1.

    >>> evaluation_stride(100, 100), evaluation_stride(101, 100), evaluation_stride(401, 100)
    (1, 2, 8)
    """
    return 1 if most is None or number <= most else 1 << (-(-number // most) - 1).bit_length()


def thinned_evaluations(columns: Columns, most: int | None) -> Columns:
    """Return every k-th evaluation, the first two, the last, and the extremes of each column.

    most: about the largest number of evaluations to keep, which decides k; None keeps all. All are
    also kept if there are at most as many as thinning may leave, so that it never thins twice.
    """
    number = len(columns["step"])
    stride = evaluation_stride(number, most)
    if most is None or number <= most + 2 + 2 * len(columns):
        return columns
    extremes = [
        place(values)
        for values in columns.values()
        if np.isfinite(values).any()
        for place in (np.nanargmin, np.nanargmax)
    ]
    kept = np.unique([*range(0, number, stride), 1, number - 1, *map(int, extremes)])
    return {name: values[kept] for name, values in columns.items()}


def read_trace(path: Path) -> tuple[Columns, Columns]:
    """Read trace.jsonl: the step trace and the evaluations, each as arrays by column.

    A damaged last line is ignored, because the run may have been killed while it wrote the line.
    Without any line, the arrays are empty. Raises RecordError if another line is damaged, or the
    file cannot be read.
    """
    rows: dict[str, list[Row]] = {kind: [] for kind in _KINDS}
    lines = _lines(path)
    for number, line in enumerate(lines, start=1):
        try:
            kind, row = _parsed(line)
            _check(row, _KINDS[kind], like=next(iter(rows[kind]), row))
        except (ValueError, KeyError, TypeError, AttributeError):
            # Only the last line can be incomplete: a run was killed while it wrote.
            if number < len(lines):
                hint = "remove the line to read the rest of the trace"
                where = f"{path}:{number}"
                raise RecordError("this line is damaged", where=where, hint=hint) from None
        else:
            rows[kind].append(row)
    return _columns(rows["step"], STEP_COLUMNS), _columns(rows["eval"], EVALUATION_COLUMNS)


def as_array(column: TraceColumn | None, values: Iterable[float]) -> Array:
    """The values of a column as an array: int64 for columns of whole numbers, else float64.

    column: the description of the column; None for a column without one. Raises ValueError if a
    whole number is too large for int64, or a value is not a number.
    """
    try:
        return np.array(list(values), dtype=np.int64 if column and column.whole else np.float64)
    except OverflowError:
        raise ValueError("a whole number needs more than 64 bits") from None


def _step_lines(columns: Columns, *, clips: bool) -> Iterator[tuple[int, str]]:
    """Yield each point of the step trace as (step, line).

    A point that combines several steps also has their largest batch loss and gradient norm.
    """
    names = [
        name
        for name, column in STEP_COLUMNS.items()
        if name in columns and column.when != "joined" and (clips or column.when != "clip")
    ]
    for row, joined in zip(_rows(columns, names), _rows(columns, _JOINED), strict=True):
        if joined["combined"] > 1:
            row |= joined
        yield row["step"], dumps({"kind": "step"} | row)


def _evaluation_lines(columns: Columns) -> Iterator[tuple[int, str]]:
    """Yield each evaluation as (step, line). In a line, the readings of layers are in `layers`."""
    for row in _rows(columns, list(columns)):
        yield row["step"], dumps({"kind": "eval"} | _by_layer(row))


def _rows(columns: Columns, names: list[str]) -> Iterator[Row]:
    """Yield each row of the columns with these names, as a dict by column."""
    for values in zip(*(columns[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _by_layer(row: Row) -> Row:
    """The row with its entries LAYER.NAME moved to layers[LAYER][NAME], as in trace.jsonl."""
    layers: dict[str, Row] = {}
    for name in [name for name in row if "." in name]:
        layer, _, reading = name.partition(".")
        layers.setdefault(layer, {})[reading] = row.pop(name)
    return row | {"layers": layers} if layers else row


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _parsed(line: bytes) -> tuple[str, Row]:
    """The kind of a line (step or eval), and its numbers by column.

    A column that the line does not have gets its default value.
    """
    row = with_current_names(loads(line))
    kind = row.pop("kind")
    for layer, readings in row.pop("layers", {}).items():
        if not readings.keys() >= _OF_EVERY_LAYER:
            raise ValueError(f"missing readings of {layer}")
        row |= {f"{layer}.{name}": value for name, value in readings.items()}
    for name, column in _KINDS[kind].items():
        if column.absent is not None and name not in row:
            row[name] = row[column.absent] if isinstance(column.absent, str) else column.absent
    return kind, row


def _check(row: Row, kinds: Mapping[str, TraceColumn], *, like: Row) -> None:
    """Raise ValueError unless a row of a trace has the right columns, with numbers in them.

    These are the columns that every run has, and those of `like`, an earlier row of the same kind.
    kinds: the descriptions of the columns.
    """
    always = {name for name, column in kinds.items() if column.when == "always"}
    if row.keys() != like.keys() or not always <= row.keys():
        raise ValueError("the line does not have the same columns as the lines before it")
    for name, value in row.items():
        whole = name in kinds and kinds[name].whole
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise ValueError(f"{name} is not a {'whole ' if whole else ''}number")
        if isinstance(value, int) and abs(value) >= INT64_LIMIT:
            raise ValueError(f"{name} has too many digits")


def _columns(rows: list[Row], kinds: Mapping[str, TraceColumn]) -> Columns:
    """The rows as arrays by column. kinds: the descriptions of the columns, in their order."""
    usual = [name for name, each in kinds.items() if each.when not in ("surface", "measured")]
    names = rows[0] if rows else usual
    order = [*(name for name in kinds if name in names), *(n for n in names if n not in kinds)]
    return {name: as_array(kinds.get(name), (row[name] for row in rows)) for name in order}
