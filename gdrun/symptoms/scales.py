"""The changes of a config that standardise the data, offered as remedies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdrun.methods.plugins import entry_of
from gdrun.problems.models import MODELS
from gdrun.problems.predictor import Predictor
from gdrun.symptoms.facts import Remedy, Traced


def standardised(run: Traced, *, target: bool = True) -> tuple[Remedy, ...]:
    """Standardised data: each change once with the run's rate, and once with the rate 0.1.

    For a large target (see `has_large_target`), the first change standardises the target together
    with the features. The next change standardises the features alone. What is standardised already
    is left out. target: whether the target may be standardised.
    """
    features, own = _is_standardised(run)
    changed: list[tuple[dict[str, Any], str]] = []
    if target and has_large_target(run) and not own:
        key, both = "dataset.standardize", {"features": True, "target": True}
        wide = {f"{key}.target": True} if features else {key: both}
        changed.append((wide, "the usual learning rates suit a target of the size 1"))
    if not features:
        why = "equal scales of the features allow a larger step"
        changed.append(({"dataset.standardize": True}, why))
    return tuple(
        Remedy(changes | rate, why)
        for changes, why in changed
        for rate in ({}, {"optimizer.lr": 0.1})
    )


def _is_standardised(run: Traced) -> tuple[bool, bool]:
    """Whether the features are standardised, and whether the target is."""
    known = run.config.get("dataset", {}).get("standardize", True)
    if isinstance(known, dict):
        return bool(known["features"]), bool(known["target"])
    return bool(known), False


def has_large_target(run: Traced) -> bool:
    """Whether the target of a regression is so large that the loss begins above LARGE_LOSS.

    Only for a loss that can be converted to the unit of another target (UNITS): the losses with and
    without a standardised target can then be compared.
    """
    if "train_loss" not in run.evals or not run.data or run.data["classes"]:
        return False
    return unit_power(run.config, 0) > 0 and run.start > LARGE_LOSS


LARGE_LOSS = 100.0
"""The target of a regression counts as large if the loss begins above this value."""


def unit_power(config: Mapping[str, Any], classes: int) -> int:
    """The power of the target's unit in which the loss of a model is measured; 0 if not known.

    config: with all defaults; its loss may be auto. classes: the number of classes; 0 for a
    regression.
    """
    if (model := config.get("model")) is None:
        return 0
    known = entry_of(MODELS, model["name"]).build(1, classes, model)
    return UNITS.get(known.loss.name, 0) if isinstance(known, Predictor) else 0


UNITS = {"mse": 2, "mae": 1}
"""The power of the target's unit in which each loss of a regression is measured."""


def scaled_data(run: Traced) -> tuple[Remedy, ...]:
    """Standardised features, alone and with a standardised target, for a first loss that overflows.

    What is standardised already is left out. Standardising the target of a regression changes the
    unit of the loss. Here this does no harm: the run has no finite loss with which another loss
    could be compared.
    """
    features, own = _is_standardised(run)
    both = {"features": True, "target": True}
    remedies = []
    if not features:
        why = "the squares of large features overflow"
        remedies.append(Remedy({"dataset.standardize": both if own else True}, why))
    if not own and not run.data.get("classes"):
        why = f"the square of a large target overflows{'' if features else ', too'}"
        remedies.append(Remedy({"dataset.standardize": both}, why))
    return tuple(remedies)
