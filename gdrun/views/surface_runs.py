"""What the views need to know about runs on a surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gdrun.config.key_paths import RATE
from gdrun.config.quickstart import suitable_rate
from gdrun.problems.surfaces import place_in_words
from gdrun.runs.run import Run
from gdrun.symptoms.surface_points import FlatPoint
from gdrun.views.numbers import quantity

if TYPE_CHECKING:
    from gdrun.study.design.trials import StudyPlan

SAME_GRADIENT = "without noise every batch has the same gradient"

MOST_VARIANTS = 6
"""The most variants whose numbers of steps are listed; of more, the smallest and the largest."""


def places_of(run: Run) -> dict[int, tuple[float, float]]:
    """The weights of a run on a surface, by step, at its start and at the points of its trace.

    Empty for a run that did not minimise a surface.
    """
    if "surface" not in run.config or not {"x", "y"} <= run.steps.keys():
        return {}
    columns = (run.steps[name].tolist() for name in ("step", "x", "y"))
    places = {step: (x, y) for step, x, y in zip(*columns, strict=True)}
    match run.config["surface"]:
        case {"start": [int() | float() as x, int() | float() as y]}:
            places[0] = (x, y)
    return places  # without the start if the config was damaged


def is_noiseless(run: Run) -> bool:
    """Whether the run minimised a surface without noise, so that all gradients are exact."""
    return has_no_noise(run.config)


def has_no_noise(config: Mapping[str, Any]) -> bool:
    """Whether a config has a surface without noise."""
    match config.get("surface"):
        case {"noise": noise}:
            return not noise
    return False


def has_equal_batches(config: Mapping[str, Any]) -> bool:
    """Whether a run uses batches, but each of them has the gradient of the full surface."""
    return config["variant"]["name"] != "bgd" and has_no_noise(config)


def rate_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """A note on the rate that gdrun has chosen for each optimizer on a surface, as (label, text).

    Empty if the study has only one optimizer, or no surface, or if the user has set the rates.
    """
    if len({candidate.experiment.optimizer.name for candidate in plan.candidates}) < 2:
        return []
    found: dict[str, dict[str, None]] = {}
    for candidate in plan.candidates:
        surface, optimizer = candidate.experiment.surface, candidate.experiment.optimizer
        if surface is None or RATE in {**candidate.settings, **plan.for_all}:
            continue
        if optimizer["lr"] == suitable_rate(surface, optimizer):
            text = f"{quantity(optimizer['lr'])}, which suits the surface {surface.name}"
            found.setdefault(text, {})[optimizer.name] = None
    texts = [f"{', '.join(names)}: lr {text}" for text, names in found.items()]
    return [("rate", "; ".join(texts))] if texts else []


def flat_end_words(end: FlatPoint, keys: Sequence[str] = ()) -> str:
    """A sentence on the flat point at which all good settings of a sweep, or all contenders, end.

    keys: the swept keys; none for a comparison.
    """
    who = "good settings" if keys else "contenders"
    what = " and ".join(keys) or "contender"
    if end.saddle is None:
        return (
            f"all {who} end on a plateau, far above the minimum: "
            f"no {what} that was tried helps; a start nearer to the minimum does"
        )
    at = place_in_words([0.0 if abs(x) < ZERO else x for x in end.saddle.tolist()])
    return (
        f"all {who} end at the saddle point {at}, which is no minimum: no {what} helps; "
        "another start does, or noise: variant=sgd noise=0.01"
    )


ZERO = 1e-9
"""A coordinate of a saddle point below this size is a rounding error of 0."""


def variant_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """A note if a study varies the batches on surfaces without noise, as (label, text); or empty.

    On such surfaces the batches change only the number of steps.
    """
    steps = plan.steps_per_epoch
    if not plan.noiseless or len(steps) < 2:
        return []
    listed = ", ".join(f"{number:,} ({name})" for name, number in steps.items())
    if len(steps) > MOST_VARIANTS:
        listed = f"{min(steps.values()):,} to {max(steps.values()):,}"
    text = f"{SAME_GRADIENT}; the variants differ only in their steps per epoch: {listed}"
    return [("variants", f"{text}. With noise=1 the gradients differ too")]
