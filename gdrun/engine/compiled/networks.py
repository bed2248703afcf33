"""The compiled engine of plain networks: one kernel computes a whole step, in several threads.

A plain network has no batch normalisation, dropout or residual connections; its depth does not
matter. The other networks take their steps in NumPy, with a compiled update, see `updates`. The
work of each thread, and the barriers between the threads, are described in network.c.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled.arguments import Steps
from gdrun.engine.compiled.chunks import CHUNK_MEASURES, Chunk, FusedStepper, Numbers
from gdrun.engine.compiled.compiler import compiler
from gdrun.engine.compiled.network_kernel import LayerArguments, NetworkArguments, NetworkKernel
from gdrun.engine.compiled.network_objective import NetworkObjective
from gdrun.engine.contract import EngineName
from gdrun.engine.plan import Place
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.threads import run_all, single_blas_thread, thread_count

CHUNK_WORK = 2**31
"""The most products of a weight and an input in one chunk. A product in double precision counts
twice. A chunk with so many products takes about 0.1 s, so the copies of all parameters at its start
cost little.
"""

STEP_WORK = 2**16
"""The fixed cost of a step, counted in products as in CHUNK_WORK."""

SHARED_WORK = 2**18
"""If a step needs more products of a weight and an input, several threads are faster."""


class NetworkEngine:
    """The engine of a plain network: steps and evaluations are compiled.

    compression: None, because no factorisation replaces the data. note: a hint for a faster run,
    which only the NumPy engine can have.
    """

    name: EngineName = "compiled"
    compression: str | None = None
    note: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compile the kernel. Raises NotCompilableError if the steps cannot be written in C."""
        self.compiler: str | None = compiler().version
        self._kernel = NetworkKernel.of(cohort)
        self._kernel.compile()

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NetworkStepper:
        return NetworkStepper(lanes, batches, loss_limit, self._kernel)

    def objective(self, objective: Objective) -> Objective:
        return NetworkObjective(
            objective.model, objective.l2, objective.dropout, kernel=self._kernel
        )


class NetworkStepper(FusedStepper):
    """Takes steps with a plain network, for a fixed set of lanes (runs)."""

    def __init__(
        self,
        lanes: Lanes,
        batches: Batches,
        loss_limit: Numbers,
        kernel: NetworkKernel | None = None,
    ) -> None:
        """loss_limit (lanes,): a lane with a larger loss has diverged.

        batches: draws the rows of each step. kernel: the compiled kernel of the cohort; None to
        make one.
        """
        super().__init__(lanes, batches, loss_limit)
        cohort = lanes.cohort
        network = cohort.model
        assert isinstance(network, Network)
        self._kernel = NetworkKernel.of(cohort) if kernel is None else kernel
        self._X = np.ascontiguousarray(cohort.train.X)
        kind = np.dtype(np.int64) if network.by_class else self._dtype
        self._y = np.ascontiguousarray(cohort.train.y, kind)
        self._layers = LayerArguments(network)
        bounds = [places.start for _, places in self._streams]
        self._starts = np.array([*bounds, len(lanes.index)])

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
            self._layers, self._X, self._y, np.ascontiguousarray(orders), self._starts,
            chunk.before, size=size, threads=min(threads, size),
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
