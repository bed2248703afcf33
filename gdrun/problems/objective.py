"""The objective L(W) = mean over examples of ℓ + (l2/2) ‖weights‖², its gradient, and evaluation.

A model returns sums over rows (examples). This module divides the sums by the number of rows, and
adds the penalty; many rows are summed block by block. Shapes: W (L, P), X (B, D) and y (B,) for L
lanes (runs that train together) and B examples; or W (S, L, P), X (S, B, D) and y (S, B) if the
lanes use S different orders of the examples (index streams).
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
"""The number of entries of X in one block of a long sum: 1 MB of float64, as the L2 cache holds."""

BLOCK_SCORES = 2**15
"""The largest number of scores in a block, over all lanes: 256 KB of float64, to fit the cache."""


class Model(Protocol):
    """The interface by which the engines, which compute the steps of runs, use a model.

    A lane is one of the runs that are trained together. W (L, P): the P weights of each of L lanes,
    or (S, L, P) for S groups of lanes. X: the B rows of a batch, (B, D), which all lanes use, or
    (S, B, D) with a batch for each group. In the shapes of the methods, the dots of (..., L) are
    the axis S, which may be missing.
    """

    @property
    def layout(self) -> ParameterLayout: ...

    @property
    def classifies(self) -> bool: ...

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        """Return the design matrix (n, D) of features X (n, d): what the other methods take as X.

        It may have an additional column of ones. wide: X followed by a column of ones, (n, d + 1),
        if this array is already in memory; otherwise None.
        """

    def encode(self, y: Array) -> Array:
        """Return the targets y encoded for the loss, such as −1 and +1 for two classes."""

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Return the sums over the rows of X of losses (..., L), and of gradients (..., L, P).

        L: the number of lanes. P: the number of parameters.
        """

    def tally(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        """Return Σ ℓ over the rows of X, and the number of correct predictions.

        ℓ: the loss of an example. Both are (..., L) for L lanes. For a regression the number of
        correct predictions is NaN.
        """

    def scores(self, W: Array, X: Array) -> Array:
        """Return the scores of the B rows of X: (..., B, L), or (..., B, L, C) for C classes.

        W (..., L, P): the P weights of each of L lanes (runs trained together). X: (..., B, D) with
        the leading axes of W, or (B, D), which is then used for all of W.
        """


@dataclass(frozen=True)
class Objective:
    """The function that training minimises: the mean loss of a model plus the l2 penalty.

    l2: the factor of the penalty. dropout: the share of units that are dropped. Each is a float, or
    an array (..., L, 1) with one number for each of L lanes. In `value_and_gradient` batch
    normalisation uses the statistics of the given rows, as in training; in `loss_and_accuracy` it
    uses running statistics. Dropout acts only in `training_step`.
    """

    model: Model
    l2: Any = 0.0
    dropout: Any = 0.0

    def with_numbers(self, change: Callable[[Array], Array]) -> Objective:
        """Return the objective with `change` applied to l2 and dropout if they are arrays.

        change: a function that reshapes an array with a number for each lane, or selects lanes.
        """
        l2, dropout = (
            change(number) if isinstance(number, np.ndarray) else number
            for number in (self.l2, self.dropout)
        )
        return replace(self, l2=l2, dropout=dropout)

    def with_running_stats(self, running_stats: Array) -> Objective:
        """Return the objective with these running statistics of batch normalisation in evaluations.

        running_stats: (..., L, Q) for L lanes; Q: the statistics of all layers in a row. If the
        model is no network, the objective is unchanged.
        """
        if not isinstance(self.model, Network):
            return self
        return replace(self, model=self.model.with_running_stats(running_stats))

    def training_step(
        self, W: Array, running_stats: Array, X: Examples, y: Array, dropout: Dropout | None
    ) -> tuple[Array, Array, Array]:
        """Return L(W) and ∇L(W) of one step of a network, and the running statistics after it.

        running_stats: the statistics before the step. dropout: the dropout of the step, or None.
        Rows on disk are read block by block, but all at once if batch normalisation needs the
        statistics of all rows. X: the rows of the step, (..., n, D), with the leading axes of W
        (..., lanes, P), or a matrix (n, D), which is then used for all of W.
        """
        assert isinstance(self.model, Network), "the model is not a network"
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
        """Return ∇L(W), and the arrays of each hidden layer of the network, for reports on layers.

        The rows of X are used without dropout.
        """
        assert isinstance(self.model, Network), "the model is not a network"
        total, gradient, passed = self.model.training_sums(W, X, y)
        return self._mean(W, total, gradient, X.shape[-2])[1], passed

    def value_and_gradient(self, W: Array, X: Examples, y: Array) -> tuple[Array, Array]:
        """Return the objective L(W) and its gradient ∇L(W) on the rows of X.

        They are (..., lanes) and (..., lanes, P) for P parameters.
        """
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
        """Yield function(start) for each block of rows, in the order of `starts`.

        starts: the first row of each block. A subclass may compute the blocks in several threads.
        """
        return map(function, starts)

    def _mean(self, W: Array, total: Array, gradient: Array, rows: int) -> tuple[Array, Array]:
        """Return L(W) and ∇L(W), with the penalty, from sums over rows.

        total: Σ ℓ, (..., lanes). gradient: Σ ∇ℓ, (..., lanes, P) for P parameters, which is
        overwritten. rows: the number of rows.
        """
        value = total / rows
        gradient /= rows
        if self._decay is not None:
            pull = W * self._decay.astype(W.dtype, copy=False)
            gradient += pull
            value = value + 0.5 * np.vecdot(pull, W)
        return value, gradient

    def penalty(self, W: Array) -> Array | float:
        """Return the penalty (l2/2) ‖weights‖² of each lane, (..., lanes); 0.0 if no l2 is set."""
        if self._decay is None:
            return 0.0
        result: Array = 0.5 * np.vecdot(W * self._decay.astype(W.dtype, copy=False), W)
        return result

    def loss_and_accuracy(self, W: Array, X: Examples, y: Array) -> tuple[Numbers, Numbers]:
        """Return the mean loss without penalty, and the share of correct predictions.

        Both are (..., lanes). If the model does not predict classes, the share is NaN.
        """
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

    def scores(self, W: Array, X: Examples) -> Array:
        """The scores of the B rows of X, block by block: (B, lanes), or (B, lanes, classes)."""
        block = self._block(W, X, whole=False)

        def part(start: int) -> Array:
            return self.model.scores(W, rows_of(X, slice(start, start + block)))

        return np.concatenate(list(self._of_blocks(part, range(0, X.shape[-2], block))))

    def _all_alike(self, W: Array) -> bool:
        """Return whether the model is no network and all lanes have the same weights."""
        return not isinstance(self.model, Network) and bool((W[:1] == W).all())

    def rows_at_once(self, W: Array, X: Examples) -> int:
        """The number of rows of X whose scores are computed at once."""
        return self._block(W, X, whole=False)

    def _block(self, W: Array, X: Examples, *, whole: bool) -> int:
        """Return the number of rows in one block of a sum over the rows of X.

        whole: with batch_norm, use one block with all rows, whose statistics are needed.
        """
        if not isinstance(self.model, Network):
            scores: int = W.size // W.shape[-1] * self.model.layout.layers[-1].outputs
            return min(block_rows(X.shape[-1]), max(BLOCK_SCORES // scores, 16))
        if whole and self.model.batch_norm:
            return int(X.shape[-2])
        return self.model.rows_at_once(W.size // W.shape[-1])

    @cached_property
    def _decay(self) -> Array | None:
        """The factor l2 of each of the P parameters, (..., P): 0 for biases; None if all are 0."""
        if not np.any(self.l2):
            return None
        decay: Array = self.l2 * self.model.layout.penalised
        return decay


def block_rows(columns: int) -> int:
    """Return the number of rows in one block of X, a matrix with this number of columns."""
    return max(BLOCK_ENTRIES // max(columns, 1), 64)
