"""The target at which all runs of a study stop, and the unit of the work to reach it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gdrun.config.experiment import Experiment
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric, Target

_METRICS = {"target_loss": "train_loss", "target_accuracy": "train_accuracy"}
"""The metric of each stopping rule that has a target."""


def stopping_target(experiments: Sequence[Experiment]) -> Target | None:
    """The target_loss or target_accuracy at which each run of these experiments stops.

    None if their values differ, none is set, or both are: then a run stops at one of two targets.
    """
    found = {tuple(getattr(each.stopping, key) for key in _METRICS) for each in experiments}
    values = dict(zip(_METRICS.values(), found.pop(), strict=True)) if len(found) == 1 else {}
    targets = [(name, value) for name, value in values.items() if value is not None]
    if len(targets) != 1:
        return None
    ((name, value),) = targets
    return Target(Metric(name), value, "where a run stops")


def cost_unit(plan: StudyPlan) -> Literal["step", "gradients"]:
    """The column of the trace that counts the work of a run.

    A step costs the same for any batch on a surface without noise; otherwise gradients of examples
    count, so that batches of different sizes can be compared.
    """
    return "step" if plan.noiseless else "gradients"
