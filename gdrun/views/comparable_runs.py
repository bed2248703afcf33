"""Which runs have losses that can be compared: those on the same rows and targets, of one loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.config.flat_configs import options
from gdrun.data.same_rows import rows_and_target
from gdrun.errors import GdrunError
from gdrun.problems.linear import LinearModel
from gdrun.problems.metrics import METRICS
from gdrun.problems.models import MODELS
from gdrun.problems.network import Network
from gdrun.runs.run import Run
from gdrun.study.design.trials import label
from gdrun.study.judgement.comparable import comparable_loss
from gdrun.views.titles import place_of

PROBLEM = ("surface", "dataset")
"""The sections of a config that decide on which data or surface a loss is measured."""


def check_one_problem(runs: Sequence[Run], y: str | None = None) -> None:
    """Raise GdrunError if the runs have different rows, targets, surfaces or losses.

    y: the quantity to draw; None for the loss. Metrics such as the accuracy, and the learning rate,
    can be compared for different losses.
    """
    for key in PROBLEM:
        sections = {repr(_section(run.config, key)): run for run in runs}
        if len(sections) > 1:
            first, second, *_ = sections.values()
            raise GdrunError(
                f"has another {key} than {first.id}: their losses cannot be compared",
                where=second.id,
                hint="plot each run alone",
            )
    if y == "lr" or (y and (y in METRICS or y.partition("_")[2] in METRICS)):
        return
    losses = {name: run for run in runs if (name := loss_of_run(run))}
    if len(losses) > 1:
        (one, first), (two, second), *_ = losses.items()
        what = f"has the loss {two}, and {first.id} has {one}: they cannot be compared"
        shared = [each for each in METRICS if all(_measured(run, each) for run in runs)]
        together = f'; `y="{shared[0]}"` draws a metric that all have' if shared else ""
        raise GdrunError(what, where=second.id, hint=f"plot each run alone{together}")


def loss_of_run(run: Run) -> str | None:
    """The name of the loss of a run's model; None if it is not known.

    Losses that can be compared on the same rows have the same name.
    """
    if run.description is None or not run.weights or run.status == "diverged":
        return None
    return comparable_loss(run.model.model.loss.name, run.config["dataset"])


def problems_of(runs: Sequence[Run]) -> list[str]:
    """For each run a name of its problem (see `problem_names`).

    A run that diverged has the loss of the other runs of its model on its data.
    """
    known = {_objective(run): loss for run in runs if (loss := loss_of_run(run))}
    losses = [known.get(_objective(run), _objective(run)[0]) for run in runs]
    return problem_names([run.config for run in runs], losses)


def _objective(run: Run) -> tuple[str, ...]:
    """The loss (of a model that is not loaded, as written), the model, and the data."""
    model = run.config.get("model")
    if model is None:  # on a surface
        return ("",)
    named = comparable_loss(_loss_in(model, run.record["data"]), run.config["dataset"])
    return named, model["name"], run.record["data"]["sha256"]


def _loss_in(model: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """The name of the loss of a model on its data, so that auto and the loss it chooses are one.

    model, data: the section of the config, and the entry of the record. If the model or the loss is
    of a plugin that is not loaded, this is what the config says.
    """
    options = {name: value for name, value in model.items() if name != "name"}
    try:
        built = MODELS[model["name"]].build(data["features"], len(data["classes"]), options)
    except KeyError:
        return str(model.get("loss", model["name"]))
    assert isinstance(built, LinearModel | Network)
    return built.loss.name


def problem_names(configs: Sequence[Mapping[str, Any]], losses: Sequence[object]) -> list[str]:
    """For each run a name of its problem, which runs with comparable losses have in common.

    It is the name of the data or the surface. If several problems have this name, the settings of
    the data in which they differ follow, and the loss. configs: with all defaults. losses: of each
    run.

    >>> digits = {"dataset": {"name": "digits", "split": {"test": 0.1}, "standardize": True}}
    >>> raw = {"dataset": {"name": "digits", "split": {"test": 0.1}, "standardize": False}}
    >>> few = {"dataset": {"name": "digits", "split": {"test": 0.4}, "standardize": True}}
    >>> problem_names([digits, raw], ["mse", "mse"])
    ['digits', 'digits']
    >>> problem_names([digits, few], ["mse", "mse"])
    ['digits test=0.1', 'digits test=0.4']
    >>> problem_names([digits, raw], ["mse", "mae"])
    ['digits loss=mse', 'digits loss=mae']
    """
    settings = [
        {**dict(options({key: _section(config, key) or {} for key in PROBLEM})), "loss": loss}
        for config, loss in zip(configs, losses, strict=True)
    ]
    places = [place_of(config) for config in configs]
    names = []
    for place, own in zip(places, settings, strict=True):
        equal = [each for each, other in zip(settings, places, strict=True) if other == place]
        keys = dict.fromkeys(key for each in equal for key in each)
        differing = [key for key in keys if len({repr(each.get(key)) for each in equal}) > 1]
        shown = label({key: own[key] for key in differing if key in own})
        names.append(f"{place} {shown}".rstrip())
    return names


def _section(config: Mapping[str, Any], key: str) -> Any:
    section = config.get(key)
    if key == "dataset" and isinstance(section, Mapping):
        return rows_and_target(section)
    return section


def _measured(run: Run, metric: str) -> bool:
    """Whether the evaluations of a run have this metric, of any part of the data."""
    return any(name.partition("_")[2] == metric for name in run.evals)
