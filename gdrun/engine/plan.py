"""The plan of a cohort: when it evaluates, when its budgets end, and which rates its steps use.

Everything here follows from the experiment and the batching alone, so any step can be planned
without the steps before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Counts, Numbers
from gdrun.config.experiment import Experiment
from gdrun.methods.sampling import Batching
from gdrun.methods.schedules import SCHEDULES, Schedule, betas, rates
from gdrun.methods.stopping import budget_sentence

if TYPE_CHECKING:
    from gdrun.engine.cohort import Lanes


# An evaluation is due at a time that floating point may place just behind the step it belongs to.
SLACK = 1e-9


@dataclass(frozen=True)
class Budget:
    """A budget in the unit of its name, and the number of steps it pays for."""

    name: str
    amount: float
    steps: int

    @property
    def sentence(self) -> str:
        return budget_sentence(self.name, self.amount)


@dataclass(frozen=True)
class Place:
    """Where a run stands: its epoch, counted from 0, and the steps taken of it."""

    epoch: int
    position: int


@dataclass(frozen=True)
class Plan:
    """What is known of a run before it starts. All lanes of a cohort share it but for rates."""

    experiment: Experiment
    batching: Batching

    @cached_property
    def budget(self) -> Budget | None:
        """The budget of steps that ends first; None where only seconds are limited."""
        stopping = self.experiment.stopping
        budgets = []
        if stopping.epochs is not None:
            budgets.append(Budget("epochs", stopping.epochs, self._steps_in(stopping.epochs)))
        if stopping.steps is not None:
            budgets.append(Budget("steps", stopping.steps, stopping.steps))
        if stopping.gradients is not None:
            steps = self._steps_for(stopping.gradients)
            budgets.append(Budget("gradients", stopping.gradients, steps))
        return min(budgets, key=lambda budget: budget.steps, default=None)

    def _stages(self) -> Iterator[tuple[Batching, float]]:
        """The batchings that follow one another, each with its epochs; the last has no end."""
        epoch, growth = 0, self.batching.growth
        while growth is not None and self.batching.at(epoch).batch_size < self.batching.rows:
            yield self.batching.at(epoch), growth.every
            epoch += growth.every
        yield self.batching.at(epoch), math.inf

    def _steps_in(self, epochs: int) -> int:
        """The steps of so many epochs."""
        steps = 0
        for batching, most in self._stages():
            taken = int(min(epochs, most))
            steps += taken * batching.steps_per_epoch
            epochs -= taken
            if not epochs:
                break
        return steps

    def _steps_for(self, gradients: int) -> int:
        """The most steps that spend no more than so many gradients."""
        steps = 0
        for batching, most in self._stages():
            epochs = int(min(gradients // batching.gradients_per_epoch, most))
            steps += epochs * batching.steps_per_epoch
            gradients -= epochs * batching.gradients_per_epoch
            if epochs < most:
                return steps + gradients // batching.batch_size
        return steps

    def _epochs_of(self, steps: int) -> float:
        """The epochs that so many steps make."""
        epochs = 0.0
        for batching, most in self._stages():
            taken = min(steps / batching.steps_per_epoch, most)
            epochs += taken
            steps -= round(taken * batching.steps_per_epoch)
            if not steps:
                break
        return epochs

    def evaluation_time(self, index: int) -> float:
        """When evaluation `index` is due, in epochs; evaluation 0 is at the start."""
        return index * self.experiment.evaluate.every

    def epoch_time(self, place: Place) -> float:
        return place.epoch + place.position / self.steps_per_epoch(place.epoch)

    def steps_per_epoch(self, epoch: int) -> int:
        """The steps of this epoch; their number changes only where the batch grows."""
        return self.batching.at(epoch).steps_per_epoch

    def steps_to_evaluation(self, index: int, place: Place) -> int | None:
        """The steps from `place` to evaluation `index`; None where it lies in a later epoch."""
        ahead = self.evaluation_time(index) - place.epoch
        if ahead > 1 + SLACK:
            return None
        due = math.ceil(ahead * self.steps_per_epoch(place.epoch) - SLACK)
        return max(due - place.position, 0)

    def steps_ahead(self, index: int, place: Place) -> int:
        """How many steps from `place` on may be taken as one: those of this epoch.

        Full batches have no order that changes with the epoch, so theirs go up to evaluation
        `index`.
        """
        if self.batching.whole:
            return max(math.ceil(self.evaluation_time(index) - place.epoch - SLACK), 1)
        return self.steps_per_epoch(place.epoch) - place.position

    @cached_property
    def epochs(self) -> float | None:
        """The epochs that the budget pays for; None where only seconds are limited."""
        return None if self.budget is None else self._epochs_of(self.budget.steps)

    @cached_property
    def length(self) -> float | None:
        """The length of the run in the schedule's unit; None where no budget of steps tells."""
        if self.budget is not None and self.experiment.schedule["per"] == "step":
            return float(self.budget.steps)
        return self.epochs

    @property
    def schedule(self) -> Schedule:
        return SCHEDULES[self.experiment.schedule.name]

    def rates(
        self, lanes: Lanes, times: Numbers, count: int, drops: Counts
    ) -> tuple[Numbers, Numbers | None]:
        """The rates of `count` steps at these times, and their momentum where the schedule cycles
        it, both (count, lanes).

        drops (lanes,): those so far of a schedule that follows the validation loss.
        """
        section, schedule = self.experiment.schedule, self.schedule
        given: dict[str, Any] = {
            "length": self.length,
            "options": lanes.schedule_options,
            "warmup": section["warmup"],
        }
        start = section["warmup_start"]
        lr = rates(schedule, times, lanes.rates, warmup_start=start, drops=drops, **given)
        beta = betas(schedule, times, **given)
        shape = (count, len(lanes.index))
        return np.broadcast_to(lr, shape), None if beta is None else np.broadcast_to(beta, shape)

    def times(self, step: int, place: Place, count: int) -> Numbers:
        """The schedule's time at `count` steps from `place` on, after `step` earlier ones.

        Time is the epoch, counted from 0, and constant within it; or the steps before this one.
        """
        if self.experiment.schedule["per"] == "step":
            return np.arange(step, step + count, dtype=float)
        if self.batching.whole:
            return np.arange(place.epoch, place.epoch + count, dtype=float)
        return np.array([float(place.epoch)])
