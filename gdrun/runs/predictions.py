"""The results of a trained model on new rows: its predictions, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.data import TargetScale
from gdrun.problems.metrics import METRICS, Metric, confusion_matrix
from gdrun.problems.metrics import Predictions as Measurable
from gdrun.problems.predictor import Predictor
from gdrun.runs.model_file import ModelDescription
from gdrun.runs.thresholds import codes_at


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
    defined for these rows. notes: sentences on values such as missing ones. confusion (C, C): the
    confusion matrix of the C classes; None for a regression. baseline: the loss and the metrics of
    always predicting `constant`, which is the most frequent class or the mean target of the
    training part; empty if the model's file is of a version that did not keep it.
    """

    rows: int
    metrics: dict[str, float]
    notes: tuple[str, ...]
    confusion: Integers | None
    baseline: dict[str, float] = field(default_factory=dict)
    constant: str | float | None = None


def evaluation(
    model: Predictor,
    scores: Array,
    y: Array,
    classes: int,
    loss: float,
    notes: tuple[str, ...],
    threshold: float | None = None,
) -> Evaluation:
    """The evaluation of a model, with all metrics that can be computed from its predictions.

    scores: (n,) or (n, C) for n rows. y (n,): the targets of the rows. classes: the number of
    classes C; 0 for a regression. loss: the mean loss. notes: those of the result. threshold: from
    which probability the second of two classes is predicted; None for the more probable class.
    """
    # In double precision, so that sums over rows are those of the metric's definition.
    scores = scores.astype(np.float64)
    probabilities, predicted = model.probabilities(scores), model.predicted(scores)
    if threshold is not None and probabilities is not None:
        predicted = codes_at(threshold, probabilities)
    known = Measurable(y, predicted, probabilities, classes)
    metrics = _metrics(model, known)
    confusion = None
    if model.classifies:
        confusion = confusion_matrix(known.targets, known.predictions, classes)
    return Evaluation(len(y), {"loss": loss} | metrics, notes, confusion)


def with_baseline(
    found: Evaluation, model: Predictor, y: Array, description: ModelDescription
) -> Evaluation:
    """The evaluation `found` with the loss and the metrics of the baseline on the same rows.

    The baseline always predicts the most frequent class, or the mean target, of the training part,
    which `description` has. If it has none, `found` is returned. y (n,): the targets of the rows,
    as numbers in the target's own unit or as class codes.
    """
    trained, labels = np.array(description.baseline), description.classes
    if not len(trained):
        return found
    if labels:
        code = int(trained.argmax())
        shares = np.broadcast_to(trained, (len(y), len(labels)))
        known = Measurable(y, np.full(len(y), code), shares, len(labels))
        loss = np.nan
        if model.loss.probabilities is not None:
            with np.errstate(divide="ignore"):
                logs = np.log(shares)
            scores = logs if model.by_class else logs[:, 1] - logs[:, 0]
            loss = _mean_loss(model, scores, y)
        return replace(
            found, baseline={"loss": loss} | _metrics(model, known), constant=labels[code]
        )
    constant = np.full(len(y), trained[0])
    scale = description.target_scale or TargetScale(0.0, 1.0)
    loss = _mean_loss(model, scale.standardised(constant), scale.standardised(y))
    metrics = _metrics(model, Measurable(y, constant))
    return replace(found, baseline={"loss": loss} | metrics, constant=float(trained[0]))


def _mean_loss(model: Predictor, scores: Array, y: Array) -> float:
    """The mean loss, NaN for an infinite one. scores: (n,) or (n, C). y (n,): as for training."""
    values, _ = model.loss.bound(scores[:, None], model.encode(y))
    loss = float(values.mean())
    return loss if np.isfinite(loss) else np.nan


def _metrics(model: Predictor, known: Measurable) -> dict[str, float]:
    """All metrics that these predictions have, by name; NaN where one is not defined."""

    def fits(metric: Metric) -> bool:
        if (metric.task == "classification") != model.classifies:
            return False
        return known.probabilities is not None or not metric.needs_probabilities

    with np.errstate(all="ignore"):
        return {name: each.value(known) for name, each in METRICS.items() if fits(each)}
