"""What is right in each section and wrong between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gdrun.config.experiment import Experiment
from gdrun.config.sections import SCHEDULE
from gdrun.errors import Problem
from gdrun.methods.schedules import needs_length

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str, str]]


def contradictions(experiment: Experiment, where: Callable[[Path], str]) -> list[Problem]:
    """Every contradiction between the sections of an experiment."""
    checks = (_split, _early_stopping, _target_accuracy, _schedule_length)
    return [
        Problem(what, where(path), hint)
        for check in checks
        for path, what, hint in check(experiment)
    ]


def _split(experiment: Experiment) -> Found:
    split = experiment.dataset["split"]
    shares = [share for share in (split.validation, split.test) if share < 1]
    if sum(shares) >= 1:
        what = f"validation and test take {sum(shares):g} of the rows, which leaves none to train"
        yield ("dataset", "split"), what, "fractions must add up to less than 1"
    for name in ("validation", "test"):
        share = getattr(split, name)
        if share > 1 and share != int(share):
            what = f"must be a fraction below 1, or a whole number of rows; got {share:g}"
            yield ("dataset", "split", name), what, "such as 0.1, or 100"


def _early_stopping(experiment: Experiment) -> Found:
    if experiment.dataset["split"].validation:
        return
    hint = "set dataset.split.validation, or leave early stopping out"
    for path in (("stopping",), ("stopping", "watch")):
        rules = experiment.stopping if len(path) == 1 else experiment.stopping.watch
        if rules.early_stopping is not None:
            what = "judges the validation loss, and there is no validation part"
            yield (*path, "early_stopping"), what, hint


def _target_accuracy(experiment: Experiment) -> Found:
    if experiment.task != "regression":
        return
    for path in (("stopping",), ("stopping", "watch")):
        rules = experiment.stopping if len(path) == 1 else experiment.stopping.watch
        if rules.target_accuracy is not None:
            what = f"{experiment.model.name} predicts numbers, which have no accuracy"
            yield (*path, "target_accuracy"), what, "use target_loss"


def _schedule_length(experiment: Experiment) -> Found:
    schedule, stopping = experiment.schedule, experiment.stopping
    if set(stopping.budgets) == {"seconds"} and needs_length(SCHEDULE.definition(schedule)):
        what = f"{schedule.name} needs to know how long the run is, and only seconds are given"
        yield ("schedule",), what, "set stopping.epochs or stopping.steps as well"
    length = stopping.epochs if schedule["per"] == "epoch" else stopping.steps
    if length is not None and schedule["warmup"] >= length:
        what = f"takes {schedule['warmup']:g} {schedule['per']}s, and the run has {length}"
        yield ("schedule", "warmup"), what, "a warm-up must be shorter than the run"
