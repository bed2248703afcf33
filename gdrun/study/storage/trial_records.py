"""The contents of a line of trials.jsonl and of traces.jsonl, key by key."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from gdrun.runs.record import Ending


class TrialOutcome(Ending):
    """How a trial ended.

    engine: the name of the engine that ran it. engine_note: what would make the engine faster,
    or None. lanes: the number of trials that trained together, as one cohort, including
    this trial.
    """

    engine: str
    engine_note: NotRequired[str | None]
    lanes: int


class TrialLabel(TypedDict):
    """The description of a trial: its number, candidate, settings and seed."""

    trial: int
    name: str
    settings: dict[str, Any]
    seed: int


class TrialRecord(TrialLabel, TrialOutcome):
    """A line of trials.jsonl. identity: the hash of the trial's experiment."""

    identity: str


class TraceRecord(TypedDict):
    """A line of traces.jsonl: the trace of one trial.

    identity: the hash of the trial's experiment. steps, evals: the columns of the step trace and of
    the evaluations, by name.
    """

    identity: str
    steps: dict[str, list[Any]]
    evals: dict[str, list[Any]]
