"""What the training loop reports while it runs. Listeners cannot change the training."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.engine.cohort import Cohort
from gdrun.engine.outcome import Outcome
from gdrun.engine.state import State
from gdrun.engine.trace import EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings


@dataclass(frozen=True)
class Progress:
    """The training as it is now: what its lanes share, the state, and the records so far."""

    cohort: Cohort
    state: State
    steps: StepTrace
    evaluations: EvaluationTrace

    @property
    def epoch(self) -> float:
        return self.cohort.plan.epoch_time(self.state.place)


class Listener:
    """Does nothing at any event; override what matters."""

    def started(self, progress: Progress) -> None:
        """Before the first step."""

    def advanced(self, progress: Progress) -> None:
        """After a chunk of steps."""

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        """After an evaluation of the lanes in progress.state."""

    def ended(self, lane: int, outcome: Outcome) -> None:
        """When a lane ends; `lane` is its place in the cohort."""
