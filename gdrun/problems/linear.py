"""The linear models: one affine map from features to scores, with different losses.

The design matrix X has a column of ones for the bias. So one product, W Xᵀ, computes the scores in
all lanes (runs that train together), and another, slopesᵀ X, the gradients in all lanes. Scores are
stored with the examples as the last axis, so that a sum over classes adds contiguous rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.definitions import Choice
from gdrun.problems.layout import Layer, ParameterLayout
from gdrun.problems.losses import LOSSES, Loss
from gdrun.problems.models import model
from gdrun.problems.predictor import Predictor
from gdrun.problems.rows import Examples, MappedRows


@dataclass(frozen=True)
class LinearModel(Predictor):
    """A linear model: scores s = x W + b, and a loss of the scores.

    outputs: the number of scores of an example, which is 1 or the number of classes C.
    """

    features: int
    outputs: int
    loss: Loss
    bias: bool = True

    @cached_property
    def layout(self) -> ParameterLayout:
        layer = Layer(self.features, self.outputs, bias=self.bias, scalar=not self.by_class)
        return ParameterLayout((layer,))

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        if self.bias and wide is not None:
            return wide
        if isinstance(X, MappedRows):
            return X.with_ones() if self.bias else X
        if not self.bias:
            return np.ascontiguousarray(X)
        wide = np.empty((len(X), self.features + 1), dtype=X.dtype)
        wide[:, :-1] = X
        wide[:, -1] = 1
        return wide

    def scores(self, W: Array, X: Array) -> Array:
        columns = X.shape[-1]
        matrix = W.reshape(*W.shape[:-2], -1, columns)
        scores: Array = matrix @ X.swapaxes(-1, -2)
        if self.by_class:
            rows = X.shape[-2]
            scores = scores.reshape(*W.shape[:-1], self.outputs, rows).swapaxes(-1, -2)
            return scores.swapaxes(-2, -3)
        return scores.swapaxes(-1, -2)

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        values, slopes = self.loss.bound(self.scores(W, X), y)
        by_row = slopes.swapaxes(-3, -2) if self.by_class else slopes
        flat = by_row.swapaxes(-1, -2).reshape(*W.shape[:-2], -1, X.shape[-2])
        gradient: Array = flat @ X
        return values.sum(axis=X.ndim - 2), gradient.reshape(W.shape)


def _of_numbers(loss: Loss) -> bool:
    return loss.targets == "number"


def _of_margins(loss: Loss) -> bool:
    return loss.margin


@model(task="regression")
def linear(
    features: int,
    classes: int,
    loss: Annotated[str, Choice(LOSSES, _of_numbers)] = "mse",
    bias: bool = True,
    **options: Any,
) -> LinearModel:
    """Linear regression.

        ŷ = xᵀw + b,  L = (1/N) Σ ℓ(ŷᵢ, yᵢ) + (l2/2) ‖w‖²

    x are the features of an example, w the weights, b the bias, and ŷ the prediction for the target
    y. N is the number of examples. ℓ is the option loss, one of the losses for numbers; its options
    are set in the same section. The loss mse has no factor ½.
    """
    return LinearModel(features, 1, LOSSES[loss].with_options(options), bias)


@model(task="classification", classes="two")
def logistic(features: int, classes: int, bias: bool = True) -> LinearModel:
    """Logistic regression for two classes.

        p(y = 1 | x) = 1 / (1 + e^(−(xᵀw + b))),  L = mean binary cross-entropy + (l2/2) ‖w‖²

    x are the features of an example, w the weights, b the bias, and y the class, 0 or 1. The loss
    is in nats. With zero weights it is ln 2 ≈ 0.693.
    """
    return LinearModel(features, 1, LOSSES["logistic"], bias)


@model(task="classification")
def softmax(features: int, classes: int, bias: bool = True) -> LinearModel:
    """Softmax (multinomial logistic) regression for C classes.

        p(y = j | x) = e^(sⱼ) / Σₖ e^(sₖ),  s = xᵀW + b
        L = mean cross-entropy + (l2/2) ‖W‖²

    x are the features of an example, W the weights, b the biases, s the scores of the classes, and
    y the class. The loss is in nats. With zero weights it is ln C.
    """
    return LinearModel(features, classes, LOSSES["cross_entropy"], bias)


@model(task="classification")
def svm(
    features: int,
    classes: int,
    loss: Annotated[str, Choice(LOSSES, _of_margins)] = "hinge",
    bias: bool = True,
    **options: Any,
) -> LinearModel:
    """Linear support vector machine for C classes, with one loss that includes all classes.

        s = xᵀW + b,  L = (1/N) Σᵢ Σ_{j≠yᵢ} max(0, sⱼ − s_{yᵢ} + 1) + (l2/2) ‖W‖²

    x are the features of an example, W the weights, b the biases, s the scores of the classes, and
    yᵢ the class of example i of N. loss: hinge, as above, or squared_hinge, where each max(…) is
    squared. With zero weights L is C − 1 for both.

    Source: Weston & Watkins 1999.
    """
    return LinearModel(features, classes, LOSSES[loss].with_options(options), bias)
