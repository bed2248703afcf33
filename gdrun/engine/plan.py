"""The plan of training: when evaluations are due, when budgets end, and the rate of each step.

The plan depends only on the budgets, the schedule and the batching, so that any step can be planned
without computing the steps before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.methods.sampling import Batching
from gdrun.methods.schedules import Schedule, WarmupStart, betas, rates
from gdrun.methods.stopping import budget_sentence

SLACK = 1e-9
"""A tolerance for rounding, in epochs: the computed time of an evaluation may be slightly after the
step at which it is due.
"""


@dataclass(frozen=True)
class Budget:
    """A budget of a run.

    name: the unit of the budget, such as epochs. amount: the budget in this unit. steps: the number
    of steps that the budget allows.
    """

    name: str
    amount: float
    steps: int

    @property
    def sentence(self) -> str:
        """The reason for the end of a run that used up this budget, as text."""
        return budget_sentence(self.name, self.amount)


@dataclass(frozen=True)
class Place:
    """A position in training: the epoch, from 0, and the number of steps taken in this epoch."""

    epoch: int
    position: int


@dataclass(frozen=True)
class SchedulePlan:
    """A schedule of the learning rate, with the options that all runs that train together share.

    form: the schedule, with its equation. options: the options in which these runs cannot differ,
    by name. per_step: whether the schedule counts time in steps instead of epochs. warmup: the
    length n of the warm-up, in the same unit. warmup_start: the first rate of the warm-up: 0 for
    "zero"; for "one" the rate after the warm-up divided by n.
    """

    form: Schedule
    options: Mapping[str, Any]
    per_step: bool = False
    warmup: float = 0.0
    warmup_start: WarmupStart = "zero"


@dataclass(frozen=True)
class Plan:
    """The plan of runs that train together: their batches, budgets, evaluations and schedule.

    limits: the given budgets, by unit: epochs, steps, gradients or seconds. every: the number of
    epochs from one evaluation to the next.
    """

    batching: Batching
    limits: Mapping[str, float]
    every: float
    schedule: SchedulePlan

    @cached_property
    def budget(self) -> Budget | None:
        """The budget that allows the fewest steps; None if the only budget is in seconds."""
        counts: dict[str, Callable[[float], int]] = {
            "epochs": lambda epochs: self.steps_in(int(epochs)),
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
        """The successive batchings of a run whose batches grow, or the only batching.

        Each is paired with the number of epochs for which it is used; ∞ for the last one.
        """
        epoch, growth = 0, self.batching.growth
        while growth is not None and self.batching.at(epoch).batch_size < self.batching.rows:
            yield self.batching.at(epoch), growth.every
            epoch += growth.every
        yield self.batching.at(epoch), math.inf

    def steps_in(self, epochs: int) -> int:
        """The number of steps in the first `epochs` epochs."""
        steps = 0
        for batching, most in self._stages():
            taken = int(min(epochs, most))
            steps += taken * batching.steps_per_epoch
            epochs -= taken
            if not epochs:
                break
        return steps

    def _steps_for(self, gradients: int) -> int:
        """The largest number of steps that use at most `gradients` gradients."""
        steps = 0
        for batching, most in self._stages():
            epochs = int(min(gradients // batching.gradients_per_epoch, most))
            steps += epochs * batching.steps_per_epoch
            gradients -= epochs * batching.gradients_per_epoch
            if epochs < most:
                return steps + gradients // batching.batch_size
        return steps

    def epochs_of(self, steps: int) -> float:
        """The number of epochs that `steps` steps take, with a fraction."""
        epochs = 0.0
        for batching, most in self._stages():
            taken = min(steps / batching.steps_per_epoch, most)
            epochs += taken
            steps -= round(taken * batching.steps_per_epoch)
            if not steps:
                break
        return epochs

    @cached_property
    def _between(self) -> float:
        """The epochs from one evaluation to the next, at least the epochs of one step."""
        return max(self.every, 1 / self.steps_per_epoch(0))

    def evaluation_time(self, index: int) -> float:
        """The time of evaluation `index`, in epochs; evaluation 0 is before the first step.

        There is at most one evaluation a step, however small `every` is.
        """
        return index * self._between

    def evaluation_after(self, time: float) -> int:
        """The index of the first evaluation after this time, in epochs."""
        # Without the SLACK a rounding error could repeat the evaluation at this time.
        return int(time / self._between + SLACK) + 1

    def epoch_time(self, place: Place) -> float:
        """The time of a position in training, in epochs with a fraction."""
        return place.epoch + place.position / self.steps_per_epoch(place.epoch)

    def steps_per_epoch(self, epoch: int) -> int:
        """The number of steps of this epoch; it is constant unless batches grow."""
        return self.batching.at(epoch).steps_per_epoch

    def steps_in_chunk(self, index: int, place: Place, step: int) -> int:
        """The most steps of the next chunk (several consecutive steps); 0 at evaluation `index`.

        The chunk ends at this evaluation, at the end of the budget, or at the end of the epoch. It
        may contain several epochs of full batches, which need no new order in a new epoch. place:
        the epoch, and the number of earlier steps in this epoch. step: the number of all earlier
        steps.
        """
        ahead = self.evaluation_time(index) - place.epoch
        per_epoch = self.steps_per_epoch(place.epoch)
        steps = per_epoch - place.position
        if self.batching.whole:
            steps = max(math.ceil(ahead - SLACK), 1)
        if ahead <= 1 + SLACK:  # else the evaluation is due in a later epoch
            steps = min(steps, max(math.ceil(ahead * per_epoch - SLACK) - place.position, 0))
        return steps if self.budget is None else min(steps, self.budget.steps - step)

    @cached_property
    def epochs(self) -> float | None:
        """The number of epochs that the budget allows; None with a budget in seconds only."""
        return None if self.budget is None else self.epochs_of(self.budget.steps)

    @cached_property
    def length(self) -> float | None:
        """The length T of the run, in the schedule's unit (epochs or steps).

        None with a budget in seconds only.
        """
        if self.budget is not None and self.schedule.per_step:
            return float(self.budget.steps)
        return self.epochs

    def rates(
        self,
        start: Numbers,
        options: Mapping[str, Any],
        times: Numbers,
        count: int,
        drops: Integers,
    ) -> tuple[Numbers, Numbers | None]:
        """The learning rates and the momenta of `count` steps, (count, lanes) each.

        The momenta are None unless the schedule changes them, as one_cycle does. start (lanes,):
        the initial rates. options: the options of the schedule by name; each is one value for all
        lanes, or (lanes,). times: the result of the method `times`. drops (lanes,): how often the
        plateau schedule has dropped the rate.
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
        """The time that the schedule uses at each of `count` consecutive steps, (count,).

        The time is the epoch, from 0; for a schedule per step it is the number of earlier steps. If
        all steps have the same epoch, only one number (1,) is returned. step: the number of earlier
        steps. place: the epoch, and the number of earlier steps in this epoch.
        """
        if self.schedule.per_step:
            return np.arange(step, step + count, dtype=float)
        if self.batching.whole:
            return np.arange(place.epoch, place.epoch + count, dtype=float)
        return np.array([float(place.epoch)])
