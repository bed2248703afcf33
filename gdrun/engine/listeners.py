"""Listeners: objects that the training loop calls at its events. They cannot change training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gdrun.engine.cohort import Cohort
from gdrun.engine.outcome import Outcome
from gdrun.engine.recording import Recorder
from gdrun.engine.snapshot import Snapshot
from gdrun.engine.state import State
from gdrun.engine.trace import EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings


@dataclass(frozen=True)
class Progress:
    """The progress of a training: the runs that train (cohort), their state, and their traces.

    snapshot: a function that returns everything that is needed to continue the training.
    """

    cohort: Cohort
    state: State
    recorder: Recorder
    snapshot: Callable[[], Snapshot]

    @property
    def steps(self) -> StepTrace:
        """The trace of the steps so far."""
        return self.recorder.steps

    @property
    def evaluations(self) -> EvaluationTrace:
        """The trace of the evaluations so far."""
        return self.recorder.evaluations

    @property
    def epoch(self) -> float:
        """The number of epochs so far."""
        return self.cohort.plan.epoch_time(self.state.place)


class Listener:
    """A listener that does nothing. A subclass overrides the methods for the events it needs."""

    def started(self, progress: Progress) -> None:
        """Called before the first step."""

    def advanced(self, progress: Progress) -> None:
        """Called after each chunk, which is several consecutive steps."""

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        """Called after each evaluation.

        readings: for each quantity an array (lanes,), with one number for each run that still
        trains. progress.state.lanes has the indices of these runs.
        """

    def ending(self, progress: Progress, *, interrupted: bool) -> None:
        """Called when a budget or an interruption ends all runs, before their last evaluation.

        Save a snapshot here if the runs are to continue later as if they had not ended. A snapshot
        after the last evaluation contains this evaluation, which a longer run may not have.
        """

    def ended(self, lane: int, outcome: Outcome) -> None:
        """Called when one of the runs that train together ends. lane: its index in the cohort."""
