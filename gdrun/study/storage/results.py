"""What a trial leaves: its record and its traces, and their lines in a study's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from gdrun.engine.outcome import Divergence, Outcome, Timing
from gdrun.engine.trace import Columns
from gdrun.engine.trace_columns import EVALUATION_COLUMNS, STEP_COLUMNS, TraceColumn
from gdrun.engine.trainer import Trainer
from gdrun.methods.stopping import Stop
from gdrun.runs.strict_json import dumps
from gdrun.runs.trace_file import as_array
from gdrun.study.storage.records import (
    TraceRecord,
    TrialDivergence,
    TrialLabel,
    TrialOutcome,
    TrialRecord,
    TrialStop,
    TrialSummary,
    TrialTiming,
)

_NEEDED = ("step", "epoch", "gradients", "train_loss")
"""The columns of evaluations that every study is judged by."""


@dataclass(frozen=True)
class Result:
    """One trial that has ended, the same whether it ran now or was read from a study's files.

    record: status, stop, summary, divergence, watched and timing as in run.json, the engine that
    ran, and `lanes`, the number of runs that shared its steps. steps, evals: the traces, step
    records thinned.
    """

    identity: str
    record: TrialOutcome
    steps: Columns
    evals: Columns

    @classmethod
    def of(cls, identity: str, outcome: Outcome, trainer: Trainer) -> Result:
        record: TrialOutcome = {
            "status": outcome.status,
            "stop": _stop(outcome.stop),
            # The engine makes exactly these keys; a test compares them.
            "summary": cast(TrialSummary, outcome.summary()),
            "divergence": _divergence(outcome.divergence),
            "watched": [_stop(stop) for stop in outcome.watched],
            "timing": _timing(outcome.timing),
            "engine": trainer.engine.name,
            "lanes": trainer.cohort.lanes,
        }
        return cls(identity, record, outcome.steps, outcome.evaluations)

    @property
    def diverged(self) -> bool:
        return self.record["status"] == "diverged"

    @property
    def summary(self) -> TrialSummary:
        """The trial in numbers."""
        return self.record["summary"]

    def number(self, name: str) -> float | None:
        """A number of the summary; None where it was not measured."""
        values: Mapping[str, object] = self.summary
        value = values.get(name)
        return float(value) if isinstance(value, int | float) else None

    def lines(self, label: TrialLabel) -> tuple[str, str]:
        """Its lines for trials.jsonl and traces.jsonl; the label says which trial it is."""
        trial: TrialRecord = {**label, "identity": self.identity, **self.record}
        trace: TraceRecord = {
            "identity": self.identity,
            "steps": _listed(self.steps),
            "evals": _listed(self.evals),
        }
        return dumps(trial), dumps(trace)

    @classmethod
    def read(cls, trial: TrialRecord, trace: TraceRecord) -> Result:
        """The result that the two lines hold. Raises ValueError where a trace has not the columns
        or the numbers that every trial has.
        """
        if missing := [name for name in _NEEDED if name not in trace["evals"]]:
            raise ValueError(f"evals.{missing[0]} is missing")
        steps = _columns(trace["steps"], STEP_COLUMNS)
        evals = _columns(trace["evals"], EVALUATION_COLUMNS)
        return cls(trial["identity"], trial, steps, evals)


def _stop(stop: Stop) -> TrialStop:
    return {"rule": stop.rule, "epoch": stop.epoch, "step": stop.step, "message": stop.message}


def _divergence(divergence: Divergence | None) -> TrialDivergence | None:
    if divergence is None:
        return None
    return {
        "step": divergence.step,
        "epoch": divergence.epoch,
        "quantity": divergence.quantity,
        "value": divergence.value,
        "layer": divergence.layer,
        "last_finite_loss": divergence.last_finite_loss,
    }


def _timing(timing: Timing) -> TrialTiming:
    return {
        "updates": timing.updates,
        "evaluations": timing.evaluations,
        "total": timing.total,
    }


def _listed(columns: Columns) -> dict[str, list[Any]]:
    return {name: column.tolist() for name, column in columns.items()}


def _columns(listed: Mapping[str, list[Any]], kinds: Mapping[str, TraceColumn]) -> Columns:
    """Columns as arrays of the kind they had."""
    return {name: as_array(kinds.get(name), column) for name, column in listed.items()}
