"""The recorder of a training: it adds every step and every evaluation to the traces."""

from __future__ import annotations

from functools import partial

from gdrun.array_types import Counts, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Measures
from gdrun.engine.state import State
from gdrun.engine.trace import Columns, EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings


class Recorder:
    """Records the traces of all runs that train together."""

    def __init__(self, cohort: Cohort, batches: Batches) -> None:
        self.steps = StepTrace(cohort.lanes, cohort.points, cohort.place_names)
        self.evaluations = EvaluationTrace(cohort.lanes)
        self._cohort = cohort
        self._batches = batches

    def add_steps(self, state: State, measures: Measures, rates: Numbers, seconds: float) -> None:
        """Add the steps of a chunk, which is several consecutive steps.

        state: before the chunk. rates (steps, lanes): the learning rates. seconds: the time that
        the chunk took.
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
        # A function, because a thinned trace needs these columns only for few steps.
        shared = partial(self._shared, state, seconds / measures.steps)
        self.steps.add(shared, own, state.lanes)

    def add_evaluation(self, state: State, epoch: float, readings: Readings) -> None:
        """Add an evaluation of this state. readings: by quantity, (lanes,) each."""
        shared = {
            "step": state.step,
            "epoch": epoch,
            "gradients": state.gradients,
            "seconds": state.seconds,
        }
        self.evaluations.add(shared, readings, state.lanes)

    def _shared(self, state: State, pace: float, chosen: Counts) -> Columns:
        """The columns that all runs share, (k,) each, at some steps of a chunk.

        A chunk is several consecutive steps. state: before the chunk. pace: the seconds per step.
        chosen (k,): the steps, counted from 0 at the start of the chunk.
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

    def _places(self, measures: Measures) -> Columns:
        if measures.places is None:
            return {}
        names = self._cohort.place_names
        return {name: measures.places[..., k] for k, name in enumerate(names)}
