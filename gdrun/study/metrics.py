"""What trials are judged by: a metric, and targets to reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.errors import GdrunError, suggestion
from gdrun.spec.experiment import Experiment
from gdrun.spec.values import parse_value
from gdrun.study.results import Result

METRICS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
"""What is read at every evaluation. The test part judges nothing that is chosen here."""

_WORDS = {"validation": "val", "accuracy": "acc"}


@dataclass(frozen=True)
class Metric:
    """A quantity of the evaluations; a loss is better when lower, an accuracy when higher."""

    name: str

    @property
    def sign(self) -> int:
        """+1 where lower is better, −1 where higher is: a score is sign × value."""
        return -1 if self.name.endswith("accuracy") else 1

    @property
    def words(self) -> str:
        """The name as a table heads its column: val loss."""
        return " ".join(_WORDS.get(part, part) for part in self.name.split("_"))

    def value(self, score: float) -> float:
        """The metric's value that a score stands for; an infinite score is NaN of an accuracy."""
        return score if self.sign > 0 else (-score if math.isfinite(score) else math.nan)

    def score(self, result: Result) -> float:
        """The result as a score, lower is better; +∞ where it diverged or was not measured."""
        value = result.summary.get(self.name)
        if result.diverged or value is None or not math.isfinite(value):
            return math.inf
        return self.sign * float(value)


@dataclass(frozen=True)
class Target:
    """A value of a metric to reach: a loss at or below it, an accuracy at or above it.

    reason: why it is this value, where nobody asked for it.
    """

    metric: Metric
    value: float
    reason: str = ""

    @property
    def sentence(self) -> str:
        """Such as val loss ≤ 0.1."""
        bound = f"{self.metric.words} {'≤' if self.metric.sign > 0 else '≥'} {self.value:.4g}"
        return f"{bound}, {self.reason}" if self.reason else bound

    def reached(self, result: Result, unit: str) -> float:
        """How far the trial was when it first met the target, in `unit`: epoch, step, gradients.

        +∞ where it never did: a miss is counted, not left out.
        """
        if self.metric.name not in result.evals:
            return math.inf
        scores = self.metric.sign * result.evals[self.metric.name]
        met = np.flatnonzero(scores <= self.metric.sign * self.value)
        return float(result.evals[unit][met[0]]) if len(met) else math.inf


def metric_called(name: str | None, experiment: Experiment) -> Metric:
    """The metric of this name; by default the validation loss, or else the training loss.

    `loss` and `accuracy` stand for those of the validation part, where there is one.
    """
    part = "validation" if has_validation(experiment) else "train"
    short = {None: f"{part}_loss", "loss": f"{part}_loss", "accuracy": f"{part}_accuracy"}
    known = [each for each in METRICS if _is_measured(each, experiment)]
    full = short.get(name, name)
    if full not in known:
        hint = suggestion(name, ["loss", "accuracy", *known] if full in METRICS else known)
        raise GdrunError(f"{experiment.name} has no metric {name!r}", where="--metric", hint=hint)
    return Metric(str(full))


def parse_target(text: str, experiment: Experiment) -> Target:
    """The target that METRIC=VALUE stands for, such as loss=0.1."""
    name, equals, value = text.partition("=")
    number: Any = parse_value(value) if equals else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        hint = "write it as METRIC=VALUE, such as loss=0.1 or accuracy=0.95"
        raise GdrunError(f"{text!r} is no target", where="--target", hint=hint)
    return Target(metric_called(name.strip(), experiment), float(number))


def has_validation(experiment: Experiment) -> bool:
    return experiment.surface is None and bool(experiment.dataset["split"].validation)


def _is_measured(name: str, experiment: Experiment) -> bool:
    part, _, quantity = name.partition("_")
    classifies = experiment.surface is None and experiment.task == "classification"
    return (part == "train" or has_validation(experiment)) and (quantity == "loss" or classifies)
