"""The recorder of a training: it adds every step and every evaluation to the traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Measures
from gdrun.engine.state import State
from gdrun.engine.trace import Columns, EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings

MOST_WAITING = 64
"""The most steps that wait to be added to the trace together."""


@dataclass(frozen=True)
class WaitingStep:
    """A chunk of one step that is not in the trace yet.

    own: the columns in which runs differ, (1, lanes) each. shared: the other columns, a number
    each. lanes: the indices of the runs in the cohort.
    """

    own: Columns
    shared: dict[str, float]
    lanes: Integers


class Recorder:
    """Records the traces of all runs that train together.

    With an evaluation after each step, every chunk has one step. Such steps are added to the trace
    together, because adding many steps takes about as long as adding one. Until then they wait: at
    most MOST_WAITING steps, and no longer than until the trace is read.
    """

    def __init__(self, cohort: Cohort, batches: Batches) -> None:
        self.evaluations = EvaluationTrace(cohort.lanes)
        self._steps = StepTrace(cohort.lanes, cohort.points, cohort.place_names)
        self._waiting: list[WaitingStep] = []
        self._cohort = cohort
        self._batches = batches

    @property
    def steps(self) -> StepTrace:
        """The trace of all steps so far."""
        self._add_waiting()
        return self._steps

    def add_steps(self, state: State, measures: Measures, rates: Numbers, seconds: float) -> None:
        """Add the steps of a chunk, which is several consecutive steps.

        state: the state before the chunk. measures: the measurements of the steps. rates
        (steps, lanes): the learning rates. seconds: the time that the chunk took.
        """
        own = {
            "lr": rates[: measures.steps],
            "batch_loss": measures.batch_loss,
            "grad_norm": measures.grad_norm,
            "update_norm": measures.update_norm,
            "weight_norm": measures.weight_norm,
            "clipped": measures.clipped,
            **self._places(measures),
        }
        if measures.steps > 1:
            # A function, because a thinned trace needs these columns only for few steps.
            shared = partial(self._shared, state, seconds / measures.steps)
            self.steps.add(shared, own, state.lanes)
            return
        if len(self._waiting) == MOST_WAITING or (
            self._waiting and self._waiting[0].lanes is not state.lanes
        ):
            self._add_waiting()
        self._waiting.append(WaitingStep(own, self._of_step(state, seconds), state.lanes))

    def _add_waiting(self) -> None:
        """Add the waiting steps to the trace."""
        if not self._waiting:
            return
        steps, self._waiting = self._waiting, []
        own = {name: np.concatenate([each.own[name] for each in steps]) for name in steps[0].own}
        self._steps.add(partial(_shared_columns, steps), own, steps[0].lanes)

    def add_evaluation(self, state: State, epoch: float, readings: Readings) -> None:
        """Add an evaluation of this state. readings: the results by quantity, (lanes,) each."""
        shared = {
            "step": state.step,
            "epoch": epoch,
            "gradients": state.gradients,
            "seconds": state.seconds,
        }
        self.evaluations.add(shared, readings, state.lanes)

    def _shared(self, state: State, pace: float, chosen: Integers) -> Columns:
        """The columns that all runs share, (k,) each, at some steps of a chunk.

        A chunk is several consecutive steps. state: the state before the chunk. pace: the seconds
        per step. chosen (k,): the steps, counted from 0 at the start of the chunk.
        """
        place, count = state.place, chosen + 1
        spent = self._batches.spent(place, count)
        return {
            "step": state.step + count,
            "epoch": place.epoch
            + (place.position + count) / self._cohort.plan.steps_per_epoch(place.epoch),
            "gradients": state.gradients + spent,
            "seconds": state.seconds + pace * count,
            "batch_size": spent - self._batches.spent(place, chosen),
        }

    def _of_step(self, state: State, seconds: float) -> dict[str, float]:
        """The columns that all runs share, for a chunk of one step, as numbers.

        state: the state before the step. seconds: the time that the step took.
        """
        place = state.place
        spent = self._batches.spent_by_step(place)
        return {
            "step": state.step + 1,
            "epoch": place.epoch
            + (place.position + 1) / self._cohort.plan.steps_per_epoch(place.epoch),
            "gradients": state.gradients + spent,
            "seconds": state.seconds + seconds,
            "batch_size": spent,
        }

    def _places(self, measures: Measures) -> Columns:
        if measures.places is None:
            return {}
        names = self._cohort.place_names
        return {name: measures.places[..., k] for k, name in enumerate(names)}


def _shared_columns(steps: Sequence[WaitingStep], chosen: Integers) -> Columns:
    """The columns that all runs share, (k,) each. chosen (k,): the indices of some steps."""
    some = [steps[k].shared for k in chosen.tolist()]
    return {name: np.array([each[name] for each in some]) for name in steps[0].shared}
