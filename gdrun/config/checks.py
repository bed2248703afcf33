"""Checks for contradictions between config sections, each of which is valid on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gdrun.config.experiment import Experiment
from gdrun.config.metric_checks import unfit_metrics
from gdrun.config.sections import SCHEDULE
from gdrun.config.settings import HELD_OUT
from gdrun.data.sources import reader_of, unreadable_format
from gdrun.errors import Problem
from gdrun.methods.schedules import needs_length
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS

Path = tuple[str | int, ...]
Contradictions = Iterator[tuple[Path, str, str]]
"""For each contradiction: the path of the key with the error, the message, and the hint."""


def contradictions(experiment: Experiment, where: Callable[[Path], str]) -> list[Problem]:
    """Return the errors for all contradictions between the sections of an experiment.

    where: a function that returns the place of a key path, for messages.
    """
    checks = (
        _task,
        _positive,
        _split,
        _held_out_files,
        _early_stopping,
        _target_accuracy,
        _metrics,
        _end,
        _warmup,
    )
    return [
        Problem(what, where(path), hint)
        for check in checks
        for path, what, hint in check(experiment)
    ]


def _task(experiment: Experiment) -> Contradictions:
    wanted, model = experiment.dataset["task"], experiment.model
    # The task of an experiment is that of its model, if the model has only one.
    if wanted in (None, experiment.task):
        return
    predicts = "classes" if wanted == "regression" else "numbers"
    loss = f" with the loss {model['loss']}" if MODELS[model.name].task == "either" else ""
    other = "linear" if wanted == "regression" else "softmax"
    hint = f"use model: {other} for {wanted}, or task: {experiment.task}"
    yield ("dataset", "task"), f"is {wanted}, but {model.name}{loss} predicts {predicts}", hint


def _positive(experiment: Experiment) -> Contradictions:
    if experiment.dataset["positive"] is None or experiment.task != "regression":
        return
    what = f"chooses one of two classes, but {experiment.model.name} predicts numbers"
    yield ("dataset", "positive"), what, "remove positive, or use model: logistic"


def _split(experiment: Experiment) -> Contradictions:
    split = experiment.dataset["split"]
    shares = [share for share in (split.validation, split.test) if share < 1]
    if sum(shares) >= 1:
        what = f"validation and test add up to {sum(shares):g}, so no training rows are left"
        yield ("dataset", "split"), what, "the fractions must add up to less than 1"
    if split.group is not None and split.time is not None:
        what = "a split is by group or by time, not by both"
        yield ("dataset", "split", "time"), what, "remove group or time"
    for name in ("validation", "test"):
        share = getattr(split, name)
        if share > 1 and share != int(share):
            what = f"must be a fraction below 1 or a whole number of rows, got {share:.15g}"
            yield ("dataset", "split", name), what, "write 0.1 for a tenth, or 100 for 100 rows"


def _held_out_files(experiment: Experiment) -> Contradictions:
    for name in HELD_OUT:
        file = experiment.dataset[name]
        if file is not None and reader_of(file.path) is None:
            what, hint = unreadable_format(file.path)
            yield ("dataset", name), f"{file.path} {what}", hint


def _early_stopping(experiment: Experiment) -> Contradictions:
    if experiment.validates:
        return
    hint = "set dataset.split.validation, or remove early_stopping"
    for path in (("stopping",), ("stopping", "watch")):
        rules = experiment.stopping if len(path) == 1 else experiment.stopping.watch
        if rules.early_stopping is not None:
            what = "needs a validation part, but validation is 0 in dataset.split"
            yield (*path, "early_stopping"), what, hint


def _target_accuracy(experiment: Experiment) -> Contradictions:
    if experiment.task != "regression":
        return
    for path in (("stopping",), ("stopping", "watch")):
        rules = experiment.stopping if len(path) == 1 else experiment.stopping.watch
        if rules.target_accuracy is not None:
            what = f"needs classes, but {experiment.model.name} predicts numbers"
            yield (*path, "target_accuracy"), what, "use target_loss, or a model for classes"


def _metrics(experiment: Experiment) -> Contradictions:
    # A model without the option loss has a loss with probabilities, and so has `auto`.
    loss = experiment.model.options.get("loss")
    known = loss if loss in LOSSES and experiment.task == "classification" else None
    yield from unfit_metrics(experiment, experiment.task, known)


def _end(experiment: Experiment) -> Contradictions:
    schedule, stopping = experiment.schedule, experiment.stopping
    budgets, rules = set(stopping.budgets), stopping.any_rule
    needs = f"{schedule.name} needs the number of epochs or steps"
    if not needs_length(SCHEDULE.definition(schedule)):
        # Any rule is accepted, although its threshold may never be reached.
        if not budgets and not rules:
            what = "without a budget or a stopping rule the run never ends"
            hint = "set a budget, such as epochs=100, or a rule, such as loss_change=1e-4"
            yield ("stopping",), what, hint
    elif budgets == {"seconds"}:
        what = f"{needs}, but only seconds are given"
        yield ("schedule",), what, "set stopping.epochs or stopping.steps as well"
    elif not budgets:
        other = ", or schedule=constant" if rules else ""
        hint = f"set a budget, such as epochs=100{other}"
        yield ("schedule",), f"{needs}, but no budget is given", hint


def _warmup(experiment: Experiment) -> Contradictions:
    schedule, stopping = experiment.schedule, experiment.stopping
    length = stopping.epochs if schedule["per"] == "epoch" else stopping.steps
    if length is not None and schedule["warmup"] >= length:
        unit = schedule["per"] if length == 1 else f"{schedule['per']}s"
        what = f"must be less than the {length} {unit} of the run, got {schedule['warmup']:.15g}"
        yield ("schedule", "warmup"), what, "use a shorter warm-up or a longer run"
