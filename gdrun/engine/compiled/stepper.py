"""The compiled stepper of linear models, with the results of the NumPy stepper up to rounding."""

from __future__ import annotations

from functools import partial

from gdrun.array_types import Array, Integers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.compiled.arguments import Examples, Steps
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, CHUNK_WORK, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.problem import MAPPED_ENTRIES, CompiledProblem
from gdrun.engine.plan import Place
from gdrun.problems.objective import Objective
from gdrun.threads import run_all, shares, thread_count

SHARED_WORK = 2**17
"""If a chunk needs more products of a weight and a feature, several threads are faster."""


STATE_BYTES = 2**19
"""The most bytes of weights, gradients and slots (the state of the rule) for one kernel call.

Arrays of this size stay in the L2 cache of a core from step to step.
"""


class CompiledStepper(FusedStepper):
    """Takes steps of a linear model on one part of the data, for a fixed set of lanes (runs)."""

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

    def most_steps(self, epoch: int) -> int:
        """Return the largest number of steps of this epoch that one call of `advance` may take."""
        rows = len(self._problem.X) if self._batching.whole else self._batching.at(epoch).batch_size
        moved = self._decay.size * (1 + len(self._rule.slots))
        work = rows * (self._decay.size + 8 * self._problem.columns) + 8 * moved
        most = min(CHUNK_WORK // (work + 64), CHUNK_MEASURES // len(self._decay))
        if self._problem.mapped:
            entries = len(self._streams) * rows * self._problem.columns
            most = min(most, MAPPED_ENTRIES // entries)
        return max(most, 1)

    def on_one_core(self, epoch: int) -> bool:
        """Return whether a long chunk of this epoch runs on one core, without Python."""
        if self._batching.at(epoch).whole or self._problem.small or len(self._streams) > 1:
            return False
        rows = self._batching.at(epoch).batch_size * self.most_steps(epoch)
        ((_, lanes),) = self._streams
        return len(self._lane_shares(lanes, rows)) == 1

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
        orders: list[Integers | None] = [None] * len(seeds)
        if not self._batching.whole:
            orders = list(self._batches.chosen(seeds, place, len(rates)))
        steps = self._steps(chunk, step, rates, betas)
        tasks = [
            partial(self._run_lanes, data, steps, size, lanes)
            for order, (_, lanes_of) in zip(orders, self._streams, strict=True)
            for data in [self._data(order, size)]
            for lanes in self._lane_shares(lanes_of, data.places)
        ]
        return min(run_all(tasks))

    def _steps(self, chunk: Chunk, step: int, rates: Numbers, betas: Numbers) -> Steps:
        """Return the arrays of a chunk as the argument of a kernel.

        step: the number of steps before the chunk. rates, betas (steps, lanes): the learning rate
        and the momentum of each step; betas (0, lanes) if the schedule does not set the momentum.
        """
        return Steps(
            chunk.W, chunk.slots, chunk.options, self._decay, self._bounds, self._limit, rates,
            betas if len(betas) else None, chunk.measures, before=step, cycled=self._cycled,
        )  # fmt: skip

    def _run_lanes(self, data: Examples, steps: Steps, size: int, lanes: tuple[int, int]) -> int:
        """Take the steps of a range of lanes that use the same rows (one index stream).

        size: the number of rows of a step. lanes: the first lane, and the one after the last.
        Returns the number of steps before the first one at which a lane diverges.
        """
        problem = self._problem
        if self._by_example(size):
            return problem.kernels.advance_examples(data, steps, lanes)
        if self._batching.whole:
            size = data.places
        count = float(problem.count) if self._batching.whole else 0.0
        return problem.kernels.advance_rows(data, steps, size, count, lanes)

    def _by_example(self, size: int) -> bool:
        """Return whether the kernel for steps on single examples can be used.

        It requires batches of one row (`size`), a model with one score, and no clipping.
        """
        problem = self._problem
        return size == 1 and problem.outputs == 1 and not problem.kernels.form.clips

    def _data(self, order: Integers | None, size: int) -> Examples:
        """Return the rows that the steps use, as the argument of a kernel.

        order: the row indices, in the order of use; None means all rows. size: the number of rows
        of a step. If the data are on disk, only these rows are read.
        """
        problem = self._problem
        X, y = problem.X, problem.y
        if problem.mapped:
            assert order is not None
            X, y, order = X.take(order), y[order], None
        return problem.examples(X, y, order, None if self._batching.whole else size)

    def _run_whole(self, chunk: Chunk, W: Array, step: int, rates: Numbers, betas: Numbers) -> int:
        """Take full-batch steps on large data: each step is one pass over the data by all threads.

        Returns the number of steps before the first one at which a lane diverges. The parameters
        are those of `_run`.
        """
        problem = self._problem
        steps = self._steps(chunk, step, rates, betas)
        for k in range(len(rates)):
            sums = problem.sums(chunk.W if k else W, lasting=not k)
            G = sums.gradients.copy()
            finite = problem.kernels.finish_pass(steps, k, sums.values, 1 / problem.count, G)
            if not finite:
                return k
        return len(rates)

    def _lane_shares(self, lanes: slice, rows: int) -> list[tuple[int, int]]:
        """Return ranges of the lanes of one index stream: the lanes that are computed together.

        There is one range for each thread with enough work, and more ranges if the lanes would not
        fit the cache. rows: the number of rows that the steps of a chunk use. A range is the first
        lane, and the one after the last.
        """
        length = lanes.stop - lanes.start
        work = rows * self._decay.size
        wanted = -(-thread_count() // len(self._streams)) if work > SHARED_WORK else 1
        # The weights, their decay, gradient and slots, which each step uses again.
        arrays = 3 + len(self._rule.slots)
        state: int = length * self._decay.shape[1] * self._dtype.itemsize * arrays
        wanted = max(wanted, -(-state // STATE_BYTES))
        return [(lanes.start + a, lanes.start + b) for a, b in shares(length, wanted)]
