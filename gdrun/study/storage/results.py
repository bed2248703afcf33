"""What a trial leaves: its record and its traces, and their lines in a study's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.engine.outcome import Outcome
from gdrun.engine.trace import Columns
from gdrun.engine.trainer import Trainer
from gdrun.runs.record import Record, closing
from gdrun.runs.strict_json import dumps, loads

_COUNTS = ("steps", "step", "gradients", "batch_size")


@dataclass(frozen=True)
class Result:
    """One trial that has ended, the same whether it ran now or was read from a study's files.

    record: status, stop, summary, divergence, watched and timing as in run.json, the engine that
    ran, and `lanes`, the number of runs that shared its steps. steps, evals: the traces, step
    records thinned.
    """

    identity: str
    record: Record
    steps: Columns
    evals: Columns

    @classmethod
    def of(cls, identity: str, outcome: Outcome, trainer: Trainer) -> Result:
        shared = {"engine": trainer.engine.name, "lanes": trainer.cohort.lanes}
        record = closing({}, outcome) | shared
        return cls(identity, record, outcome.steps, outcome.evaluations)

    @property
    def diverged(self) -> bool:
        return bool(self.record["status"] == "diverged")

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = self.record["summary"]
        return summary

    def lines(self, about: Mapping[str, Any]) -> tuple[str, str]:
        """Its lines for trials.jsonl and traces.jsonl; `about` says which trial it is."""
        traces = {"steps": _listed(self.steps), "evals": _listed(self.evals)}
        head = {**about, "identity": self.identity}
        return dumps(head | self.record), dumps({"identity": self.identity} | traces)

    @classmethod
    def read(cls, trial: str, trace: str) -> Result:
        """The result that the two lines hold."""
        record, traces = loads(trial), loads(trace)
        columns = [_columns(traces[name]) for name in ("steps", "evals")]
        return cls(str(record["identity"]), record, *columns)


def _listed(columns: Columns) -> dict[str, list[Any]]:
    return {name: column.tolist() for name, column in columns.items()}


def _columns(listed: Mapping[str, list[Any]]) -> Columns:
    """Columns as arrays of the kind they had."""
    kinds = {name: np.int64 if name in _COUNTS else np.float64 for name in listed}
    return {name: np.array(column, dtype=kinds[name]) for name, column in listed.items()}
