"""The objective L(W) = mean over examples of ℓ + (l2/2) ‖weights‖², its gradient, and evaluation.

A model gives sums over whatever rows it is handed; this module turns them into means, block by
block when the rows are many, and adds the penalty. Shapes: W (L, P) against X (B, D) and y (B,), or
for S index streams W (S, L, P) against X (S, B, D) and y (S, B).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gdrun.problems.layout import Layout

Array = NDArray[np.floating[Any]]

BLOCK_ENTRIES = 2**17
"""Entries of X in one block of a long sum: 1 MB of float64, which stays in a core's own cache."""


class Model(Protocol):
    """What the engine asks of a model."""

    @property
    def layout(self) -> Layout: ...

    @property
    def classifies(self) -> bool: ...

    def design(self, X: Array) -> Array:
        """The features in the form the model multiplies them: (n, d) to (n, D)."""

    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        """The targets in the form the loss wants them."""

    def sums(self, W: Array, X: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        """Σ ℓ (..., L) and Σ ∇ℓ (..., L, P) over the rows of X."""

    def tally(self, W: Array, X: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        """Σ ℓ and the number of right predictions, both (..., L), over the rows of X."""

    def scores(self, W: Array, X: Array) -> Array:
        """The model's outputs for the rows of X: (..., B, L) or (..., B, L, C)."""


@dataclass(frozen=True)
class Objective:
    """A model with its l2 penalty: a float, or one for each lane (..., L, 1)."""

    model: Model
    l2: Any = 0.0

    def with_l2(self, l2: Any) -> Objective:
        return Objective(self.model, l2)

    def value_and_gradient(self, W: Array, X: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        """L(W) (..., L) and ∇L(W) (..., L, P) on these rows."""
        rows = X.shape[-2]
        block = block_rows(X.shape[-1])
        if rows <= block:
            total, gradient = self.model.sums(W, X, y)
        else:
            total, gradient = self.model.sums(W, X[..., :block, :], y[..., :block])
            for start in range(block, rows, block):
                part = slice(start, start + block)
                more, slope = self.model.sums(W, X[..., part, :], y[..., part])
                total += more
                gradient += slope
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

    def loss_and_accuracy(
        self, W: Array, X: Array, y: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean data loss, without the penalty, and the share of right predictions: (..., L)."""
        rows = X.shape[-2]
        block = block_rows(X.shape[-1])
        losses = np.zeros(W.shape[:-1])
        right = np.zeros(W.shape[:-1])
        for start in range(0, rows, block):
            part = slice(start, start + block)
            loss, hits = self.model.tally(W, X[..., part, :], y[..., part])
            losses += loss
            right += hits
        return losses / rows, right / rows

    @cached_property
    def _decay(self) -> Array | None:
        """l2 for each parameter, 0 for the biases: (..., P); None where nothing is penalised."""
        if not np.any(self.l2):
            return None
        decay: Array = self.l2 * self.model.layout.penalised
        return decay


def block_rows(columns: int) -> int:
    """How many rows of X one block holds."""
    return max(BLOCK_ENTRIES // max(columns, 1), 64)
