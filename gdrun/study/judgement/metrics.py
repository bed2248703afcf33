"""What trials are judged by: a metric, and targets to reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.values import parse_value
from gdrun.data import Table
from gdrun.errors import GdrunError, Parameter, suggestion
from gdrun.study.storage.results import Result
from gdrun.study.tasks import loss_of, prepared

METRICS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
"""What is read at every evaluation. The test part judges nothing that is chosen here."""

METRIC = Parameter("metric")

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
        """The metric's value that a score stands for: the worst there is for an infinite one."""
        return self.sign * score

    def score(self, result: Result) -> float:
        """The result as a score, lower is better; +∞ where it diverged or was not measured."""
        value = result.number(self.name)
        if result.diverged or value is None or not math.isfinite(value):
            return math.inf
        return self.sign * value


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

        +∞ where it never did, or diverged afterwards: a miss is counted, not left out.
        """
        if result.diverged or self.metric.name not in result.evals:
            return math.inf
        scores = self.metric.sign * result.evals[self.metric.name]
        met = np.flatnonzero(scores <= self.metric.sign * self.value)
        return float(result.evals[unit][met[0]]) if len(met) else math.inf


def metric_called(
    name: str | None,
    experiments: Sequence[Experiment],
    table: Table | None = None,
    *,
    where: Parameter = METRIC,
) -> Metric:
    """The metric of this name, which all of these experiments must measure.

    `loss` and `accuracy` stand for those of the validation part, where there is one. If unsaid it
    is the loss, or the accuracy where the losses differ in meaning and there is one.
    """
    known = [each for each in METRICS if all(_is_measured(each, e, table) for e in experiments)]
    part = "validation" if "validation_loss" in known else "train"
    short = {word: f"{part}_{word}" for word in ("loss", "accuracy")}
    if name is None:
        unlike = short["accuracy"] in known and len(_losses(experiments, table)) > 1
        name = "accuracy" if unlike else "loss"
    full = short.get(name, name)
    if full not in known:
        hint = suggestion(name, known)
        raise GdrunError(f"{experiments[0].name} has no metric {name!r}", where=where, hint=hint)
    return Metric(full)


def parse_target(
    text: str, experiments: Sequence[Experiment], table: Table | None = None
) -> Target:
    """The target that METRIC=VALUE stands for, such as loss=0.1."""
    name, equals, value = text.partition("=")
    number: Any = parse_value(value) if equals else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        hint = "write it as METRIC=VALUE, such as loss=0.1 or accuracy=0.95"
        raise GdrunError(f"{text!r} is no target", where=Parameter("target"), hint=hint)
    metric = metric_called(name.strip(), experiments, table, where=Parameter("target"))
    return Target(metric, float(number))


def unlike(
    metric: Metric, experiments: Sequence[Experiment], table: Table | None = None
) -> Literal["data", "loss"] | None:
    """In what these experiments differ so that their values of the metric cannot be ranked."""
    if len({repr(_problem(each)) for each in experiments}) > 1:
        return "data"
    if metric.name.endswith("loss") and len(_losses(experiments, table)) > 1:
        return "loss"
    return None


def _problem(experiment: Experiment) -> tuple[Any, ...]:
    surface = experiment.surface.plain() if experiment.surface else None
    return experiment.dataset.plain(), surface


def _losses(experiments: Sequence[Experiment], table: Table | None) -> set[str]:
    """The different losses that these experiments report."""
    kinds = {
        (each.model.name, each.model.options.get("loss")): each
        for each in experiments
        if each.surface is None
    }
    if len(kinds) < 2:
        return set()
    named = {loss_of(each, table) for each in kinds.values()}
    # Both are minus the mean logarithm of the probability of the class.
    return {"cross_entropy" if name == "logistic" else name for name in named}


def _is_measured(name: str, experiment: Experiment, table: Table | None) -> bool:
    part, _, quantity = name.partition("_")
    if experiment.surface is not None:
        return name == "train_loss"
    if part == "validation" and not experiment.dataset["split"].validation:
        return False
    # A network does what the target demands, which only the data know.
    task = experiment.task or prepared(experiment, table).task
    return quantity == "loss" or task == "classification"
