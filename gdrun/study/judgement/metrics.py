"""Metrics, which rank the trials of a study, and targets, which trials should reach."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.values import parse_value
from gdrun.config.writing import short_flow
from gdrun.data import Table
from gdrun.errors import ConfigError, GdrunError, Parameter, suggestion
from gdrun.problems.losses import LOSSES
from gdrun.problems.metrics import METRICS, name_of_heading
from gdrun.quantities import quantity
from gdrun.study.judgement.comparable import losses_of, one_problem
from gdrun.study.storage.results import Result
from gdrun.study.tasks import loss_of, prepared

ALWAYS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
"""The metrics of every evaluation, for the parts that the experiment has.

The accuracies are measured only if the task is classification.
"""

NAMES = (*ALWAYS, *(f"validation_{name}" for name in METRICS if name != "accuracy"))
"""The metrics. The test part has none, because it must not influence the choice of settings."""

SUBOPTIMALITY = "suboptimality"
"""The loss minus its minimum, f − f*."""

METRIC = Parameter("metric")
"""The argument that error messages about a metric point to."""

PERFECT = 1.0
"""The value of a perfect model in every metric of which larger values are better."""

_WORDS = {"validation": "val", "accuracy": "acc"}


@dataclass(frozen=True)
class Metric:
    """A quantity of the evaluations: a loss, or a metric of the registry on a part of the data.

    name: one of NAMES, such as validation_loss.
    """

    name: str

    @property
    def sign(self) -> int:
        """+1 if lower values are better, such as losses, else −1.

        The score is sign × value, so that lower scores are always better.
        """
        return -1 if not self.is_loss and METRICS[self.quantity].larger else 1

    @property
    def quantity(self) -> str:
        """The name without the part of the data, such as loss or f1."""
        return self.name.partition("_")[2]

    @property
    def is_loss(self) -> bool:
        """Whether the metric is the loss that the experiments minimise."""
        return self.quantity == "loss"

    @property
    def words(self) -> str:
        """The name for the heading of a column, such as val loss."""
        part, _, quantity = self.name.partition("_")
        words = quantity if self.is_loss else METRICS[quantity].words
        return f"{_WORDS.get(part, part)} {_WORDS.get(words, words)}"

    def value(self, score: float) -> float:
        """The value of the metric with this score: sign × score, so an accuracy is −∞ for +∞."""
        return self.sign * score

    def score(self, result: Result) -> float:
        """The score of a trial: lower is better; +∞ if it diverged or lacks the metric."""
        value = result.number(self.name)
        if result.diverged or value is None or not math.isfinite(value):
            return math.inf
        return self.sign * value


@dataclass(frozen=True)
class Target:
    """A value of a metric to reach: a loss at or below it, or an accuracy, say, at or above it.

    reason: how the value was chosen; an empty text if the user gave the value.
    """

    metric: Metric
    value: float
    reason: str = ""

    @property
    def bound(self) -> str:
        """The target as a text, such as val loss ≤ 0.1."""
        return self.bound_with(4)

    def bound_with(self, digits: int) -> str:
        """The target as a text in which its value has this many significant digits."""
        sign = "≤" if self.metric.sign > 0 else "≥"
        return f"{self.metric.words} {sign} {quantity(self.value, digits)}"

    @property
    def sentence(self) -> str:
        """The target as a text, with the reason for its value if there is one."""
        return self.sentence_with(4)

    def sentence_with(self, digits: int) -> str:
        """The target as `sentence` has it, with this many significant digits."""
        bound = self.bound_with(digits)
        return f"{bound}, {self.reason}" if self.reason else bound

    def reached(self, result: Result, unit: str) -> float:
        """The cost of a trial until its first evaluation that reached the target.

        unit: the column of the trace that counts the cost: epoch, step or gradients. The cost is +∞
        if no evaluation reached the target, or the trial diverged, even after reaching it. So each
        trial has a cost and counts in medians.
        """
        if result.diverged or self.metric.name not in result.evals:
            return math.inf
        scores = self.metric.sign * result.evals[self.metric.name]
        # Scores are compared, not values, because a lower score is better for every metric.
        hits = np.flatnonzero(scores <= self.metric.sign * self.value)
        return float(result.evals[unit][hits[0]]) if len(hits) else math.inf


def metric_called(
    name: str | None,
    experiments: Sequence[Experiment],
    table: Table | None = None,
    *,
    where: Parameter = METRIC,
) -> Metric:
    """Return the metric of this name.

    name: `loss` and `accuracy` mean those of the validation part, or of the training part if there
    is no validation part. The other metrics of the registry, such as f1, are those of the
    validation part. None means the loss; or the accuracy, if the experiments have different losses
    and all of them measure the accuracy. table: the data that replace the dataset; None to use the
    dataset. where: the argument that an error names. Raises GdrunError if not all experiments
    measure the metric.
    """
    # Experiments of one shape differ in numbers only, and measure the same.
    experiments = list({each.shape: each for each in reversed(experiments)}.values())[::-1]
    known = [each for each in NAMES if all(_is_measured(each, e, table) for e in experiments)]
    part = "validation" if "validation_loss" in known else "train"
    short = {word: f"{part}_{word}" for word in ("loss", "accuracy")}
    if name is None:
        prefer_accuracy = short["accuracy"] in known and len(losses_of(experiments, table)) > 1
        name = "accuracy" if prefer_accuracy else "loss"
    given: object = name  # Python does not check the types of arguments
    if not isinstance(given, str):
        what = f"must be a text, got {given!r}"
        raise ConfigError(what, where=where, hint=f'such as "{known[0]}"')
    word = name_of_heading(name)
    full = short.get(word, f"validation_{word}" if word in METRICS else word)
    if full not in known:
        hint = suggestion(name, [each.removeprefix("validation_") for each in known])
        lacking = [e for e in experiments if full in NAMES and not _is_measured(full, e, table)]
        first = (lacking or experiments)[0].name
        if word == SUBOPTIMALITY:
            words = _objective_words((lacking or experiments)[0])
            hint = (
                "use train_loss, which ranks runs in the same order: f − f* is train_loss minus "
                f"the constant f*, which `gdrun theory {words}` shows where it is known"
            )
        if word in METRICS and any(_lacks_validation(each) for each in lacking):
            hint = "it is measured on the validation part: set dataset.split.validation=0.2"
        if word.startswith("test_"):
            raise GdrunError(
                f"{name} cannot rank settings: if the test part chose a setting, it would no "
                "longer measure how well this setting generalises",
                where=where,
                hint="use the same metric of the validation part, such as validation_loss; "
                "comparisons and exported rankings show the test loss beside it",
            )
        raise GdrunError(f"{first} has no metric {name!r}", where=where, hint=hint)
    return Metric(full)


def _objective_words(experiment: Experiment) -> str:
    """The settings of a command line that give the objective of an experiment."""
    plain = experiment.plain()
    sections = [each for each in ("surface", "dataset", "model") if plain.get(each)]
    words = [f"{each}={plain[each]['name']}" for each in sections]
    try:
        usual = load({each: plain[each]["name"] for each in sections}).plain()
    except ConfigError:  # The section needs further keys, such as the path of a file.
        usual = {}
    for each in sections:
        given = {key: value for key, value in plain[each].items() if key != "name"}
        words += [
            f"{each}.{key}={short_flow(value)}"
            for key, value in given.items()
            if usual.get(each, {}).get(key) != value
        ]
    return " ".join(map(shlex.quote, words))


def measuring(experiment: Experiment, metrics: Iterable[Metric]) -> Experiment:
    """The same experiment, which also measures these metrics at each evaluation."""
    named = experiment.evaluate.metrics or []
    added = [each.quantity for each in metrics if each.name not in ALWAYS]
    every = list(dict.fromkeys([*named, *added]))
    if every == named:
        return experiment
    return replace(experiment, evaluate=experiment.evaluate.model_copy(update={"metrics": every}))


def _is_metric(text: str) -> bool:
    quantity_name = name_of_heading(text).rpartition("train_")[2].rpartition("validation_")[2]
    return quantity_name in ("loss", SUBOPTIMALITY, *METRICS)


def parse_target(
    text: str, experiments: Sequence[Experiment], table: Table | None = None
) -> Target:
    """Return the target that a text METRIC=VALUE describes, such as loss=0.1.

    On a surface, whose minimum f* is known, suboptimality=1e-6 is the train_loss f* + 1e-6. table:
    the data that replace the dataset; None to use the dataset. Raises GdrunError if the text has
    another form, an experiment does not measure the metric, or no run can reach the value: above 1
    for a metric whose best value is 1, such as accuracy, or below 0 for the suboptimality.
    """
    name, equals, value = text.partition("=")
    number: Any = parse_value(value) if equals else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        hint = "write it as METRIC=NUMBER, such as loss=0.1 or accuracy=0.95"
        if re.fullmatch(r"\w+:[^:]+", text):
            hint = f"write it as {text.replace(':', '=')}"
        elif isinstance(parse_value(text), str) and not _is_metric(text):
            hint += f"; the column to predict is another key: set dataset.target: {text}"
        what = f"{value!r} is not a number" if equals else f"{text!r} is not a target"
        raise GdrunError(what, where=Parameter("target"), hint=hint)
    if name_of_heading(name.strip()) == SUBOPTIMALITY and (lowest := _minima(experiments)):
        return _suboptimality_target(float(number), lowest)
    metric = metric_called(name.strip(), experiments, table, where=Parameter("target"))
    if metric.sign < 0 and number > PERFECT:
        share = f"{number / 100:g}" if number <= 100 else "0.95"
        hint = f"a perfect model has {metric.words} 1: write for example {name.strip()}={share}"
        what = f"{metric.words} must be ≤ 1, got {number:.15g}"
        raise GdrunError(what, where=Parameter("target"), hint=hint)
    return Target(metric, float(number))


def _minima(experiments: Sequence[Experiment]) -> set[float]:
    """The minima f* of the surfaces of these experiments; empty if one is on no surface."""
    lowest = set()
    for each in experiments:
        surface = each.walks_on
        if surface is None or each.surface is None:
            return set()
        options = {name: each.surface[name] for name in surface.options}
        values = (surface.function(*map(np.float64, at), **options)[0] for at in surface.minima)
        lowest.add(float(min(values)))
    return lowest


def _suboptimality_target(excess: float, lowest: set[float]) -> Target:
    """The target f − f* ≤ excess, as a training loss. lowest: the minima f* of the surfaces.

    Raises GdrunError if the excess is negative, or the minima differ.
    """
    if not excess >= 0:
        what, hint = f"f − f* must be ≥ 0, got {excess:g}", "such as suboptimality=1e-6"
        raise GdrunError(what, where=Parameter("target"), hint=hint)
    if len(lowest) > 1:
        what, hint = "the surfaces have different minima", "give a train_loss, such as loss=0.1"
        raise GdrunError(what, where=Parameter("target"), hint=hint)
    (least,) = lowest
    return Target(Metric("train_loss"), least + excess, f"that is f − f* ≤ {excess:g}")


def unlike(
    metric: Metric, experiments: Sequence[Experiment], table: Table | None = None
) -> Literal["data", "loss"] | None:
    """Why the metric cannot rank these experiments; None if it can.

    "data": their rows, targets or surfaces differ. "loss": they minimise different losses, or some
    of them the loss of a standardised target. table: the data that replace the dataset; None to use
    the dataset.
    """
    if not one_problem(experiments):
        return "data"
    if metric.is_loss and len(losses_of(experiments, table)) > 1:
        return "loss"
    return None


def _is_measured(name: str, experiment: Experiment, table: Table | None) -> bool:
    part, _, quantity = name.partition("_")
    if experiment.surface is not None:
        return name == "train_loss"
    if part == "validation" and _lacks_validation(experiment):
        return False
    # Whether a network does regression or classification depends on the target in the data.
    task = experiment.task or prepared(experiment, table).task
    if quantity == "loss":
        return True
    metric = METRICS[quantity]
    if metric.task != task:
        return False
    if not metric.needs_probabilities:
        return True
    return LOSSES[loss_of(experiment, table)].probabilities is not None


def _lacks_validation(experiment: Experiment) -> bool:
    """Whether the experiment has data without a validation part. A surface has no data."""
    return experiment.surface is None and not experiment.validates
