"""Steps that another thread takes while the weights before them are evaluated.

An evaluation changes neither the weights nor, in most runs, the next learning rates. So the steps
after it can be computed at the same time, on another core. They are used only if the evaluation
ends no run and changes no rate. The result is the same, bit for bit, as without this.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, replace

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.engine.contract import Measures, Stepper
from gdrun.engine.state import State
from gdrun.threads import pool, thread_count


@dataclass(frozen=True)
class Taken:
    """A chunk of steps (several consecutive steps) that was taken.

    seconds: the time that it took. beside: how much of this time an evaluation took at once.
    """

    measures: Measures
    seconds: float
    beside: float = 0.0


@dataclass(frozen=True)
class _Begun:
    """A chunk of steps that was begun: its stepper, the weights before it, its rates, and when."""

    stepper: Stepper
    W: Array
    rates: Numbers
    betas: Numbers | None
    done: Future[Taken]
    time: float


class StepsAhead:
    """At most one chunk (several consecutive steps), which another thread takes in advance."""

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    def begin(self, stepper: Stepper, state: State, rates: Numbers, betas: Numbers | None) -> None:
        """Begin to take the next chunk, if the stepper leaves a core for the evaluation.

        state: the state before the chunk. rates, betas (steps, lanes): see Stepper.advance.
        """
        if thread_count() > 1 and stepper.on_one_core(state.place.epoch):
            run = copy_context().run  # with the caller's np.errstate
            done = pool("ahead").submit(run, _timed, stepper, state, rates, betas)
            self._begun = _Begun(stepper, state.W, rates, betas, done, time.perf_counter())

    def take(self, stepper: Stepper, state: State, rates: Numbers, betas: Numbers | None) -> Taken:
        """Take a chunk now, unless exactly this chunk was begun.

        The parameters are those of `begin`.
        """
        begun, self._begun = self._begun, None
        if begun is None:
            return _timed(stepper, state, rates, betas)
        same = begun.stepper is stepper and begun.W is state.W
        if same and np.array_equal(begun.rates, rates) and _alike(begun.betas, betas):
            evaluation = time.perf_counter() - begun.time
            taken = begun.done.result()
            return replace(taken, beside=min(taken.seconds, evaluation))
        begun.done.exception()  # wait, so that both cores are free
        return _timed(stepper, state, rates, betas)

    def drop(self) -> None:
        """Wait for the chunk that was begun, and drop it."""
        if self._begun is not None:
            self._begun.done.exception()
            self._begun = None


def _timed(stepper: Stepper, state: State, rates: Numbers, betas: Numbers | None) -> Taken:
    begin = time.perf_counter()
    measures = stepper.advance(
        state.W, state.slots, state.step, state.place, rates, betas, state.running_stats
    )
    return Taken(measures, time.perf_counter() - begin)


def _alike(one: Numbers | None, other: Numbers | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
