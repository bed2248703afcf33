"""The base class of the compiled steppers, which take a chunk of steps in one kernel call.

A chunk is several consecutive steps, for which each thread calls the kernel once. The kernel stops
at the first step at which a lane (a run) diverges. Then the chunk is computed again, with only the
steps before the diverged step. The next step, which diverges, is taken by the NumPy stepper, which
also finds the reason. So only the NumPy stepper decides what divergence is.
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
"""The largest work of one chunk, counted in products of a weight and a feature.

Reading a feature counts as eight products, and so does updating a weight or a slot. A chunk with
this work takes about 0.1 s, so that an interruption is soon noticed. The limit is not much smaller,
because at the end of a chunk all threads wait for the slowest thread.
"""

CHUNK_MEASURES = 2**18
"""The largest number of steps × lanes in one chunk, which stores five numbers for each."""


@dataclass(frozen=True)
class Chunk:
    """The arrays of a chunk of steps for L lanes (runs) with P weights; a kernel writes to them.

    W (L, P): the weights. slots (L, K, P): the K slots, which are the state of the rule. options
    (L, n): the values of n options of the rule. measures (5, steps, L): the loss, the norms of the
    gradient, the update and the weights, and whether the gradient was clipped. before (L, P): W
    before the last step; None if the kernel does not store it.
    """

    W: Array
    slots: Array
    options: Numbers
    measures: Numbers
    before: Array | None = None


class FusedStepper(ABC):
    """Takes steps in C for a fixed set of lanes (runs). When a lane ends, a new stepper is made."""

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
        """Return the largest number of steps of this epoch that one call of `advance` may take."""

    def on_one_core(self, epoch: int) -> bool:
        """Return whether a long chunk of this epoch runs on one core, without Python."""
        del epoch
        return False

    @abstractmethod
    def _run(
        self, chunk: Chunk, W: Array, step: int, place: Place, rates: Numbers, betas: Numbers
    ) -> int:
        """Take the steps of a chunk with L lanes: one step for each row of `rates` (steps, L).

        chunk: the arrays to change. W: the weights before the chunk. step: the number of earlier
        steps. place: the epoch, and the number of earlier steps in this epoch. betas (steps, L):
        the momentum of each step; (0, L) if the schedule does not set it. Returns the number of
        steps before the first one at which a lane diverged.
        """

    def borrowed(self, W: Array) -> float:
        """Return the seconds that an evaluation at W spent on sums that the next step uses again.

        Returns 0 if the step uses no such sums.
        """
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
        """Take a chunk, which is several consecutive steps of one epoch, and measure each step.

        W, slots, running_stats: the weights and the states before the chunk. step: the number of
        earlier steps. place: the epoch, and the number of earlier steps in this epoch. rates, betas
        (steps, lanes): the learning rates and the momenta. More is said in `Stepper.advance` of
        gdrun.engine.contract.
        """
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
        """Take the steps; return the chunk, and the number of steps before a lane diverged."""
        chunk = self._chunk(W, slots, len(rates))
        rates = self._as_operands(rates)
        betas = rates[:0] if betas is None or self._cycled < 0 else self._as_operands(betas)
        return chunk, self._run(chunk, W, step, place, rates, betas)

    def _chunk(self, W: Array, slots: tuple[Array, ...], steps: int) -> Chunk:
        """Return the arrays of a chunk for the kernel to overwrite.

        They are copies of W, of the slots and of the options, and an array for the measures.
        """
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
        """Return the rule's option values, (lanes, options), and the momentum's column or −1."""
        names = option_order(self._rule)
        varying = [self._as_operands(lanes.numbers.rule[name][None])[0] for name in names[1:]]
        columns = [lanes.numbers.lr, *varying]
        momentum = self._rule.momentum
        return np.stack(columns, axis=1), -1 if momentum is None else names.index(momentum)

    def _as_operands(self, numbers: Numbers) -> Numbers:
        """Return `numbers` (steps, lanes), rounded as the NumPy engine rounds them, in C order.

        If the lanes differ, the NumPy engine uses an array in the dtype of the run; otherwise it
        uses Python floats.
        """
        if self._dtype == np.float32 and not (numbers == numbers[:, :1]).all():
            numbers = numbers.astype(np.float32).astype(np.float64)
        return np.require(numbers, requirements=["C", "W"])
