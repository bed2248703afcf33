"""Evaluations of a plain network: a compiled kernel computes loss and accuracy over all rows.

A plain network has no batch normalisation, dropout or residual connections. The kernel sums the
rows block by block, and the size of a block depends only on the layers, the number type and the
number of rows. So the bits of a result depend neither on the number of threads nor on the other
lanes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array, Numbers
from gdrun.engine.compiled.network_kernel import (
    EvaluationArguments,
    LayerArguments,
    NetworkKernel,
)
from gdrun.engine.threaded_objective import ThreadedObjective
from gdrun.problems.network import Network
from gdrun.problems.rows import Examples, MappedRows
from gdrun.threads import run_all, thread_count

BLOCK_BYTES = 2**18
"""The size of the activations of a block, which stay in the cache of one core."""

BLOCK_ROWS = 32
"""The rows of a block are a multiple of this, so that its tiles are complete."""

FEWEST_ROWS, MOST_ROWS = 2 * BLOCK_ROWS, 32 * BLOCK_ROWS
"""The least and the most rows of a block.

Smaller blocks load the weights too often. Larger blocks are too few to divide between threads.
"""

SHARED_WORK = 2**22
"""If an evaluation needs more products of a weight and an input, several threads are faster."""

CALL_WORK = 2**28
"""The products in one call of the kernel, which takes a few milliseconds."""


@dataclass(frozen=True)
class NetworkObjective(ThreadedObjective):
    """The objective of a plain network, whose loss and accuracy `kernel` computes."""

    kernel: NetworkKernel = field(kw_only=True)

    def loss_and_accuracy(self, W: Array, X: Examples, y: NDArray[Any]) -> tuple[Numbers, Numbers]:
        network = self.model
        assert isinstance(network, Network)
        if isinstance(X, MappedRows):
            return super().loss_and_accuracy(W, X, y)
        dtype, rows = self.kernel.dtype, len(X)
        block = block_rows(network, dtype, rows)
        sums = np.empty((2, len(W), -(-rows // block)))
        given = EvaluationArguments(
            LayerArguments(network),
            np.ascontiguousarray(X, dtype),
            np.ascontiguousarray(y, np.int64 if network.by_class else dtype),
            np.ascontiguousarray(W, dtype),
            sums,
            block=block,
        )
        blocks = sums.shape[-1]
        some = max(CALL_WORK // (block * W.size), 1)
        starts = iter(range(0, blocks, some))

        def work() -> None:
            for first in starts:  # all threads share the iterator, so a fast one computes more
                self.kernel.evaluate(given, first, min(first + some, blocks))

        run_all([work] * (thread_count() if rows * W.size > SHARED_WORK else 1))
        losses, rights = sums.sum(axis=-1) / rows
        return losses, rights if network.classifies else np.full_like(rights, np.nan)


def block_rows(network: Network, dtype: np.dtype[Any], rows: int) -> int:
    """The number of rows that the kernel sums as one block, for data with `rows` rows."""
    widths = (network.features, *network.hidden, network.outputs)
    numbers = widths[0] + 2 * max(widths)
    fitting: int = BLOCK_BYTES // (numbers * dtype.itemsize)
    wanted = min(max(fitting, FEWEST_ROWS), MOST_ROWS, rows)
    return -(-wanted // BLOCK_ROWS) * BLOCK_ROWS
