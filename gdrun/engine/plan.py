"""The plan of a cohort: when it evaluates, when its budgets end, and which rates its steps use.

Everything here follows from the budgets, the schedule and the batching alone, so any step can be
planned without the steps before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Counts, Numbers
from gdrun.methods.sampling import Batching
from gdrun.methods.schedules import Schedule, WarmupStart, betas, rates
from gdrun.methods.stopping import budget_sentence

# In floating point the time of an evaluation may be a little later than the step it belongs to.
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
    """How far a run is: its epoch, counted from 0, and the steps of this epoch taken so far."""

    epoch: int
    position: int


@dataclass(frozen=True)
class SchedulePlan:
    """A schedule with what all lanes share of it.

    options: those of its own form that lanes cannot differ in. per_step: whether time is counted in
    steps, not epochs; warmup is in the same unit.
    """

    form: Schedule
    options: Mapping[str, Any]
    per_step: bool = False
    warmup: float = 0.0
    warmup_start: WarmupStart = "zero"


@dataclass(frozen=True)
class Plan:
    """What is known of a run before it starts. Lanes of a cohort share everything but the rates.

    limits: the budgets that are given, by name: epochs, steps, gradients or seconds. every: epochs
    from one evaluation to the next.
    """

    batching: Batching
    limits: Mapping[str, float]
    every: float
    schedule: SchedulePlan

    @cached_property
    def budget(self) -> Budget | None:
        """The budget of steps that ends first; None where only seconds are limited."""
        counts: dict[str, Callable[[float], int]] = {
            "epochs": lambda epochs: self._steps_in(int(epochs)),
            "steps": int,
            "gradients": lambda gradients: self._steps_for(int(gradients)),
        }
        budgets = [
            Budget(name, self.limits[name], steps_of(self.limits[name]))
            for name, steps_of in counts.items()
            if name in self.limits
        ]
        return min(budgets, key=lambda budget: budget.steps, default=None)

    def _stages(self) -> Iterator[tuple[Batching, float]]:
        """Each batching, in order, with the number of its epochs; infinity for the last."""
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
        return index * self.every

    def epoch_time(self, place: Place) -> float:
        return place.epoch + place.position / self.steps_per_epoch(place.epoch)

    def steps_per_epoch(self, epoch: int) -> int:
        """The steps of this epoch; their number changes only where the batch grows."""
        return self.batching.at(epoch).steps_per_epoch

    def steps_to_evaluation(self, index: int, place: Place) -> int | None:
        """The steps from `place` to evaluation `index`; None where that is in a later epoch."""
        ahead = self.evaluation_time(index) - place.epoch
        if ahead > 1 + SLACK:
            return None
        due = math.ceil(ahead * self.steps_per_epoch(place.epoch) - SLACK)
        return max(due - place.position, 0)

    def steps_ahead(self, index: int, place: Place) -> int:
        """How many steps from `place` on one chunk may hold: the rest of this epoch.

        Full batches need no new order in a new epoch, so their chunks may extend to evaluation
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
        """The length of the run in the schedule's unit; None where only seconds are limited."""
        if self.budget is not None and self.schedule.per_step:
            return float(self.budget.steps)
        return self.epochs

    def rates(
        self,
        start: Numbers,
        options: Mapping[str, Any],
        times: Numbers,
        count: int,
        drops: Counts,
    ) -> tuple[Numbers, Numbers | None]:
        """The rates of `count` steps at these times, and their momentum where the schedule cycles
        it, both (count, lanes).

        start (lanes,): the rates that the schedule starts from. options: the schedule's own, shared
        or (lanes,). drops (lanes,): how often the plateau schedule has dropped the rate.
        """
        schedule = self.schedule
        given: dict[str, Any] = {
            "length": self.length,
            "options": options,
            "warmup": schedule.warmup,
        }
        lr = rates(
            schedule.form,
            times,
            start,
            warmup_start=schedule.warmup_start,
            drops=drops,
            **given,
        )
        beta = betas(schedule.form, times, **given)
        shape = (count, len(start))
        return np.broadcast_to(lr, shape), None if beta is None else np.broadcast_to(beta, shape)

    def times(self, step: int, place: Place, count: int) -> Numbers:
        """The schedule's time at `count` steps from `place` on, after `step` earlier ones.

        Time is the epoch, counted from 0, and constant within it; or the steps before this one.
        """
        if self.schedule.per_step:
            return np.arange(step, step + count, dtype=float)
        if self.batching.whole:
            return np.arange(place.epoch, place.epoch + count, dtype=float)
        return np.array([float(place.epoch)])
