"""Chunks of fused steps: what the compiled steppers have in common.

A chunk is one call of a kernel for each thread. The kernel stops at the first step at which a lane
diverges. The steps before it are then taken as a chunk of their own, and that one step by the NumPy
stepper, whose careful pass finds the reason. So divergence is defined once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.compiled.units import option_order
from gdrun.engine.contract import Measures
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.problems.objective import Objective

Numbers = NDArray[np.float64]

CHUNK_WORK = 2**28
"""Products of a weight and a feature in one chunk, to read a feature or to move a weight or a slot
counted as eight of them: about a tenth of a second at most, so that a request to stop is seen soon.
At its end threads wait for the last one, so it is not much less."""

CHUNK_MEASURES = 2**18
"""Steps times lanes of one chunk, for each of which it takes down five numbers."""


@dataclass(frozen=True)
class Chunk:
    """The arrays of one chunk, which the loops write into.

    measures (5, steps, L): loss, norms of gradient, update and weights, and whether it clipped.
    before (L, P): W before the last step, where it is asked for.
    """

    W: Array
    slots: Array
    options: Numbers
    measures: Numbers
    before: Array | None = None


class FusedStepper(ABC):
    """The stepper for a fixed set of lanes; a new one is made when a lane ends."""

    def __init__(
        self,
        lanes: Lanes,
        batches: Batches,
        loss_limit: Numbers,
        objective: Objective | None = None,
    ) -> None:
        self._lanes = lanes
        self._objective = objective
        self._batches = batches
        self._batching = lanes.cohort.batching
        self._rule = lanes.cohort.rule
        self._streams = lanes.streams
        self._dtype = lanes.cohort.dtype
        self._limit = loss_limit
        self._options, self._cycled = self._option_columns(lanes)
        penalised = lanes.cohort.model.layout.penalised
        numbers = lanes.numbers
        self._decay = (numbers.l2[:, None] * penalised).astype(self._dtype)
        self._bounds = np.stack([numbers.clip_norm, numbers.clip_value], axis=1)

    @abstractmethod
    def most_steps(self, epoch: int) -> int:
        """How many steps of this epoch one chunk may hold."""

    @abstractmethod
    def _run(
        self, chunk: Chunk, W: Array, step: int, place: Place, rates: Numbers, betas: Numbers
    ) -> int:
        """Take the steps of `rates` (steps, L) from W; how many of them stayed finite in all lanes.

        betas: their momentum, without rows where it is not cycled.
        """

    def borrowed(self, W: Array) -> float:
        """Seconds that the evaluation at W spent on sums that the next step uses again; or 0."""
        del W
        return 0.0

    @cached_property
    def _careful(self) -> NumpyStepper:
        return NumpyStepper(self._lanes, self._batches, self._limit, self._objective)

    def advance(
        self,
        W: Array,
        slots: tuple[Array, ...],
        step: int,
        place: Place,
        rates: Numbers,
        betas: Numbers | None = None,
        running_stats: Array | None = None,
    ) -> Measures:
        """Take a chunk of steps, as the NumPy stepper does."""
        borrowed = self.borrowed(W)
        chunk, finite = self._run_chunk(W, slots, step, place, rates, betas)
        if finite == len(rates):
            return self._measures(chunk, borrowed)
        if finite:
            parts = (rates[:finite], None if betas is None else betas[:finite])
            return self._measures(self._run_chunk(W, slots, step, place, *parts)[0], borrowed)
        return self._careful.advance(
            W, slots, step, place, rates[:1], None if betas is None else betas[:1], running_stats
        )

    def _run_chunk(
        self,
        W: Array,
        slots: tuple[Array, ...],
        step: int,
        place: Place,
        rates: Numbers,
        betas: Numbers | None,
    ) -> tuple[Chunk, int]:
        """The chunk after the steps, and how many of its steps stayed finite in all lanes."""
        chunk = self._chunk(W, slots, len(rates))
        rates = self._as_operands(rates)
        betas = rates[:0] if betas is None or self._cycled < 0 else self._as_operands(betas)
        return chunk, self._run(chunk, W, step, place, rates, betas)

    def _chunk(self, W: Array, slots: tuple[Array, ...], steps: int) -> Chunk:
        """Copies of the state that the kernels write over, and arrays for the measures."""
        lanes, parameters = W.shape
        kept = np.stack(slots, axis=1) if slots else np.empty((lanes, 0, parameters), W.dtype)
        return Chunk(W.copy(), kept, self._options.copy(), np.empty((5, steps, lanes)))

    def _measures(self, chunk: Chunk, borrowed: float) -> Measures:
        loss, grad, update, weight, clipped = chunk.measures
        slots = tuple(np.ascontiguousarray(chunk.slots[:, k]) for k in range(chunk.slots.shape[1]))
        return Measures(
            loss, grad, update, weight, clipped > 0, chunk.W, slots, {}, before=chunk.before,
            borrowed=borrowed,
        )  # fmt: skip

    def _option_columns(self, lanes: Lanes) -> tuple[Numbers, int]:
        """The rule's options (L, n), and the place of the one that a schedule may cycle."""
        names = option_order(self._rule)
        varying = [self._as_operands(lanes.numbers.rule[name][None])[0] for name in names[1:]]
        columns = [lanes.numbers.lr, *varying]
        momentum = self._rule.momentum
        return np.stack(columns, axis=1), -1 if momentum is None else names.index(momentum)

    def _as_operands(self, numbers: Numbers) -> Numbers:
        """Numbers (steps, L) as the NumPy engine uses them: in the dtype where lanes differ.

        They are in C order, as a kernel reads them.
        """
        if self._dtype == np.float32 and not (numbers == numbers[:, :1]).all():
            numbers = numbers.astype(np.float32).astype(np.float64)
        return np.require(numbers, requirements=["C", "W"])
