"""The result of a trial, which is a record and traces, and the lines of text that store both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from gdrun.engine.measuring import baseline_of, recalls_of, tested_by
from gdrun.engine.outcome import Outcome
from gdrun.engine.trace import Columns
from gdrun.engine.trace_columns import (
    EVALUATION_COLUMNS,
    STEP_COLUMNS,
    TraceColumn,
    with_current_names,
)
from gdrun.engine.trainer import Trainer
from gdrun.runs.record_contents import ending
from gdrun.runs.strict_json import dumps
from gdrun.runs.summary import Summary, judged_by, number_in, with_tests
from gdrun.runs.trace_file import as_array
from gdrun.study.storage.step_losses import has_exact_batches, with_every_step
from gdrun.study.storage.trial_records import TraceRecord, TrialLabel, TrialOutcome, TrialRecord

_NEEDED = ("step", "epoch", "gradients", "train_loss")
"""The columns of evaluations that every trial has and that a ranking needs."""


@dataclass(frozen=True, repr=False)
class Result:
    """The result of one trial, whether it has just run or was read from files.

    identity: the hash of the trial's experiment. record: status, stop, summary, divergence, watched
    and timing as in run.json, the name of the engine, the note on the engine, and the number of
    trials that trained together. steps, evals: the columns of the step trace and of the
    evaluations, by name. The step trace has fewer points than that of a single run, unless the
    config sets log.points. On a surface without noise, `evals` also has a row for each recorded
    step.
    """

    identity: str
    record: TrialOutcome
    steps: Columns
    evals: Columns

    @property
    def diverged(self) -> bool:
        """Whether the trial diverged."""
        return self.record["status"] == "diverged"

    @property
    def summary(self) -> Summary:
        """The summary of the trial, as in run.json."""
        return self.record["summary"]

    def __repr__(self) -> str:
        """The status and the losses, without the columns, which may have thousands of numbers."""
        names = ("train_loss", "validation_loss", "test_loss")
        known = {name: self.number(name) for name in names}
        losses = "".join(f", {name}={each:.4g}" for name, each in known.items() if each is not None)
        return f"Result({self.record['status']}{losses})"

    def number(self, name: str) -> float | None:
        """A number, such as train_loss, for the weights that the trial returns.

        None if the number was not measured. It comes from the summary, or else from the evaluation
        of these weights.
        """
        if name in self.summary or name not in self.evals:
            return number_in(self.summary, name)
        best = self.summary["best"] if self.summary["weights"] == "best" else None
        step = self.summary["steps"] if best is None else best["step"]
        at_step = np.flatnonzero(self.evals["step"] == step)
        return float(self.evals[name][at_step[-1]]) if len(at_step) else None

    def lines(self, label: TrialLabel) -> tuple[str, str]:
        """The line for trials.jsonl and the line for traces.jsonl.

        label: the number, candidate, settings and seed of the trial.
        """
        trial: TrialRecord = {**label, "identity": self.identity, **self.record}
        trace: TraceRecord = {
            "identity": self.identity,
            "steps": _listed(self.steps),
            "evals": _listed(self.evals),
        }
        return dumps(trial), dumps(trace)

    @classmethod
    def read(cls, trial: TrialRecord, trace: TraceRecord) -> Result:
        """Make the result from the records of a trial's two lines.

        Raises ValueError or TypeError if the trace does not have the required columns, if columns
        differ in length, if there is no evaluation, or if a value is not a number.
        """
        if missing := [name for name in _NEEDED if name not in trace["evals"]]:
            raise ValueError(f"evals.{missing[0]} is missing")
        steps = _columns(trace["steps"], STEP_COLUMNS)
        evals = _columns(trace["evals"], EVALUATION_COLUMNS)
        for name, columns in (("steps", steps), ("evals", evals)):
            if len({len(column) for column in columns.values()}) > 1:
                raise ValueError(f"the columns of {name} differ in length")
        if not len(evals["step"]):
            raise ValueError("evals has no rows")
        return cls(trial["identity"], trial, steps, evals)


def results_of(
    identities: Iterable[str], outcomes: Iterable[Outcome], trainer: Trainer
) -> list[Result]:
    """The results of trials that trained together; a trial that was interrupted has none.

    Their summaries have what the rules of symptoms need: the baseline, and the recalls of rare
    classes. identities: the hashes of the trials.
    """
    pairs = zip(identities, outcomes, strict=True)
    ended = [(own, outcome) for own, outcome in pairs if outcome.status != "interrupted"]
    cohort, engine = trainer.cohort, trainer.engine
    baseline = baseline_of(cohort)
    measured = [outcome for _, outcome in ended]
    recalls = recalls_of(cohort, engine, measured)
    tests = tested_by(cohort, engine, measured)
    results = []
    for (identity, outcome), counts, tested in zip(ended, recalls, tests, strict=True):
        end = ending(outcome)
        end["summary"] = with_tests(end["summary"], tested)
        if baseline is not None and outcome.status != "diverged":
            known = judged_by(baseline, counts, cohort.data.classes)
            end["summary"] |= cast("Summary", known)
        record: TrialOutcome = {
            **end,
            "engine": engine.name,
            "engine_note": engine.note,
            "lanes": cohort.lanes,
        }
        evals = outcome.evaluations
        if has_exact_batches(cohort):
            evals = with_every_step(outcome.steps, evals)
        results.append(Result(identity, record, outcome.steps, evals))
    return results


def _listed(columns: Columns) -> dict[str, list[Any]]:
    return {name: column.tolist() for name, column in columns.items()}


def _columns(listed: Mapping[str, list[Any]], kinds: Mapping[str, TraceColumn]) -> Columns:
    """Each list of numbers as an array. kinds: the descriptions of the columns, with the dtypes."""
    named = with_current_names(listed)
    return {name: as_array(kinds.get(name), column) for name, column in named.items()}
