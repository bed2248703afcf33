"""The compiled stepper of the linear models: the NumPy stepper's numbers to rounding."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, CHUNK_WORK, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.problem import MAPPED_ENTRIES, CompiledProblem
from gdrun.engine.plan import Place
from gdrun.engine.threads import run_all, shares, thread_count
from gdrun.problems.objective import Objective

EXAMINED = 64
"""Steps of one example whose losses are worked out together."""

SHARED_WORK = 2**17
"""Products of a weight and a feature for which waking another thread pays."""


class CompiledStepper(FusedStepper):
    """Steps of a linear model on the rows of a problem."""

    def __init__(
        self,
        lanes: Lanes,
        batches: Batches,
        loss_limit: Numbers,
        problem: CompiledProblem,
        objective: Objective | None = None,
    ) -> None:
        super().__init__(lanes, batches, loss_limit, objective)
        self._problem = problem

    def compile(self, *, passes: bool) -> None:
        """Have the loops compiled that the steps will need: of batches, or passes over all rows."""
        lanes, parameters = self._decay.shape
        W = np.zeros((lanes, parameters), self._dtype)
        slots = (W,) * len(self._rule.slots)
        if passes:
            nothing = np.zeros((1, lanes))
            chunk = self._chunk(W, slots, 1)
            self._run_whole(chunk, W, 0, nothing, nothing[:0])
        else:
            self._run_chunk(W, slots, 0, Place(0, 0), np.zeros((0, lanes)), None)

    def most_steps(self, epoch: int) -> int:
        """How many steps of this epoch one chunk may hold."""
        rows = len(self._problem.X) if self._batching.whole else self._batching.at(epoch).batch_size
        moved = self._decay.size * (1 + len(self._rule.slots))
        work = rows * (self._decay.size + 8 * self._problem.columns) + 8 * moved
        most = min(CHUNK_WORK // (work + 64), CHUNK_MEASURES // len(self._decay))
        if self._problem.mapped:
            entries = len(self._streams) * rows * self._problem.columns
            most = min(most, MAPPED_ENTRIES // entries)
        return max(most, 1)

    def borrowed(self, W: Array) -> float:
        passes = self._batching.whole and not self._problem.small
        return self._problem.seconds_at(W) if passes else 0.0

    def _run(
        self, chunk: Chunk, W: Array, step: int, place: Place, rates: Numbers, betas: Numbers
    ) -> int:
        if self._batching.whole and not self._problem.small:
            return self._run_whole(chunk, W, step, rates, betas)
        seeds = [seed for seed, _ in self._streams]
        size = self._batching.at(place.epoch).batch_size
        if self._batching.whole:
            orders = [self._problem.identity] * len(seeds)
            size = len(self._problem.identity)
        else:
            orders = list(self._batches.chosen(seeds, place, len(rates)))
        tasks = [
            partial(self._run_lanes, chunk, *data, size, step, rates, betas, lanes)
            for order, (_, lanes_of) in zip(orders, self._streams, strict=True)
            for data in [self._data(order)]
            for lanes in self._lane_shares(lanes_of, len(order))
        ]
        return min(run_all(tasks))

    def _run_lanes(
        self,
        chunk: Chunk,
        X: Array,
        y: NDArray[Any],
        order: NDArray[np.int64],
        size: int,
        step: int,
        rates: Numbers,
        betas: Numbers,
        lanes: tuple[int, int],
    ) -> int:
        """Take the steps of some lanes of one stream; how many were sound."""
        problem = self._problem
        kernels, size_of_mean = (
            problem.kernels,
            float(problem.count) if self._batching.whole else 0.0,
        )
        count = lanes[1] - lanes[0]
        shape = (
            size,
            size_of_mean,
            problem.outputs,
            problem.room(count, size),
            problem.totals(count),
        )
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
        ending = (self._limit, problem.extra, chunk.measures, *lanes)
        if size == 1 and problem.outputs == 1 and np.isinf(self._bounds).all():
            targets = np.empty(EXAMINED, y.dtype)
            sound = kernels.advance_examples(X, y, order, *state, targets, *ending)
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

    def _run_whole(self, chunk: Chunk, W: Array, step: int, rates: Numbers, betas: Numbers) -> int:
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
