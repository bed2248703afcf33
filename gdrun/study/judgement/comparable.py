"""Whether experiments have the same problem, model and loss, so that values are comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.data.same_rows import rows_and_target, standardises_target
from gdrun.problems.losses import SAME_VALUES
from gdrun.study.tasks import loss_of


def one_problem(experiments: Sequence[Experiment]) -> bool:
    """Whether all experiments have the same rows and targets, or are on the same surface."""
    return len({repr(_problem(each)) for each in experiments}) == 1


def one_model(experiments: Sequence[Experiment]) -> bool:
    """Whether all experiments have the same model and loss, so that their losses are comparable."""
    return len({_objective(each) for each in experiments}) == 1


def _objective(experiment: Experiment) -> tuple[str, Any, bool]:
    scaled = experiment.surface is None and standardises_target(experiment.dataset.plain())
    return experiment.model.name, experiment.model.options.get("loss"), scaled


def _problem(experiment: Experiment) -> Any:
    if experiment.surface is not None:
        return experiment.surface.plain()
    return rows_and_target(experiment.dataset.plain())


def losses_of(experiments: Sequence[Experiment], table: Table | None) -> set[str]:
    """The names of the losses of these experiments; empty if all have the same model and loss."""
    kinds = {_objective(each): each for each in experiments if each.surface is None}
    if len(kinds) < 2:
        return set()
    return {comparable_loss(loss_of(each, table), each.dataset.plain()) for each in kinds.values()}


def comparable_loss(name: str, dataset: Mapping[str, Any]) -> str:
    """The name of a loss, the same for losses whose values can be compared on the same rows.

    dataset: the section of the config, which may standardise the target.
    """
    scaled = " of the standardised target" if standardises_target(dataset) else ""
    return SAME_VALUES.get(name, name) + scaled
