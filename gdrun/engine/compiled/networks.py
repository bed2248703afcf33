"""Networks compiled: products, losses and update of a step in one loop, shared by all threads.

A network that normalises batches, leaves units out or has residual connections takes its steps in
NumPy with the update alone fused, see `updates`; plain ones, of any depth, come here. What the
threads do, and how they wait for each other, is in `network_loops`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.kernels import LINE, kernels, option_numbers
from gdrun.engine.compiled.network_kernels import network_text
from gdrun.engine.compiled.sources import NotCompilableError
from gdrun.engine.contract import EngineName
from gdrun.engine.plan import Place
from gdrun.engine.threads import one_blas_thread, run_all, shares, thread_count
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples

CHUNK_WORK = 2**31
"""Products of a weight and an example in one chunk, twice as many of them in double precision: a
tenth of a second, beside which the copies of all parameters that a chunk begins with are small."""

STEP_WORK = 2**16
"""The same for what a step costs however small it is."""

SHARED_WORK = 2**18
"""Products of a weight and an example in one step for which a second thread pays."""

EVALUATED_WORK = 2**22
"""Such products of an evaluation for which it pays."""


class NetworkEngine:
    """Fused loops for a plain network; evaluations are NumPy's."""

    name: EngineName = "compiled"
    compression: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compiles the steps. Raises NotCompilableError where Numba cannot."""
        from numba.core.errors import NumbaError

        lanes = Lanes.all_of(cohort)
        endless = np.full(cohort.lanes, np.inf)
        try:
            NetworkStepper(lanes, Batches(cohort), endless).compile()
        except NumbaError as error:
            reason = str(error).strip().partition("\n")[0]
            raise NotCompilableError(f"the network does not compile: {reason}") from error

    def threads(self) -> AbstractContextManager[object]:
        return one_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NetworkStepper:
        return NetworkStepper(lanes, batches, loss_limit)

    def objective(self, objective: Objective) -> Objective:
        return SharedObjective(objective.model, objective.l2, objective.dropout)


class SharedObjective(Objective):
    """The objective, evaluated by all threads, each on rows of its own."""

    def loss_and_accuracy(
        self, W: Array, X: Examples, y: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = len(X)
        parts = shares(rows, thread_count() if rows * W.size > EVALUATED_WORK else 1)
        part_of = super().loss_and_accuracy
        found = run_all(
            [partial(part_of, W, X[first:last], y[first:last]) for first, last in parts]
        )
        loss, accuracy = np.average(found, axis=0, weights=[last - first for first, last in parts])
        return loss, accuracy


def rows_of_lines(shape: tuple[int, ...], dtype: Any) -> Array:
    """Ones (…, columns or a few more), whose every row begins with a line of the cache."""
    line = LINE // np.dtype(dtype).itemsize
    shape = (*shape[:-1], -(-shape[-1] // line) * line)
    count = int(np.prod(shape))
    found = np.ones(count + line, dtype)
    first = -(found.ctypes.data // found.itemsize) % line
    return found[first : first + count].reshape(shape)


class NetworkStepper(FusedStepper):
    """Steps of a plain network."""

    def __init__(self, lanes: Lanes, batches: Batches, loss_limit: Numbers) -> None:
        super().__init__(lanes, batches, loss_limit)
        cohort = lanes.cohort
        network = cohort.model
        assert isinstance(network, Network)
        self._kernels = kernels(network_text(cohort))
        self._X, self._y = cohort.train.X, cohort.train.y
        if not network.by_class:
            self._y = self._y.astype(self._dtype, copy=False)
        self._extra = option_numbers(network.loss, network.activation)
        self._widths = np.array([network.features, *network.hidden, network.outputs])
        sizes = [layer.size for layer in network.layout.layers]
        self._places = np.array([0, *accumulate(sizes)])
        self._heights = np.array([0, *accumulate(units + 1 for units in network.hidden)])
        bounds = [places.start for _, places in self._streams]
        self._starts = np.array([*bounds, len(lanes.index)])
        self._room: tuple[tuple[int, int], tuple[Array, ...]] | None = None

    def compile(self) -> None:
        """Have the loops compiled that the steps will need."""
        W = np.zeros(self._decay.shape, self._dtype)
        slots = (W,) * len(self._rule.slots)
        self._run_chunk(W, slots, 0, Place(0, 0), np.zeros((0, len(W))), None)

    def most_steps(self, epoch: int) -> int:
        products = self._batching.at(epoch).batch_size * self._decay.size
        work = products * self._dtype.itemsize // 4 + STEP_WORK
        return max(min(CHUNK_WORK // work, CHUNK_MEASURES // len(self._decay)), 1)

    def _chunk(self, W: Array, slots: tuple[Array, ...], steps: int) -> Chunk:
        chunk = super()._chunk(W, slots, steps)
        return Chunk(chunk.W, chunk.slots, chunk.options, chunk.measures, np.empty_like(W))

    def _run(
        self, chunk: Chunk, W: Array, step: int, place: Place, rates: Numbers, betas: Numbers
    ) -> int:
        seeds = [seed for seed, _ in self._streams]
        size = self._batching.at(place.epoch).batch_size
        orders = self._batches.chosen(seeds, place, len(rates))
        threads = thread_count() if size * W.size > SHARED_WORK else 1
        threads = min(threads, size)
        shared = (chunk.measures, chunk.before, *self._shared(threads, size))
        shape = (self._widths, self._places, self._heights)
        tasks = [
            partial(self._go, chunk, orders, size, shape, float(step), rates, betas, shared, thread)
            for thread in range(threads)
        ]
        return min(run_all(tasks))

    def _shared(self, threads: int, size: int) -> tuple[Array, ...]:
        """What the threads show each other: room that memory hands out but once."""
        rows, (lanes, parameters) = -(-size // threads), self._decay.shape
        key = (threads, rows)
        if self._room is None or self._room[0] != key:
            inputs, streams = self._X.shape[1] + 1, len(self._streams)
            self._room = (
                key,
                (
                    rows_of_lines((2, streams, threads, rows, inputs), self._dtype),
                    np.empty((lanes, threads, self._heights[-1] * rows), self._dtype),
                    np.empty((lanes, threads, sum(self._widths[1:]) * rows), self._dtype),
                    np.empty((lanes, parameters), self._dtype),
                ),
            )
        sums = np.empty((threads, 6, lanes))
        return *self._room[1], sums, np.zeros(1, np.int64)

    def _go(
        self,
        chunk: Chunk,
        orders: NDArray[np.int64],
        size: int,
        shape: tuple[NDArray[np.int64], ...],
        t: float,
        rates: Numbers,
        betas: Numbers,
        shared: tuple[Any, ...],
        thread: int,
    ) -> int:
        """One thread's part of the steps; how many were sound."""
        measures, before, A, left, slopes, gradients, sums, gate = shared
        rows = A.shape[3]
        room = (
            np.empty((len(orders), rows), self._y.dtype),
            np.empty((max(self._widths[1:]) + 1) * rows, self._dtype),
            np.empty((2, rows)),
            np.empty(1),
        )
        sound = self._kernels.advance_network(
            self._X, self._y, orders, size, self._starts, shape, chunk.W, chunk.slots, t,
            chunk.options.copy(), rates, betas, self._cycled if len(betas) else -1, self._decay,
            self._bounds, self._limit, self._extra, measures, before, A, left, slopes, room,
            gradients, sums, gate, thread,
        )  # fmt: skip
        return int(sound)
