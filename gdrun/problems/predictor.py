"""The base class of models that compute scores for examples and have a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from gdrun.array_types import Array
from gdrun.problems.losses import Loss


class Predictor(ABC):
    """A model that computes scores, with a loss of these scores."""

    loss: Loss

    @abstractmethod
    def scores(self, W: Array, X: Array) -> Array:
        """Return the scores of the B rows of X: (..., B, L), or (..., B, L, C) for C classes.

        W (..., L, P): the P weights of each of L lanes (runs trained together). X: (..., B, D) with
        the leading axes of W, or (B, D), which is then used for all of W.
        """

    @property
    def by_class(self) -> bool:
        """Whether an example has one score for each class, and not a single score."""
        return self.loss.targets == "code"

    @property
    def classifies(self) -> bool:
        return self.loss.targets != "number"

    def encode(self, y: Array) -> Array:
        return 2 * y - 1 if self.loss.targets == "sign" else y

    def predicted(self, scores: Array) -> Array:
        """The predicted class codes (...), or for a regression the scores themselves.

        scores: (...), or (..., C) with one score for each of C classes.
        """
        if self.by_class:
            codes: Array = scores.argmax(axis=-1)
            return codes
        return (scores > 0).astype(np.int64) if self.classifies else scores

    def probabilities(self, scores: Array) -> Array | None:
        """The probabilities (..., C) of the C classes; None if the loss gives none."""
        return self.loss.probabilities(scores) if self.loss.probabilities else None

    def tally(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        scores = self.scores(W, X)
        values, _ = self.loss.bound(scores, y)
        rows = X.ndim - 2
        target = y[..., None]
        if self.by_class:
            right = scores.argmax(axis=-1) == target
        elif self.classifies:
            right = (scores > 0) == (target > 0)
        else:
            return values.sum(axis=rows), np.full(W.shape[:-1], np.nan, dtype=W.dtype)
        return values.sum(axis=rows), right.sum(axis=rows)
