"""The coefficients of a linear model: on standardised features, and in the units of the data.

s = Σ wᵢ (xᵢ − meanᵢ) / scaleᵢ + b = Σ (wᵢ / scaleᵢ) xᵢ + (b − Σ wᵢ meanᵢ / scaleᵢ)

s is the score, wᵢ the weight and xᵢ the value of feature i, and b the intercept. meanᵢ and scaleᵢ
standardise the feature: they are its mean and standard deviation in the training part. If the
target was standardised as well, the score is s = (y − mean_y) / scale_y. In the units of the data,
all coefficients are then multiplied by scale_y, and mean_y is added to the intercept. A feature
with a single value in the training part has the scale ∞ and no effect, so its coefficients are 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.data import TargetScale
from gdrun.runs.trained_model import TrainedModel


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of one score of a linear model, for d features.

    label: the class of the score, or the target. standardised (d,): the coefficients of the
    standardised features; None without standardisation. original (d,): the coefficients of the
    features in their units. intercept, original_intercept: the constants for standardised and for
    original features.
    """

    label: str
    standardised: Numbers | None
    original: Numbers
    intercept: float
    original_intercept: float

    @property
    def order(self) -> Integers:
        """The indices of the features, that of the largest absolute coefficient first.

        The standardised coefficients are compared, because they do not depend on units; without
        standardisation, the original ones.
        """
        by = self.original if self.standardised is None else self.standardised
        return np.argsort(-np.abs(by), kind="stable")


def coefficients(model: TrainedModel) -> list[Coefficients]:
    """The coefficients of each score of a linear model: one, or one for each class."""
    w = np.asarray(model.weights["w"], dtype=np.float64)
    b = np.asarray(model.weights.get("b", np.zeros(w.shape[1:])), dtype=np.float64)
    matrix, biases = w.reshape(len(w), -1), b.reshape(-1)
    mean, scale = model.encoding.mean, model.encoding.scale
    unit = model.description.target_scale or TargetScale(0.0, 1.0)
    found = []
    for label, column, bias in zip(_labels(model), matrix.T, biases.tolist(), strict=True):
        if mean is None or scale is None:
            original, shift, given = column, bias, None
        else:
            original, given = column / scale, np.where(np.isinf(scale), 0.0, column)
            shift = bias - float(original @ mean)
        own = original * unit.scale
        found.append(Coefficients(label, given, own, bias, shift * unit.scale + unit.mean))
    return found


def _labels(model: TrainedModel) -> list[str]:
    """The label of each score: its class, the log-odds of the second class, or the target."""
    classes = model.target.classes
    if model.model.by_class:
        return list(classes)
    return [f"log-odds of {classes[1]}" if classes else model.target.name]
