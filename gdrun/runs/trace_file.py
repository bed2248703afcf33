"""trace.jsonl, written and read: a line for each point of the steps, and for each evaluation."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.engine.trace_columns import EVALUATION_COLUMNS, LAYER_COLUMNS, STEP_COLUMNS, TraceColumn
from gdrun.errors import RecordError
from gdrun.runs.strict_json import dumps, loads

Row = dict[str, Any]

MOST = 2**63
"""Whole numbers below it, and above its negative, have a place in an array."""

_KINDS = {"step": STEP_COLUMNS, "eval": EVALUATION_COLUMNS}
_OF_EVERY_LAYER = {name for name, column in LAYER_COLUMNS.items() if column.when == "always"}
_JOINED = [name for name, column in STEP_COLUMNS.items() if column.when == "joined"]


def trace_lines(steps: Columns, evaluations: Columns, *, clips: bool) -> list[str]:
    """Both kinds of records in the order of their steps, a step before its evaluation.

    clips: whether the experiment clips gradients, so that the lines hold how many steps were.
    """
    merged = heapq.merge(
        _step_lines(steps, clips=clips), _evaluation_lines(evaluations), key=lambda entry: entry[0]
    )
    return [line for _, line in merged]


def read_trace(path: Path) -> tuple[Columns, Columns]:
    """Step records and evaluations as arrays by column; a last line that was cut off is left out.

    A run that wrote no line has the columns of every run, empty. Raises RecordError where another
    line is damaged, or the file cannot be read.
    """
    rows: dict[str, list[Row]] = {kind: [] for kind in _KINDS}
    lines = _lines(path)
    for number, line in enumerate(lines, start=1):
        try:
            kind, row = _parsed(line)
            _check(row, _KINDS[kind], like=next(iter(rows[kind]), row))
        except (ValueError, KeyError, TypeError, AttributeError):
            if number < len(lines):
                hint = "remove the line to read the rest of the trace"
                where = f"{path}:{number}"
                raise RecordError("this line is damaged", where=where, hint=hint) from None
        else:
            rows[kind].append(row)
    return _columns(rows["step"], STEP_COLUMNS), _columns(rows["eval"], EVALUATION_COLUMNS)


def as_array(column: TraceColumn | None, values: Iterable[float]) -> Array:
    """The values of a column as an array of its kind; None is a column of numbers."""
    return np.array(list(values), dtype=np.int64 if column and column.whole else np.float64)


def _step_lines(columns: Columns, *, clips: bool) -> Iterator[tuple[int, str]]:
    """Each step record as (step, line). One that stands for several steps carries their peaks."""
    names = [
        name
        for name, column in STEP_COLUMNS.items()
        if name in columns and column.when != "joined" and (clips or column.when != "clip")
    ]
    for row, joined in zip(_rows(columns, names), _rows(columns, _JOINED), strict=True):
        if joined["steps"] > 1:
            row |= joined
        yield row["step"], dumps({"kind": "step"} | row)


def _evaluation_lines(columns: Columns) -> Iterator[tuple[int, str]]:
    """Each evaluation as (step, line); the readings of a network's layers by layer."""
    for row in _rows(columns, list(columns)):
        yield row["step"], dumps({"kind": "eval"} | _by_layer(row))


def _rows(columns: Columns, names: list[str]) -> Iterator[Row]:
    for values in zip(*(columns[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _by_layer(row: Row) -> Row:
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
    """The kind of a line, and its numbers by column, with those that its absence stands for."""
    row = loads(line)
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
    """Raise ValueError unless the row has numbers in all columns of every run, and of `like`."""
    always = {name for name, column in kinds.items() if column.when == "always"}
    if row.keys() != like.keys() or not always <= row.keys():
        raise ValueError("other columns than those of the lines before")
    for name, value in row.items():
        whole = name in kinds and kinds[name].whole
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise ValueError(f"no number in {name}")
        if isinstance(value, int) and abs(value) >= MOST:
            raise ValueError(f"too many digits in {name}")


def _columns(rows: list[Row], kinds: Mapping[str, TraceColumn]) -> Columns:
    """The rows as arrays by column, in the order of the table; without any row, all are empty."""
    usual = [name for name, each in kinds.items() if each.when not in ("surface", "measured")]
    names = rows[0] if rows else usual
    order = [*(name for name in kinds if name in names), *(n for n in names if n not in kinds)]
    return {name: as_array(kinds.get(name), (row[name] for row in rows)) for name in order}
