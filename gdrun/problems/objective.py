"""The objective L(W) = mean over examples of ℓ + (l2/2) ‖weights‖², its gradient, and evaluation.

A model returns sums over rows. This module divides them by the number of rows, and adds the
penalty; many rows are summed block by block. Shapes: W (L, P), X (B, D) and y (B,) for L lanes and
B examples; or W (S, L, P), X (S, B, D) and y (S, B) for S index streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.problems.dropout import Dropout
from gdrun.problems.layout import ParameterLayout
from gdrun.problems.network import Network, Passed
from gdrun.problems.rows import Examples, MappedRows, rows_of

Result = TypeVar("Result")

BLOCK_ENTRIES = 2**17
"""Entries of X in one block of a long sum: 1 MB of float64, which fits the L2 cache of a core."""

BLOCK_SCORES = 2**15
"""Scores of all lanes in one block: 256 KB of float64, which fits the cache."""


class Model(Protocol):
    """The interface of a model for the engines."""

    @property
    def layout(self) -> ParameterLayout: ...

    @property
    def classifies(self) -> bool: ...

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        """The design matrix (n, D) of features (n, d), such as with a column of ones.

        wide: X followed by a column of ones, (n, d + 1), if it is in memory.
        """

    def encode(self, y: Array) -> Array:
        """The targets, encoded as the loss needs them."""

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Σ ℓ (..., L) and Σ ∇ℓ (..., L, P) over the rows of X."""

    def tally(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Σ ℓ and the number of right predictions, both (..., L), over the rows of X."""

    def scores(self, W: Array, X: Array) -> Array:
        """The model's outputs for the rows of X: (..., B, L) or (..., B, L, C)."""


@dataclass(frozen=True)
class Objective:
    """A model with its l2 penalty and share of dropout: floats, or one for each lane (..., L, 1).

    For the value and the gradient, batch normalisation uses the statistics of the given rows, as in
    training; for the loss and the accuracy, running statistics. Dropout acts only in training_step.
    """

    model: Model
    l2: Any = 0.0
    dropout: Any = 0.0

    def with_numbers(self, change: Callable[[Array], Array]) -> Objective:
        """The objective with `change` applied to each array by lane, to reshape or select it."""
        l2, dropout = (
            change(number) if isinstance(number, np.ndarray) else number
            for number in (self.l2, self.dropout)
        )
        return replace(self, l2=l2, dropout=dropout)

    def with_running_stats(self, running_stats: Array) -> Objective:
        """The objective that is evaluated with these running statistics (..., L, Q)."""
        if not isinstance(self.model, Network):
            return self
        return replace(self, model=self.model.with_running_stats(running_stats))

    def training_step(
        self, W: Array, running_stats: Array, X: Examples, y: Array, dropout: Dropout | None
    ) -> tuple[Array, Array, Array]:
        """L(W) and ∇L(W) of a training step with dropout, and the running statistics after it.

        Rows on disk are read block by block, but all at once if batch normalisation needs their
        statistics. All streams of W share X (B, D).
        """
        assert isinstance(self.model, Network), "only networks have a special training step"
        network, rows = self.model, X.shape[-2]
        block = self._block(W, X, whole=True) if isinstance(X, MappedRows) else rows

        def sums(start: int) -> tuple[Array, Array, Array]:
            part = slice(start, start + block)
            read = rows_of(X, part)
            read = np.broadcast_to(read, (*W.shape[:-2], *read.shape[-2:]))
            masks = dropout and (dropout if block >= rows else dropout.for_block(start, rows))
            total, gradient, passed = network.training_sums(W, read, y[..., part], masks)
            return total, gradient, network.next_running_stats(running_stats, passed)

        found = self._of_blocks(sums, range(0, rows, block))
        total, gradient, moved = next(found)
        for more, slope, _ in found:
            total += more
            gradient += slope
        value, gradient = self._mean(W, total, gradient, rows)
        return value, gradient, moved

    def watched(self, W: Array, X: Array, y: Array) -> tuple[Array, list[Passed]]:
        """∇L(W), and the arrays of the hidden layers of a network."""
        assert isinstance(self.model, Network), "only networks have layers to watch"
        total, gradient, passed = self.model.training_sums(W, X, y)
        return self._mean(W, total, gradient, X.shape[-2])[1], passed

    def value_and_gradient(self, W: Array, X: Examples, y: Array) -> tuple[Array, Array]:
        """L(W) (..., L) and ∇L(W) (..., L, P) on these rows."""
        rows = X.shape[-2]
        block = self._block(W, X, whole=True)
        if rows <= block and not isinstance(X, MappedRows):
            return self._mean(W, *self.model.sums(W, X, y), rows)

        def sums(start: int) -> tuple[Array, Array]:
            part = slice(start, start + block)
            return self.model.sums(W, rows_of(X, part), y[..., part])

        found = self._of_blocks(sums, range(0, rows, block))
        total, gradient = next(found)
        for more, slope in found:
            total += more
            gradient += slope
        return self._mean(W, total, gradient, rows)

    def _of_blocks(
        self, function: Callable[[int], Result], starts: Sequence[int]
    ) -> Iterator[Result]:
        """function(start) for each block of rows, in order; an engine may use several threads."""
        return map(function, starts)

    def _mean(self, W: Array, total: Array, gradient: Array, rows: int) -> tuple[Array, Array]:
        """The mean loss and gradient from their sums, with the penalty; gradient is overwritten."""
        value = total / rows
        gradient /= rows
        if self._decay is not None:
            pull = W * self._decay.astype(W.dtype, copy=False)
            gradient += pull
            value = value + 0.5 * np.vecdot(pull, W)
        return value, gradient

    def penalty(self, W: Array) -> Array | float:
        """(l2/2) ‖weights‖² for each lane: (..., L)."""
        if self._decay is None:
            return 0.0
        result: Array = 0.5 * np.vecdot(W * self._decay.astype(W.dtype, copy=False), W)
        return result

    def loss_and_accuracy(self, W: Array, X: Examples, y: Array) -> tuple[Numbers, Numbers]:
        """The mean data loss, without the penalty, and the share of right predictions: (..., L)."""
        if W.ndim == 2 and len(W) > 1 and self._all_alike(W):
            first = self.loss_and_accuracy(W[:1], X, y)
            return np.repeat(first[0], len(W)), np.repeat(first[1], len(W))
        rows = X.shape[-2]
        block = self._block(W, X, whole=False)
        losses = np.zeros(W.shape[:-1])
        right = np.zeros(W.shape[:-1])

        def tally(start: int) -> tuple[Array, Array]:
            part = slice(start, start + block)
            return self.model.tally(W, rows_of(X, part), y[..., part])

        for loss, hits in self._of_blocks(tally, range(0, rows, block)):
            losses += loss
            right += hits
        return losses / rows, right / rows

    def _all_alike(self, W: Array) -> bool:
        """Whether all lanes have the same weights, such as zeros at the start."""
        return not isinstance(self.model, Network) and bool((W[:1] == W).all())

    def rows_at_once(self, W: Array, X: Examples) -> int:
        """The number of rows of X whose scores are computed at once."""
        return self._block(W, X, whole=False)

    def _block(self, W: Array, X: Examples, *, whole: bool) -> int:
        """The number of rows summed at once. whole: all rows, for the statistics of batch_norm."""
        if not isinstance(self.model, Network):
            scores: int = W.size // W.shape[-1] * self.model.layout.layers[-1].outputs
            return min(block_rows(X.shape[-1]), max(BLOCK_SCORES // scores, 16))
        if whole and self.model.batch_norm:
            return int(X.shape[-2])
        return self.model.rows_at_once(W.size // W.shape[-1])

    @cached_property
    def _decay(self) -> Array | None:
        """l2 for each parameter, 0 for the biases: (..., P); None if nothing is penalised."""
        if not np.any(self.l2):
            return None
        decay: Array = self.l2 * self.model.layout.penalised
        return decay


def block_rows(columns: int) -> int:
    """The number of rows of X in one block."""
    return max(BLOCK_ENTRIES // max(columns, 1), 64)
