"""Networks compiled: products, losses and update of a step in one kernel, shared by all threads.

A network that normalises batches, leaves units out or has residual connections takes its steps in
NumPy with the update alone compiled, see `updates`; plain ones, of any depth, come here. What the
threads do, and how they wait for each other, is in network.c.
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
from gdrun.engine.compiled.arguments import Steps
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.compiler import compiler
from gdrun.engine.compiled.network_kernel import NetworkArguments, NetworkKernel
from gdrun.engine.compiled.units import option_numbers
from gdrun.engine.contract import EngineName
from gdrun.engine.plan import Place
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples
from gdrun.threads import run_all, shares, single_blas_thread, thread_count

CHUNK_WORK = 2**31
"""Products of a weight and an example in one chunk, twice as many of them in double precision: a
tenth of a second, against which the copies of all parameters that a chunk begins with are small."""

STEP_WORK = 2**16
"""The same for what a step costs however small it is."""

SHARED_WORK = 2**18
"""Products of a weight and an example in one step for which a second thread pays."""

EVALUATED_WORK = 2**22
"""Such products of an evaluation for which it pays."""


class NetworkEngine:
    """Compiled steps of a plain network; evaluations are NumPy's."""

    name: EngineName = "compiled"
    compression: str | None = None
    note: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compiles the steps. Raises NotCompilableError where they have no C form."""
        self.compiler: str | None = compiler().version
        self._kernel = NetworkKernel.of(cohort)
        self._kernel.compile()

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NetworkStepper:
        return NetworkStepper(lanes, batches, loss_limit, self._kernel)

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


class NetworkStepper(FusedStepper):
    """Steps of a plain network."""

    def __init__(
        self,
        lanes: Lanes,
        batches: Batches,
        loss_limit: Numbers,
        kernel: NetworkKernel | None = None,
    ) -> None:
        """kernel: that of the cohort, where it is known already."""
        super().__init__(lanes, batches, loss_limit)
        cohort = lanes.cohort
        network = cohort.model
        assert isinstance(network, Network)
        self._kernel = NetworkKernel.of(cohort) if kernel is None else kernel
        self._X = np.ascontiguousarray(cohort.train.X)
        kind = np.dtype(np.int64) if network.by_class else self._dtype
        self._y = np.ascontiguousarray(cohort.train.y, kind)
        self._extra = option_numbers(network.loss, network.activation)
        bounds = [places.start for _, places in self._streams]
        sizes = [layer.size for layer in network.layout.layers]
        self._shape = (
            np.array([*bounds, len(lanes.index)]),
            np.array([network.features, *network.hidden, network.outputs]),
            np.array([0, *accumulate(sizes)]),
        )

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
        assert chunk.before is not None
        size = self._batching.at(place.epoch).batch_size
        orders = self._batches.chosen([seed for seed, _ in self._streams], place, len(rates))
        threads = thread_count() if size * W.size > SHARED_WORK else 1
        arguments = NetworkArguments(
            self._X, self._y, np.ascontiguousarray(orders), self._extra, self._shape, chunk.before,
            size=size, threads=min(threads, size),
        )  # fmt: skip
        steps = Steps(
            chunk.W, chunk.slots, chunk.options, self._decay, self._bounds, self._limit, rates,
            betas if len(betas) else None, chunk.measures, before=step, cycled=self._cycled,
        )  # fmt: skip
        with self._kernel.workspace(arguments, len(W)) as shared:
            return min(
                run_all(
                    [
                        partial(self._kernel.advance, shared, steps, thread)
                        for thread in range(min(threads, size))
                    ]
                )
            )
