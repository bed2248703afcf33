"""Checks of the metrics that a config names: whether they fit its model and its data."""

from __future__ import annotations

from collections.abc import Iterator

from gdrun.config.experiment import Experiment, Path
from gdrun.problems.losses import LOSSES
from gdrun.problems.metrics import METRICS
from gdrun.problems.models import Task


def named_metrics(experiment: Experiment) -> Iterator[tuple[Path, str]]:
    """Every metric that the config names, with the path of its key."""
    for place, name in enumerate(experiment.evaluate.metrics or ()):
        yield ("evaluate", "metrics", place), name
    stopping = experiment.stopping
    for path, rules in ((("stopping",), stopping), (("stopping", "watch"), stopping.watch)):
        early = rules.early_stopping
        if early is not None and early.metric is not None:
            yield (*path, "early_stopping", "metric"), early.metric


def unfit_metrics(
    experiment: Experiment, task: Task | None, loss: str | None
) -> Iterator[tuple[Path, str, str]]:
    """The path, the message and the hint for each metric that the experiment cannot measure.

    task, loss: the task and the loss of the experiment's model; None if only the data decide this.
    """
    for path, name in named_metrics(experiment):
        metric = METRICS[name]
        if experiment.surface is not None:
            yield path, "needs predictions, but a surface has none", "remove this metric"
        elif task is not None and metric.task != task:
            others = ", ".join(each.name for each in METRICS.values() if each.task == task)
            needed = "classes" if metric.task == "classification" else "numbers"
            given = "numbers" if task == "regression" else "classes"
            model = experiment.model.name
            yield path, f"{name} needs {needed}, but {model} predicts {given}", f"use {others}"
        elif metric.needs_probabilities and loss is not None and not LOSSES[loss].probabilities:
            what = f"{name} needs probabilities, but {experiment.model.name} gives only scores"
            yield path, what, "use another metric, or model: softmax"
