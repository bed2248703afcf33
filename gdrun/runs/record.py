"""The contents of run.json: what a run was, and why it ended."""

from __future__ import annotations

import platform
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
from gdrun.methods.plugins import loaded_plugins
from gdrun.methods.stopping import Stop

SCHEMA_VERSION = 1

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


def _stop(stop: Stop) -> Record:
    record = asdict(stop)
    del record["status"]
    return record
