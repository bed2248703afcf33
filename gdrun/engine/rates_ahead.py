"""The learning rates of the next steps, computed for many steps at once."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.engine.cohort import Lanes
from gdrun.engine.plan import Plan
from gdrun.engine.state import State

AHEAD = 256
"""The number of steps of full batches whose rates are computed at once."""


class RatesAhead:
    """The rates and the momenta of the steps of a fixed set of lanes (runs that train together).

    With full batches and frequent evaluations, a chunk has only one step. The rates of many steps
    are computed at once, because this takes as long as for one step.
    """

    def __init__(self, plan: Plan, lanes: Lanes) -> None:
        self._plan = plan
        self._lanes = lanes
        self._first = self._count = 0
        self._drops: Integers = np.empty(0, dtype=np.int64)
        self._rates: Numbers
        self._betas: Numbers | None

    def next(self, state: State, steps: int) -> tuple[Numbers, Numbers | None]:
        """The rates of the next `steps` steps, (steps, lanes), and the momenta or None.

        The momenta are None if the schedule does not change them. state: the state before these
        steps, which must be in one epoch, unless each batch has all examples in file order.
        """
        begin = state.step - self._first
        if not (0 <= begin <= self._count - steps and self._fits(state.schedule.drops)):
            begin = 0
            self._compute(state, self._ahead(state, steps))
        part = slice(begin, begin + steps)
        return self._rates[part], None if self._betas is None else self._betas[part]

    def _fits(self, drops: Integers) -> bool:
        """Whether the plateau schedule has not dropped the rate of a run since `_compute`."""
        return drops is self._drops or np.array_equal(drops, self._drops)

    def _ahead(self, state: State, steps: int) -> int:
        """The number of steps whose rates are computed now: at least `steps`."""
        if not self._plan.batching.whole:
            return steps
        budget = self._plan.budget
        left = AHEAD if budget is None else min(budget.steps - state.step, AHEAD)
        return max(steps, left)

    def _compute(self, state: State, count: int) -> None:
        self._first, self._count, self._drops = state.step, count, state.schedule.drops
        self._rates, self._betas = self._plan.rates(
            self._lanes.numbers.lr,
            self._lanes.schedule_options,
            self._plan.times(state.step, state.place, count),
            count,
            state.schedule.drops,
        )
