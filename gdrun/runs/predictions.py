"""The results of a trained model on new rows: its predictions, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gdrun.array_types import Array, Counts
from gdrun.problems.metrics import METRICS, Metric, confusion_matrix
from gdrun.problems.metrics import Predictions as Measurable
from gdrun.problems.predictor import Predictor


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model for n rows.

    labels (n,): a class label or a number for each row. probabilities (n, C): those of the C
    classes, in their order; None for a model without probabilities. notes: sentences on
    values that were not used as they are, such as missing ones. kept: the texts of the columns that
    were to be kept, by name.
    """

    labels: Array
    probabilities: Array | None
    notes: tuple[str, ...]
    kept: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """The results of a model on rows with targets.

    metrics: the mean loss and the metrics by name, such as accuracy; NaN where a metric is not
    defined for these rows. notes: as in Predictions. confusion (C, C): the confusion matrix of the
    C classes; None for a regression.
    """

    rows: int
    metrics: dict[str, float]
    notes: tuple[str, ...]
    confusion: Counts | None


def evaluation(
    model: Predictor, scores: Array, y: Array, classes: int, loss: float, notes: tuple[str, ...]
) -> Evaluation:
    """The evaluation of a model with all metrics that its predictions have.

    scores: (n,) or (n, C) for n rows. y (n,): their targets. classes: the number of classes C; 0
    for a regression. loss: the mean loss.
    """
    # In double precision, so that sums over rows are those of the metric's definition.
    scores = scores.astype(np.float64)
    known = Measurable(y, model.predicted(scores), model.probabilities(scores), classes)

    def fits(metric: Metric) -> bool:
        if (metric.task == "classification") != model.classifies:
            return False
        return known.probabilities is not None or not metric.needs_probabilities

    with np.errstate(all="ignore"):
        metrics = {name: each.value(known) for name, each in METRICS.items() if fits(each)}
    confusion = None
    if model.classifies:
        confusion = confusion_matrix(known.targets, known.predictions, classes)
    return Evaluation(len(y), {"loss": loss} | metrics, notes, confusion)
