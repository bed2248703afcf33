"""The threshold of a classifier of two classes: from which probability it predicts the second."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.errors import GdrunError, Parameter
from gdrun.problems.predictor import Predictor
from gdrun.problems.probabilities import PROBABILITIES

WHERE = Parameter("threshold")


def require_threshold(threshold: float, model: Predictor, classes: tuple[str, ...]) -> None:
    """Raise GdrunError if the threshold is not in [0, 1], or the model cannot have one.

    A model with a threshold predicts two classes and their probabilities. classes: the labels of
    the classes; empty for a regression.
    """
    if not 0 <= threshold <= 1:
        percent = f": {threshold:g} % is {threshold / 100:g}" if 1 < threshold <= 100 else ""
        raise GdrunError(
            f"must be between 0 and 1, got {threshold:.15g}",
            where=WHERE,
            hint=f"it is a probability{percent}; the default is 0.5",
        )
    if len(classes) != 2:
        has = f"{len(classes)} classes" if classes else "numbers as its target"
        what = f"needs a model of two classes; this one has {has}"
        raise GdrunError(what, where=WHERE, hint="leave it out")
    if model.loss.name not in PROBABILITIES:
        raise GdrunError(
            f"needs probabilities, which the loss {model.loss.name} does not give",
            where=WHERE,
            hint="leave it out; logistic, softmax, and mlp with cross_entropy have probabilities",
        )


def codes_at(threshold: float, probabilities: Array) -> Integers:
    """The predicted class (n,): 1 if the probability of the second class is ≥ threshold, else 0.

    probabilities (n, 2): of the two classes.
    """
    return (probabilities[:, 1] >= threshold).astype(np.int64)
