"""The objective L(W) = mean over examples of ℓ + (l2/2) ‖weights‖², its gradient, and evaluation.

A model sums over the rows that it is given; this module makes means of the sums, block by block
where the rows are many, and adds the penalty. Shapes: W (L, P) against X (B, D) and y (B,), or
for S index streams W (S, L, P) against X (S, B, D) and y (S, B).
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
"""Entries of X in one block of a long sum: 1 MB of float64, which stays in a core's own cache."""

BLOCK_SCORES = 2**15
"""Scores of one block, of all lanes: 256 KB of float64, which elementwise passes keep in cache."""


class Model(Protocol):
    """What the engine needs from a model."""

    @property
    def layout(self) -> ParameterLayout: ...

    @property
    def classifies(self) -> bool: ...

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        """The features in the form the model multiplies them: (n, d) to (n, D).

        wide: X followed by a column of ones, (n, d + 1), if that is in memory.
        """

    def encode(self, y: Array) -> Array:
        """The targets in the form that the loss takes."""

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Σ ℓ (..., L) and Σ ∇ℓ (..., L, P) over the rows of X."""

    def tally(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Σ ℓ and the number of right predictions, both (..., L), over the rows of X."""

    def scores(self, W: Array, X: Array) -> Array:
        """The model's outputs for the rows of X: (..., B, L) or (..., B, L, C)."""


@dataclass(frozen=True)
class Objective:
    """A model with its l2 penalty and share of dropout: floats, or one for each lane (..., L, 1).

    Value and gradient are those of training, where batch normalisation uses the statistics of the
    given rows; evaluation uses the running ones. Only a step of training drops units.
    """

    model: Model
    l2: Any = 0.0
    dropout: Any = 0.0

    def with_numbers(self, change: Callable[[Array], Array]) -> Objective:
        """The objective with its numbers by lane changed in shape, or to those of some lanes."""
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
        """L(W) and ∇L(W) of a step that may leave units out, and the running statistics after it.

        Rows on disk are read a block at a time, but all at once where their statistics are needed.
        X (B, D) is shared by the streams of W, if there are any.
        """
        assert isinstance(self.model, Network), "only networks compute something else in training"
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
        """∇L(W), and what the hidden layers of a network computed."""
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
        """Sums over the rows as means, with the penalty; the gradient is overwritten."""
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
        """Whether all lanes have the same weights, as at a start from zeros."""
        return not isinstance(self.model, Network) and bool((W[:1] == W).all())

    def _block(self, W: Array, X: Examples, *, whole: bool) -> int:
        """How many rows are summed at once. whole: all that batch statistics are taken over."""
        if not isinstance(self.model, Network):
            scores: int = W.size // W.shape[-1] * self.model.layout.layers[-1].outputs
            return min(block_rows(X.shape[-1]), max(BLOCK_SCORES // scores, 16))
        if whole and self.model.batch_norm:
            return int(X.shape[-2])
        return self.model.rows_at_once(W.size // W.shape[-1])

    @cached_property
    def _decay(self) -> Array | None:
        """l2 for each parameter, 0 for the biases: (..., P); None where nothing is penalised."""
        if not np.any(self.l2):
            return None
        decay: Array = self.l2 * self.model.layout.penalised
        return decay


def block_rows(columns: int) -> int:
    """The number of rows of X in one block."""
    return max(BLOCK_ENTRIES // max(columns, 1), 64)
