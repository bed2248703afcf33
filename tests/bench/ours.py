"""gdrun's own contenders: trainings by each engine, through the public entry points."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

import gdrun
from bench.work import COMPILED, NUMPY, Contender, Finish
from gdrun.engine.compiled import require_compiler
from gdrun.engine.contract import NotCompilableError

Data = tuple[np.ndarray, np.ndarray]

ENGINES = {NUMPY: "numpy"}
"""The engines that are available here, by the names of their contenders."""
with suppress(NotCompilableError):
    require_compiler()
    ENGINES[COMPILED] = "compiled"

AS_GIVEN = {
    "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False}
}
"""The part of a config that uses arrays without a split and without standardisation."""


def trainings(config: Mapping[str, Any], data: Data, epochs: int) -> dict[str, Contender]:
    """A training of this many epochs by each engine; seconds are per epoch."""
    config = AS_GIVEN | dict(config) | {"stopping": {"epochs": epochs}}
    return {
        name: partial(_train, config | {"engine": engine}, data, epochs)
        for name, engine in ENGINES.items()
    }


def _train(config: dict[str, Any], data: Data, epochs: int) -> Finish:
    """The updates without evaluations between them, as those of peers, and a whole training.

    The compiled engine evaluates while it takes the next steps, which slows these down.
    """
    updates = gdrun.train(config, {"evaluate.every": epochs}, data=data).record["timing"]["updates"]
    run = gdrun.train(config, data=data)
    whole = run.record["timing"]["total"]
    return Finish(updates / epochs, run.summary["train_loss"], whole / epochs)


def sweep(config: Mapping[str, Any], rates: np.ndarray, data: Data) -> Finish:
    """All these learning rates as lanes of one cohort or more; seconds are of all together."""
    found = gdrun.sweep(dict(config), {"lr": rates}, data=data)
    records = [result.record for row in found.standings for result in row.results]

    def seconds(part: str) -> float:
        # Each lane has the time of its whole cohort.
        return sum(record["timing"][part] / record["lanes"] for record in records)

    best = min(record["summary"]["train_loss"] for record in records)
    return Finish(seconds("updates"), best, seconds("total"))
