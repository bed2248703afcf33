"""The compiled stepper of linear models: its numbers equal the NumPy stepper's up to rounding."""

from __future__ import annotations

from functools import partial

from gdrun.array_types import Array, Counts
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.compiled.arguments import Examples, Steps
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, CHUNK_WORK, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.problem import MAPPED_ENTRIES, CompiledProblem
from gdrun.engine.plan import Place
from gdrun.problems.objective import Objective
from gdrun.threads import run_all, shares, thread_count

SHARED_WORK = 2**17
"""With more products of a weight and a feature in a chunk, several threads are faster."""


class CompiledStepper(FusedStepper):
    """Takes steps with a linear model on the rows of a problem, for a fixed set of lanes."""

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
        """The most steps of this epoch in one chunk."""
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
        orders: list[Counts | None] = [None] * len(seeds)
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
        """The chunk as the argument of a kernel."""
        return Steps(
            chunk.W, chunk.slots, chunk.options, self._decay, self._bounds, self._limit, rates,
            betas if len(betas) else None, chunk.measures, before=step, cycled=self._cycled,
        )  # fmt: skip

    def _run_lanes(self, data: Examples, steps: Steps, size: int, lanes: tuple[int, int]) -> int:
        """Take the steps of a range of lanes of one stream. Returns how many stayed finite."""
        problem = self._problem
        if self._by_example(size):
            return problem.kernels.advance_examples(data, steps, lanes)
        if self._batching.whole:
            size = data.places
        count = float(problem.count) if self._batching.whole else 0.0
        return problem.kernels.advance_rows(data, steps, size, count, lanes)

    def _by_example(self, size: int) -> bool:
        """Whether the kernel of single examples applies: one score, no clipping, batches of 1."""
        problem = self._problem
        return size == 1 and problem.outputs == 1 and not problem.kernels.form.clips

    def _data(self, order: Counts | None, size: int) -> Examples:
        """The rows that the steps use, in order. Of data on disk, only these rows are read."""
        problem = self._problem
        X, y = problem.X, problem.y
        if problem.mapped:
            assert order is not None
            X, y, order = X.take(order), y[order], None
        return problem.examples(X, y, order, None if self._batching.whole else size)

    def _run_whole(self, chunk: Chunk, W: Array, step: int, rates: Numbers, betas: Numbers) -> int:
        """Take full-batch steps on large data: each is one pass, divided among all threads."""
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
        """The lanes of a stream as ranges, one for each thread if there is enough work."""
        length = lanes.stop - lanes.start
        work = rows * self._decay.size
        wanted = -(-thread_count() // len(self._streams)) if work > SHARED_WORK else 1
        return [(lanes.start + a, lanes.start + b) for a, b in shares(length, wanted)]
