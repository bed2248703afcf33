"""The compiled stepper: the NumPy stepper's interface, and its numbers to rounding.

A chunk is one call of a fused loop for each thread. The loop stops at the first step whose numbers
are not sound; the steps before it are then taken as a chunk of their own, and that one step by the
NumPy stepper, whose careful pass finds out what is wrong and says so. So what divergence means is
defined once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdrun.engine.batches import Batches
from gdrun.engine.compiled.kernels import option_order
from gdrun.engine.compiled.problem import MAPPED_ENTRIES, CompiledProblem
from gdrun.engine.compiled.threads import one_blas_thread, run_all, shares, thread_count
from gdrun.engine.plan import Place
from gdrun.engine.steppers import Measures, NumpyStepper
from gdrun.problems.objective import Array

if TYPE_CHECKING:
    from gdrun.engine.cohort import Lanes

Numbers = NDArray[np.float64]

CHUNK_WORK = 2**25
"""Products of a weight and a feature in one chunk: some milliseconds, so that a request to stop is
seen soon."""

SHARED_WORK = 2**17
"""Such products for which waking another thread pays."""


@dataclass(frozen=True)
class _Chunk:
    """The arrays of one chunk, which the loops write into.

    measures (5, steps, L): loss, norms of gradient, update and weights, and whether it clipped.
    """

    W: Array
    slots: Array
    options: Numbers
    measures: Numbers


class CompiledStepper:
    """The stepper for a fixed set of lanes; made anew when a lane leaves."""

    def __init__(
        self, lanes: Lanes, batches: Batches, loss_limit: Numbers, problem: CompiledProblem
    ) -> None:
        self._lanes = lanes
        self._batches = batches
        self._batching = lanes.cohort.batching
        self._rule = lanes.cohort.rule
        self._problem = problem
        self._streams = lanes.streams
        self._dtype = lanes.cohort.dtype
        self._limit = loss_limit
        self._options, self._cycled = self._option_columns(lanes)
        penalised = lanes.cohort.model.layout.penalised
        l2 = lanes.column(lambda experiment: experiment.model["l2"])
        self._decay = (l2[:, None] * penalised).astype(self._dtype)
        self._bounds = np.stack(
            [
                lanes.column(lambda experiment: _or_infinite(experiment.clip.norm)),
                lanes.column(lambda experiment: _or_infinite(experiment.clip.value)),
            ],
            axis=1,
        )

    @cached_property
    def _careful(self) -> NumpyStepper:
        return NumpyStepper(self._lanes, self._batches, self._limit)

    def compile(self, *, passes: bool) -> None:
        """Have the loops compiled that the steps will need, or those of passes over all rows."""
        lanes, parameters = self._decay.shape
        W = np.zeros((lanes, parameters), self._dtype)
        slots = (W,) * len(self._rule.slots)
        if self._batching.whole and passes:
            nothing = np.zeros((1, lanes))
            chunk = self._chunk(W, slots, 1)
            self._run_whole(chunk, W, 0, nothing, nothing[:0])
        else:
            self._run_chunk(W, slots, 0, Place(0, 0), np.zeros((0, lanes)), None)

    def most_steps(self, epoch: int) -> int:
        """How many steps of this epoch one chunk may hold."""
        rows = len(self._problem.X) if self._batching.whole else self._batching.at(epoch).batch_size
        most = CHUNK_WORK // (rows * self._decay.size + 64)
        if self._problem.mapped:
            entries = len(self._streams) * rows * self._problem.columns
            most = min(most, MAPPED_ENTRIES // entries)
        return max(most, 1)

    def advance(
        self,
        W: Array,
        slots: tuple[Array, ...],
        step: int,
        place: Place,
        rates: Numbers,
        betas: Numbers | None = None,
        memory: Array | None = None,
    ) -> Measures:
        """Take a chunk of steps, as the NumPy stepper does."""
        chunk, sound = self._run_chunk(W, slots, step, place, rates, betas)
        if sound == len(rates):
            return self._measures(chunk)
        if sound:
            parts = (rates[:sound], None if betas is None else betas[:sound])
            return self._measures(self._run_chunk(W, slots, step, place, *parts)[0])
        return self._careful.advance(
            W, slots, step, place, rates[:1], None if betas is None else betas[:1], memory
        )

    def _run_chunk(
        self,
        W: Array,
        slots: tuple[Array, ...],
        step: int,
        place: Place,
        rates: Numbers,
        betas: Numbers | None,
    ) -> tuple[_Chunk, int]:
        """The chunk after the steps, and how many of them all lanes took soundly."""
        lanes, chunk = len(W), self._chunk(W, slots, len(rates))
        rates = self._as_operands(rates)
        betas = rates[:0] if betas is None or self._cycled < 0 else self._as_operands(betas)
        if self._batching.whole and not self._problem.small:
            return chunk, self._run_whole(chunk, W, step, rates, betas)
        seeds = [seed for seed, _ in self._streams]
        size = self._batching.at(place.epoch).batch_size
        if self._batching.whole:
            orders = [self._problem.identity] * len(seeds)
            size = len(self._problem.identity)
        else:
            orders = list(self._batches.chosen(seeds, place, len(rates)))
        tasks = [
            partial(self._run_lanes, chunk, *data, size, step, rates, betas, first, last)
            for order, (_, lanes_of) in zip(orders, self._streams, strict=True)
            for data in [self._data(order)]
            for first, last in self._lane_shares(lanes_of, len(order))
        ]
        if self._problem.by_products(lanes):
            with one_blas_thread():
                return chunk, min(run_all(tasks))
        return chunk, min(run_all(tasks))

    def _chunk(self, W: Array, slots: tuple[Array, ...], steps: int) -> _Chunk:
        """Copies of the state that the loops may write into, and room for the measures."""
        lanes, parameters = W.shape
        kept = np.stack(slots, axis=1) if slots else np.empty((lanes, 0, parameters), W.dtype)
        return _Chunk(W.copy(), kept, self._options.copy(), np.empty((5, steps, lanes)))

    def _run_lanes(
        self,
        chunk: _Chunk,
        X: Array,
        y: NDArray[Any],
        order: NDArray[np.int64],
        size: int,
        step: int,
        rates: Numbers,
        betas: Numbers,
        first: int,
        last: int,
    ) -> int:
        """Take the steps of some lanes of one stream; how many were sound."""
        problem = self._problem
        kernels, size_of_mean = (
            problem.kernels,
            float(problem.count) if self._batching.whole else 0.0,
        )
        shape = (size, size_of_mean, problem.outputs, problem.room(last - first, size))
        state = (
            chunk.W,
            chunk.slots,
            float(step),
            chunk.options,
            rates,
            betas,
            self._cycled if len(betas) else -1,
            self._decay,
        )
        ending = (self._limit, problem.extra, chunk.measures, first, last)
        if size == 1 and problem.outputs == 1 and np.isinf(self._bounds).all():
            sound = kernels.advance_examples(X, y, order, *state, *ending)
        elif problem.by_products(len(chunk.W)):
            sound = kernels.advance_products(X, y, order, *shape, *state, self._bounds, *ending)
        else:
            sound = kernels.advance_rows(X, y, order, *shape, *state, self._bounds, *ending)
        return int(sound)

    def _data(self, order: NDArray[np.int64]) -> tuple[Array, NDArray[Any], NDArray[np.int64]]:
        """X, y, and the rows of them to use in turn; of data on disk, the rows in `order` alone."""
        X, y = self._problem.X, self._problem.y
        if not self._problem.mapped:
            return X, y, order
        return X.take(order), y[order], np.arange(len(order))

    def _run_whole(self, chunk: _Chunk, W: Array, step: int, rates: Numbers, betas: Numbers) -> int:
        """Steps on all of a large part of data; each is one pass, shared by all threads."""
        problem = self._problem
        cycled = self._cycled if len(betas) else -1
        for k in range(len(rates)):
            sums = problem.sums(chunk.W if k else W, lasting=not k)
            G = sums.gradients.copy()
            sound = problem.kernels.finish_steps(
                sums.values, 1 / problem.count, G, chunk.W, chunk.slots, float(step + k + 1),
                chunk.options, rates, betas, cycled, self._decay, self._bounds, self._limit,
                chunk.measures, k, 0,
            )  # fmt: skip
            if not sound:
                return k
        return len(rates)

    def _lane_shares(self, lanes: slice, rows: int) -> list[tuple[int, int]]:
        """The lanes of a stream, cut into runs for the threads where there is work for them."""
        length = lanes.stop - lanes.start
        work = rows * self._decay.size
        wanted = -(-thread_count() // len(self._streams)) if work > SHARED_WORK else 1
        return [(lanes.start + a, lanes.start + b) for a, b in shares(length, wanted)]

    def _measures(self, chunk: _Chunk) -> Measures:
        loss, grad, update, weight, clipped = chunk.measures
        slots = tuple(np.ascontiguousarray(chunk.slots[:, k]) for k in range(chunk.slots.shape[1]))
        return Measures(loss, grad, update, weight, clipped > 0, chunk.W, slots, {})

    def _option_columns(self, lanes: Lanes) -> tuple[Numbers, int]:
        """The rule's options (L, n), and the place of the one that a schedule may cycle."""
        names = option_order(self._rule)
        columns = [np.asarray(lanes.rates)]
        for name in names[1:]:
            values = lanes.column(lambda experiment, key=name: experiment.optimizer[key])  # type: ignore[misc]
            columns.append(self._as_operands(values[None])[0])
        momentum = self._rule.momentum
        return np.stack(columns, axis=1), -1 if momentum is None else names.index(momentum)

    def _as_operands(self, numbers: Numbers) -> Numbers:
        """Numbers (steps, L) as the NumPy engine uses them: in the dtype where lanes differ."""
        if self._dtype == np.float32 and not (numbers == numbers[:, :1]).all():
            return numbers.astype(np.float32).astype(np.float64)
        return np.ascontiguousarray(numbers)


def _or_infinite(bound: float | None) -> float:
    return np.inf if bound is None else bound
