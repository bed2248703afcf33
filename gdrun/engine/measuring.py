"""Measuring a run with metrics: its returned weights on every part of the data, and a baseline.

The baseline is what can be predicted without features: always the most frequent class of the
training part, with the shares of the classes as probabilities; or always the mean of the training
targets. A model that is no better than this baseline has learned nothing from the features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.data import Part, Prepared
from gdrun.engine.cohort import Cohort, Design, Lanes
from gdrun.engine.contract import Engine
from gdrun.engine.outcome import Outcome
from gdrun.problems.metrics import METRICS, Predictions, confusion_matrix
from gdrun.problems.objective import Model, Objective
from gdrun.problems.predictor import Predictor
from gdrun.threads import run_all

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")

MOST_SCORES = 2**22
"""The most scores (outputs of the models) that are in memory at once: 32 MB of float64."""

ROWS_FOR_THREADS = 2**16
"""From this number of rows, several threads compute the metrics."""

Values = Mapping[str, float]
"""The values of metrics by name; NaN where a metric is not defined."""

Recalls = tuple[Integers, Integers]
"""For one part of the data: how many rows of each class it has, and how many of them are predicted
as this class, (C,) each.
"""


@dataclass(frozen=True)
class Baseline:
    """The baseline of a run: its constant prediction, and its losses and metrics by part.

    prediction: the number that is always predicted; for classes, the code of the class. losses: the
    mean loss by part; NaN for a classification loss that uses scores and no probabilities, such as
    hinge. zero_loss: the mean training loss if all scores are 0, as those of a network with weights
    near 0. parts: the metrics by part.
    """

    prediction: float
    losses: Mapping[PartName, float]
    zero_loss: float
    parts: Mapping[PartName, Values]


@dataclass(frozen=True)
class Measured:
    """The metrics of a run by part (train, validation, test), and its baseline.

    confusion (C, C): the confusion matrix of C classes, on the test part; without one, on the
    validation part, or else on the training part; None for a regression. recalls: for each part,
    how many rows of each class it has, and how many of them are predicted as this class, (C,) each;
    empty for a regression.
    """

    parts: Mapping[PartName, Values]
    baseline: Baseline
    confusion: Integers | None
    recalls: Mapping[PartName, Recalls]


def measured(cohort: Cohort, engine: Engine, outcome: Outcome) -> Measured | None:
    """Return the metrics of a run's returned weights and of the baseline, on each part of the data.

    Returns None for a surface, for a run that diverged, or for a cohort without metrics.
    """
    if outcome.surface is not None or outcome.status == "diverged" or not cohort.metrics:
        return None
    alone = Lanes(cohort, np.array([outcome.lane]))
    objective = engine.objective(alone.objective)
    objective = objective.with_running_stats(outcome.running_stats[None])
    parts: dict[PartName, Values] = {}
    recalls: dict[PartName, Recalls] = {}
    confusion = None
    with np.errstate(all="ignore"), engine.threads():
        for name in PARTS:
            if _part(cohort, name) is None:
                continue
            (found,) = predictions_of(
                cohort, name, objective, outcome.weights[None], probabilities=_probable(cohort)
            )
            parts[name] = _values(cohort, found)
            if found.classes:
                confusion = confusion_matrix(found.targets, found.predictions, found.classes)
                recalls[name] = confusion.sum(axis=1), np.diagonal(confusion)
    baseline = baseline_of(cohort)
    assert baseline is not None, "a cohort with metrics has no baseline"
    return Measured(parts, baseline, confusion, recalls)


def baseline_of(cohort: Cohort) -> Baseline | None:
    """The baseline of all runs of a cohort; None for a surface, or without metrics."""
    if cohort.surface is not None or not cohort.metrics:
        return None
    parts: dict[PartName, Values] = {}
    losses: dict[PartName, float] = {}
    with np.errstate(all="ignore"):
        for name in PARTS:
            if (part := _part(cohort, name)) is not None:
                constant = baseline_predictions(cohort.data, part[0])
                parts[name] = _values(cohort, constant)
                losses[name] = _baseline_loss(cohort.model, part[1], constant, cohort.data)
        zero = _zero_loss(cohort.model, cohort.train, len(cohort.data.classes))
    return Baseline(_constant(cohort.data), losses, zero, parts)


def recalls_of(
    cohort: Cohort, engine: Engine, outcomes: Sequence[Outcome]
) -> list[dict[PartName, Recalls]]:
    """The counts for the recall of each class, for each run of a cohort, by part of the data.

    For each part they are two arrays (C,): how many rows each of the C classes has, and how many of
    these the weights that the run returns predict as this class. All runs are measured together,
    and only if, in some part, one class has over half of the rows. Otherwise each run has an empty
    dict, and so has a run that diverged, or a run without metrics.
    """
    found: list[dict[PartName, Recalls]] = [{} for _ in outcomes]
    own = [place for place, each in enumerate(outcomes) if each.status != "diverged"]
    if not own or not cohort.metrics or not _has_frequent_class(cohort):
        return found
    objective, weights = _returned(cohort, engine, [outcomes[place] for place in own])
    with np.errstate(all="ignore"), engine.threads():
        for name in PARTS:
            if _part(cohort, name) is None:
                continue
            predicted = predictions_of(cohort, name, objective, weights, probabilities=False)
            for place, each in zip(own, predicted, strict=True):
                right = each.targets[each.targets == each.predictions]
                found[place][name] = (
                    np.bincount(each.targets, minlength=each.classes),
                    np.bincount(right, minlength=each.classes),
                )
    return found


def tested_by(cohort: Cohort, engine: Engine, outcomes: Sequence[Outcome]) -> list[Values]:
    """The metrics that the config names, of the returned weights of each run on the test part.

    All runs are measured together. Empty for a run that diverged, or without metrics or test part.
    """
    found: list[Values] = [{} for _ in outcomes]
    own = [place for place, each in enumerate(outcomes) if each.status != "diverged"]
    names = cohort.named_metrics
    if not own or not names or _part(cohort, "test") is None:
        return found
    objective, weights = _returned(cohort, engine, [outcomes[place] for place in own])
    likely = any(METRICS[name].needs_probabilities for name in names)
    with np.errstate(all="ignore"), engine.threads():
        predicted = predictions_of(cohort, "test", objective, weights, probabilities=likely)
        for place, each in zip(own, predicted, strict=True):
            found[place] = {name: METRICS[name].value(each) for name in names}
    return found


def _returned(
    cohort: Cohort, engine: Engine, outcomes: Sequence[Outcome]
) -> tuple[Objective, Array]:
    """The objective of these runs, and the weights (runs, P) that they return."""
    lanes = Lanes(cohort, np.array([each.lane for each in outcomes]))
    stats = np.stack([each.running_stats for each in outcomes])
    weights = np.stack([each.weights for each in outcomes])
    return engine.objective(lanes.objective).with_running_stats(stats), weights


def _has_frequent_class(cohort: Cohort) -> bool:
    """Whether one class has over half of the rows of a part of the data."""
    if cohort.surface is not None or not cohort.data.classes:
        return False
    parts = (_part(cohort, name) for name in PARTS)
    return any(2 * np.bincount(part[0].y).max() > part[0].rows for part in parts if part)


def predictions_of(
    cohort: Cohort, name: PartName, objective: Objective, W: Array, *, probabilities: bool
) -> Iterator[Predictions]:
    """Yield the predictions of each lane (run) for the part `name` of the data.

    objective: the result of Engine.objective, which the engine evaluates, with the running
    statistics that belong to W. W (lanes, P): the P weights of each lane. probabilities: whether
    the predictions also need the probabilities of the classes.
    """
    part, model = _part(cohort, name), objective.model
    assert part is not None and isinstance(model, Predictor), f"no predictions for {name}"
    data, design = part
    classes = len(cohort.data.classes)
    targets = data.y if classes else cohort.data.in_own_unit(data.y)
    for lanes in _groups(len(W), design.rows * max(classes, 1)):
        # In double precision, so that sums over rows are those of the metric's definition.
        scores = _of_lanes(objective, lanes).scores(W[lanes], design.X).astype(np.float64)
        for lane in range(scores.shape[1]):
            own = scores[:, lane]
            likely = model.probabilities(own) if probabilities else None
            found = model.predicted(own)
            if not classes:
                found = cohort.data.in_own_unit(found)
            yield Predictions(targets, found, likely, classes)


def baseline_predictions(data: Prepared, part: Part) -> Predictions:
    """The predictions of the baseline for the rows of `part`.

    They are the same for every row, and are computed from the training part of `data`.
    """
    classes, constant = len(data.classes), _constant(data)
    if not classes:
        return Predictions(data.in_own_unit(part.y), np.full(part.rows, constant))
    shares = np.bincount(data.train.y, minlength=classes) / data.train.rows
    likely = np.broadcast_to(shares, (part.rows, classes))
    return Predictions(part.y, np.full(part.rows, int(constant)), likely, classes)


def _baseline_loss(model: Model, design: Design, constant: Predictions, data: Prepared) -> float:
    """The mean loss of the baseline on one part of the data.

    NaN for a classification loss that uses no probabilities. design: the part, encoded for the
    model. constant: the predictions of the baseline for this part. data: the data of the run; if
    they standardise the target, the loss is that of the standardised target.
    """
    assert isinstance(model, Predictor), "the model computes no scores"
    if constant.probabilities is None:
        scale = data.target_scale
        scores = constant.predictions if scale is None else scale.standardised(constant.predictions)
    elif model.loss.probabilities is None:
        return np.nan
    else:
        logs = np.log(constant.probabilities)
        scores = logs if model.by_class else logs[:, 1] - logs[:, 0]
    values, _ = model.loss.bound(scores[:, None], design.y)
    return float(values.mean())


def _zero_loss(model: Model, design: Design, classes: int) -> float:
    """The mean loss of scores of 0 for the rows of a design, in the scale of the run's losses.

    classes: the number of classes; 0 for a regression.
    """
    assert isinstance(model, Predictor), "the model computes no scores"
    outputs = (classes,) if model.by_class else ()
    scores = np.broadcast_to(0.0, (design.rows, 1, *outputs))
    values, _ = model.loss.bound(scores, design.y)
    return float(values.mean())


def _constant(data: Prepared) -> float:
    """What the baseline predicts: the code of the most frequent class, or the mean target.

    The mean is in the target's own unit.
    """
    targets = data.train.y
    if data.classes:
        return float(np.bincount(targets).argmax())
    return float(np.mean(data.in_own_unit(targets)))


def _values(cohort: Cohort, predictions: Predictions) -> Values:
    """The values of the cohort's metrics for these predictions, by name."""

    def value(name: str) -> float:
        with np.errstate(all="ignore"):  # a thread does not inherit the caller's
            return METRICS[name].value(predictions)

    tasks = [partial(value, name) for name in cohort.metrics]
    if len(predictions.targets) < ROWS_FOR_THREADS:
        return {name: task() for name, task in zip(cohort.metrics, tasks, strict=True)}
    return dict(zip(cohort.metrics, run_all(tasks), strict=True))


def _probable(cohort: Cohort) -> bool:
    return any(METRICS[name].needs_probabilities for name in cohort.metrics)


def _part(cohort: Cohort, name: PartName) -> tuple[Part, Design] | None:
    data, design = getattr(cohort.data, name), getattr(cohort, name)
    return None if data is None or design is None else (data, design)


def _groups(lanes: int, scores: int) -> Iterator[slice]:
    """Slices of the lanes (runs), each with at most MOST_SCORES scores, but at least one lane.

    scores: the number of scores of one lane.
    """
    most = max(MOST_SCORES // max(scores, 1), 1)
    return (slice(start, start + most) for start in range(0, lanes, most))


def _of_lanes(objective: Objective, lanes: slice) -> Objective:
    """The objective with only the running statistics of the lanes in the slice."""
    stats = getattr(objective.model, "running_stats", None)
    return objective if stats is None else objective.with_running_stats(stats[lanes])
