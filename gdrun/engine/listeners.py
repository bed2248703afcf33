"""What the training loop tells while it runs. Listeners hear; they cannot change the training."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.engine.cohort import Cohort
from gdrun.engine.outcome import Outcome
from gdrun.engine.plan import Plan
from gdrun.engine.state import State
from gdrun.engine.trace import EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings


@dataclass(frozen=True)
class Progress:
    """The training as it stands: the plan, the state, and the records so far."""

    cohort: Cohort
    plan: Plan
    state: State
    steps: StepTrace
    evaluations: EvaluationTrace

    @property
    def epoch(self) -> float:
        return self.plan.epoch_time(self.state.place)


class Listener:
    """Hears of everything and does nothing; override what matters."""

    def started(self, progress: Progress) -> None:
        """Before the first step."""

    def advanced(self, progress: Progress) -> None:
        """After a chunk of steps."""

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        """After an evaluation of the lanes in progress.state."""

    def ended(self, lane: int, outcome: Outcome) -> None:
        """When a lane ends; `lane` is its place in the cohort."""
