"""Metrics: single numbers that say how good predictions are, and the registry of all metrics.

A metric is a pure function of NumPy arrays. Its parameters name what it needs:

    targets (n,)            class codes 0 … C−1, or numbers in the target's own unit
    predictions (n,)        the predicted class codes or numbers
    probabilities (n, C)    the predicted probability of each class
    classes                 the number of classes C in the data

For two classes, precision, recall and F1 are those of the positive class, which has code 1. For
more classes they are the mean over the classes that occur among the targets or the predictions,
each class with the same weight (macro average). TP, FP and FN are the numbers of true positives,
false positives and false negatives of a class. A ratio whose denominator is 0 counts as 0.
scikit-learn has the same default, set by its argument zero_division.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.methods.definitions import Definition, define, inputs_of
from gdrun.problems.models import Task

Better = Literal["larger", "smaller"]


@dataclass(frozen=True)
class Predictions:
    """What a model predicts for n examples, and their targets: the inputs of the metrics.

    targets, predictions (n,): class codes, or numbers. probabilities (n, C): None if the model has
    none. classes: the number of classes C; 0 for a regression.
    """

    targets: Array
    predictions: Array
    probabilities: Array | None = None
    classes: int = 0


@dataclass(frozen=True)
class Metric(Definition):
    """A metric. words: its name in tables and sentences. task: classification or regression.

    better: whether larger or smaller values are better. share: whether it is a share between 0 and
    1 that is shown in percent. by_class: whether it is computed for each class; the result is then
    the value of the second of two classes, or the mean over more than two classes. judges: whether
    it can show that a model is better than a constant prediction.
    """

    words: str = ""
    task: Task = "classification"
    better: Better = "larger"
    share: bool = False
    by_class: bool = False
    judges: bool = True

    @property
    def larger(self) -> bool:
        """Whether larger values are better."""
        return self.better == "larger"

    @property
    def needs_probabilities(self) -> bool:
        """Whether the model must give probabilities."""
        return "probabilities" in inputs_of(self.function)

    @property
    def facts(self) -> dict[str, str]:
        return {"Better": self.better, "Task": self.task}

    def value(self, predictions: Predictions) -> float:
        """The value of the metric; NaN if it is not defined for these targets."""
        needed = inputs_of(self.function)
        return float(self.function(**{name: getattr(predictions, name) for name in needed}))


METRICS: dict[str, Metric] = {}
"""Every metric by name."""

DEFAULT_METRICS: dict[Task, tuple[str, ...]] = {
    "classification": ("accuracy", "balanced_accuracy", "f1"),
    "regression": ("rmse", "mae", "r2"),
}
"""The metrics of a run whose config names none, by task."""

Measure = Callable[..., Any]


def metric(
    words: str,
    *,
    task: Task = "classification",
    better: Better = "larger",
    share: bool = False,
    by_class: bool = False,
    judges: bool = True,
) -> Callable[[Measure], Measure]:
    """Register the decorated function as a metric. The arguments are the fields of Metric."""

    def register(function: Measure) -> Measure:
        known = define(function)
        METRICS[known.name] = Metric(
            known.name,
            function,
            known.options,
            known.doc,
            words=words,
            task=task,
            better=better,
            share=share,
            by_class=by_class,
            judges=judges,
        )
        return function

    return register


def metric_names(chosen: Iterable[str] | None, task: Task) -> tuple[str, ...]:
    """The chosen metrics without repetition; for None, the default metrics of the task."""
    return DEFAULT_METRICS[task] if chosen is None else tuple(dict.fromkeys(chosen))


def confusion_matrix(targets: Integers, predictions: Integers, classes: int) -> Integers:
    """The confusion matrix (classes, classes).

    Entry (i, j) is the number of examples of class i that are predicted as class j.
    """
    pairs = np.bincount(targets * classes + predictions, minlength=classes * classes)
    return pairs.reshape(classes, classes)


@metric("accuracy", share=True)
def accuracy(targets: Integers, predictions: Integers) -> Any:
    """The share of examples that are classified correctly.

        (1/n) Σ [ŷᵢ = yᵢ]

    [ŷᵢ = yᵢ] is 1 if the prediction ŷᵢ for example i is correct, else 0. n is the number of
    examples.
    """
    return np.mean(targets == predictions)


@metric("balanced accuracy", share=True)
def balanced_accuracy(targets: Integers, predictions: Integers, classes: int) -> Any:
    """The mean recall of the classes; each class counts the same, however rare it is.

        (1/C) Σ_c TP_c / (TP_c + FN_c)

    TP_c, FN_c: the numbers of examples of class c that are classified correctly, and wrongly. C is
    the number of classes that have examples; other classes are left out. Predicting always the same
    one of these classes gives 1/C.

    Source: Brodersen et al. 2010.
    """
    counts = confusion_matrix(targets, predictions, classes)
    examples = counts.sum(axis=1)
    present = examples > 0
    return np.mean(counts.diagonal()[present] / examples[present])


@metric("precision", by_class=True)
def precision(targets: Integers, predictions: Integers, classes: int) -> Any:
    """Of the examples that are predicted as a class, the share that has this class.

        TP / (TP + FP)

    TP, FP: the numbers of examples that are correctly, and wrongly, predicted as the class. For two
    classes the result is the value of the positive one; for more classes, the mean over the classes
    that occur among the targets or the predictions. It is 0 for a class that is never predicted.
    """
    right, targeted, predicted = _by_class(targets, predictions, classes)
    return _mean_of_ratios(right, predicted, targeted + predicted)


# Predicting always the second class has recall 1, so recall cannot judge a model alone.
@metric("recall", by_class=True, judges=False)
def recall(targets: Integers, predictions: Integers, classes: int) -> Any:
    """Of the examples of a class, the share that is predicted as this class.

        TP / (TP + FN)

    TP, FN: the numbers of examples of the class that are classified correctly, and wrongly. For two
    classes the result is the value of the positive one; for more classes, the mean over the classes
    that occur among the targets or the predictions. A class that is predicted but has no examples
    counts as 0.
    """
    right, targeted, predicted = _by_class(targets, predictions, classes)
    return _mean_of_ratios(right, targeted, targeted + predicted)


@metric("F1", by_class=True)
def f1(targets: Integers, predictions: Integers, classes: int) -> Any:
    """The harmonic mean of precision and recall.

        2 TP / (2 TP + FP + FN)

    TP, FP, FN: the true positives, false positives and false negatives of a class. For two classes
    the result is the value of the positive one; for more classes, the mean over the classes that
    occur among the targets or the predictions (macro F1). It is 0 for a class that is never
    predicted correctly.

    Source: van Rijsbergen 1979.
    """
    right, targeted, predicted = _by_class(targets, predictions, classes)
    return _mean_of_ratios(2 * right, targeted + predicted, targeted + predicted)


@metric("log loss", better="smaller")
def log_loss(targets: Integers, probabilities: Array) -> Any:
    """The mean negative logarithm of the probability of the correct class, in nats.

        −(1/n) Σ log p_{yᵢ}

    p_{yᵢ} is the predicted probability of the class yᵢ of example i; n is the number of examples.
    Probabilities are limited to ε … 1 − ε with ε = 2.2e-16, so that the result is finite.
    """
    small = np.finfo(np.float64).eps
    chosen = probabilities[np.arange(len(targets)), targets]
    return -np.mean(np.log(np.clip(chosen, small, 1 - small)))


@metric("ROC AUC")
def roc_auc(targets: Integers, probabilities: Array, classes: int) -> Any:
    """The area under the ROC curve: how well the probabilities rank the examples.

        P(p of a positive > p of a negative) + ½ P(equal)

    P is the share of such pairs among all pairs of a positive and a negative example; p is the
    predicted probability of being positive. The area is the rank statistic of Mann and Whitney, in
    which equal values have their average rank. For two classes, examples of the positive one are
    the positives. For more classes the result is the mean of one area for each class, whose
    examples are the positives. It is not defined if a class has no examples.

    Source: Hanley & McNeil 1982.
    """
    positives = (1,) if classes == 2 else range(classes)
    return np.mean([_area(targets == code, probabilities[:, code]) for code in positives])


@metric("RMSE", task="regression", better="smaller")
def rmse(targets: Array, predictions: Array) -> Any:
    """The root of the mean squared error, in the unit of the target.

        √((1/n) Σ (ŷᵢ − yᵢ)²)

    ŷᵢ is the prediction for example i of n, and yᵢ its target.
    """
    errors = predictions - targets
    return np.sqrt(np.mean(np.square(errors, out=errors)))


@metric("MAE", task="regression", better="smaller")
def mae(targets: Array, predictions: Array) -> Any:
    """The mean absolute error, in the unit of the target.

        (1/n) Σ |ŷᵢ − yᵢ|

    ŷᵢ is the prediction for example i of n, and yᵢ its target.
    """
    errors = predictions - targets
    return np.mean(np.abs(errors, out=errors))


@metric("R²", task="regression")
def r2(targets: Array, predictions: Array) -> Any:
    """The coefficient of determination: the share of the variance that the model explains.

        1 − Σ (ŷᵢ − yᵢ)² / Σ (yᵢ − ȳ)²

    ŷᵢ is the prediction for example i, yᵢ its target, and ȳ the mean of the targets. Predicting
    always ȳ gives 0. If all targets are the same, the result is 1 if every prediction is exact,
    else 0. It is not defined for a single example.
    """
    if len(targets) < 2:
        return np.nan
    squares = np.sum((predictions - targets) ** 2)
    # Not by the variance: the rounded mean of equal numbers may differ from them.
    if targets.min() == targets.max():
        return float(squares == 0)
    return 1 - squares / np.sum((targets - np.mean(targets)) ** 2)


def _by_class(
    targets: Integers, predictions: Integers, classes: int
) -> tuple[Integers, Integers, Integers]:
    """TP (true positives), TP + FN and TP + FP (FN, FP: false negatives, false positives).

    Each has one number for each class; for two classes, for the second one only.
    """
    counts = confusion_matrix(targets, predictions, classes)
    found = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    right, targeted, predicted = (each[1:] if classes == 2 else each for each in found)
    return right, targeted, predicted


def _mean_of_ratios(parts: Integers, wholes: Integers, occurrences: Integers) -> Any:
    """The mean of parts / wholes over the classes that occur; x/0 counts as 0.

    parts, wholes, occurrences (k,): one number for each of k classes. A class occurs if its number
    in `occurrences` is above 0. A single class always counts.
    """
    ratios = np.divide(parts, wholes, out=np.zeros(len(parts)), where=wholes > 0)
    # A single class is the second of two classes, which counts whether it occurs or not.
    return np.mean(ratios if len(parts) == 1 else ratios[occurrences > 0])


def _area(positive: Array, scores: Array) -> float:
    """The area under the ROC curve of scores (n,); NaN unless there are positives and negatives."""
    positives = int(np.count_nonzero(positive))
    negatives = len(positive) - positives
    if not positives or not negatives:
        return np.nan
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: Numbers = np.cumsum(counts) - (counts - 1) / 2
    above = float(ranks[place[positive]].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def name_of_heading(heading: str) -> str:
    """The name of a quantity, from the heading of its column or from the name itself.

    In any text, spaces become underscores, and the abbreviations val and acc are written out.

    >>> name_of_heading("val loss"), name_of_heading("test_acc"), name_of_heading("f1")
    ('validation_loss', 'test_accuracy', 'f1')
    """
    words = heading.strip().replace(" ", "_").split("_")
    return "_".join(_ABBREVIATED.get(word.lower(), word) for word in words)


_ABBREVIATED = {"val": "validation", "acc": "accuracy"}
