"""The contents of run.json and trace.jsonl: what a run was, why it ended, and every step of it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine
from gdrun.engine.outcome import Outcome
from gdrun.engine.trace import Columns
from gdrun.methods.plugins import loaded_plugins
from gdrun.methods.stopping import Stop
from gdrun.runs.strict_json import dumps

SCHEMA_VERSION = 1
_STEP_FIELDS = (
    *("step", "epoch", "gradients", "seconds", "batch_size", "lr"),
    *("batch_loss", "grad_norm", "update_norm", "weight_norm"),
)
_THINNED_FIELDS = ("steps", "max_batch_loss", "max_grad_norm")

Record = dict[str, Any]


def opening(
    cohort: Cohort, engine: Engine, experiment: Experiment, identity: str, started: datetime
) -> Record:
    """The record of a run that has begun: everything known before the first step."""
    data = cohort.data
    return {
        "schema_version": SCHEMA_VERSION,
        "id": identity,
        "name": experiment.name,
        "seed": experiment.seed,
        "status": "running",
        "stop": None,
        "summary": None,
        "divergence": None,
        "watched": [],
        "started": started.isoformat(timespec="seconds"),
        "timing": None,
        "engine": engine.name,
        "compression": engine.compression,
        "versions": versions(),
        "plugins": loaded_plugins(),
        "data": {
            "name": data.name,
            "rows": sum(data.rows.values()),
            "parts": data.rows,
            "features": data.features,
            "target": data.target_name,
            "classes": list(data.classes),
            "sha256": data.sha256,
            "notes": list(data.notes),
        },
        "parameters": cohort.model.layout.size,
    }


def closing(record: Record, outcome: Outcome) -> Record:
    """The record of a run that has ended."""
    return record | {
        "status": outcome.status,
        "stop": _stop(outcome.stop),
        "summary": outcome.summary(),
        "divergence": asdict(outcome.divergence) if outcome.divergence else None,
        "watched": [_stop(stop) for stop in outcome.watched],
        "timing": asdict(outcome.timing),
    }


def repeatable(engine: Engine, experiment: Experiment) -> dict[str, Any]:
    """The experiment as plain data that describes the same run from any directory.

    The engine is the one that ran: it decides about the last bits, and auto may choose otherwise
    once a kernel has been compiled.
    """
    plain = experiment.plain() | {"engine": engine.name}
    dataset = plain.get("dataset", {})
    for key in dataset.keys() & {"path", "targets"}:
        dataset[key] = str(Path(dataset[key]).expanduser().absolute())
    return plain


def versions() -> dict[str, str]:
    """What a run must find again to repeat itself bit for bit."""
    return {
        "gdrun": version("gdrun"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def step_lines(columns: Columns, *, clips: bool) -> Iterator[tuple[int, str]]:
    """Each step record as (step, line). One that stands for several steps carries their peaks."""
    places = tuple(name for name in ("x", "y") if name in columns)
    fields = (*_STEP_FIELDS, *(("clipped",) if clips else ()), *places)
    rows = _rows(columns, fields)
    for row, *peaks in zip(
        rows, *(columns[name].tolist() for name in _THINNED_FIELDS), strict=True
    ):
        if peaks[0] > 1:
            row |= dict(zip(_THINNED_FIELDS, peaks, strict=True))
        yield row["step"], dumps({"kind": "step"} | row)


def evaluation_lines(columns: Columns) -> Iterator[tuple[int, str]]:
    """Each evaluation as (step, line); the readings of a network's layers by layer."""
    for row in _rows(columns, tuple(columns)):
        yield row["step"], dumps({"kind": "eval"} | _by_layer(row))


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """An evaluation with the readings of layers as layer1.grad_norm, as the trace holds them."""
    for layer, readings in row.pop("layers", {}).items():
        row |= {f"{layer}.{name}": value for name, value in readings.items()}
    return row


def _by_layer(row: dict[str, Any]) -> dict[str, Any]:
    layers: dict[str, dict[str, Any]] = {}
    for name in [name for name in row if "." in name]:
        layer, _, reading = name.partition(".")
        layers.setdefault(layer, {})[reading] = row.pop(name)
    return row | {"layers": layers} if layers else row


def _rows(columns: Columns, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for values in zip(*(columns[name].tolist() for name in fields), strict=True):
        yield dict(zip(fields, values, strict=True))


def _stop(stop: Stop) -> Record:
    record = asdict(stop)
    del record["status"]
    return record
