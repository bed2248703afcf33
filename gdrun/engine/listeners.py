"""Listeners: the training loop calls them at its events. They cannot change the training."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.engine.cohort import Cohort
from gdrun.engine.outcome import Outcome
from gdrun.engine.state import State
from gdrun.engine.trace import EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings


@dataclass(frozen=True)
class Progress:
    """The current progress of a training: its cohort, its state, and the traces so far."""

    cohort: Cohort
    state: State
    steps: StepTrace
    evaluations: EvaluationTrace

    @property
    def epoch(self) -> float:
        """The number of epochs so far."""
        return self.cohort.plan.epoch_time(self.state.place)


class Listener:
    """Does nothing at any event. A subclass overrides the events that it needs."""

    def started(self, progress: Progress) -> None:
        """Called before the first step."""

    def advanced(self, progress: Progress) -> None:
        """Called after each chunk of steps."""

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        """Called after each evaluation. readings: (lanes,) each, of progress.state.lanes."""

    def ended(self, lane: int, outcome: Outcome) -> None:
        """Called when a lane ends. lane: its index in the cohort."""
