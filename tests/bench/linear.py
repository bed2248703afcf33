"""Linear models on generated data: the problem, gdrun's trainings of it, and the loss at the end.

A peer's model has its intercept as one more weight, on a column of ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from bench.ours import trainings
from bench.work import Contender

Loss = Literal["mse", "logistic", "cross_entropy"]

MODELS = {"mse": "linear", "logistic": "logistic", "cross_entropy": "softmax"}


@dataclass(frozen=True)
class Linear:
    """Examples X (N, d), y (N,), with the batch size, the rule and the epochs.

    optimizer: its name and options as in a config, lr always among them.
    """

    X: np.ndarray
    y: np.ndarray
    loss: Loss
    batch: int
    optimizer: Mapping[str, Any]
    epochs: int

    @property
    def config(self) -> dict[str, Any]:
        """The config for gdrun, without the engine and the stopping section."""
        return {
            "model": MODELS[self.loss],
            "dtype": str(self.X.dtype),
            "variant": {"name": "mbgd", "batch_size": self.batch} if self.batch > 1 else "sgd",
            "optimizer": dict(self.optimizer),
        }

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weights, intercepts among them."""
        columns = self.X.shape[1] + 1
        return (columns, int(self.y.max()) + 1) if self.loss == "cross_entropy" else (columns,)

    @cached_property
    def with_ones(self) -> np.ndarray:
        return np.column_stack([self.X, np.ones(len(self.X), self.X.dtype)])

    def by_gdrun(self) -> dict[str, Contender]:
        return trainings(self.config, (self.X, self.y), self.epochs)

    def mean_loss(self, W: np.ndarray) -> float:
        """The mean loss over all examples at a peer's weights."""
        scores = self.with_ones @ W
        if self.loss == "mse":
            return float(np.mean((scores - self.y) ** 2))
        if self.loss == "logistic":
            return float(np.mean(np.logaddexp(0, np.where(self.y > 0, -scores, scores))))
        return cross_entropy(scores, self.y)


def cross_entropy(scores: np.ndarray, y: np.ndarray) -> float:
    """The mean of −log p of the right class; scores (N, C), y (N,)."""
    scores = scores.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))


def examples(
    loss: Loss, rows: int, columns: int, *, classes: int = 10, dtype: str = "float64"
) -> tuple[np.ndarray, np.ndarray]:
    """Normal random X (N, d), and y (N,) from a linear model with noise."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((rows, columns)).astype(dtype)
    outputs = classes if loss == "cross_entropy" else 1
    scores = X @ draw.standard_normal((columns, outputs))
    scores += draw.standard_normal(scores.shape)
    if loss == "mse":
        return X, scores[:, 0].astype(dtype)
    return X, scores.argmax(axis=1) if loss == "cross_entropy" else (scores[:, 0] > 0).astype(int)
