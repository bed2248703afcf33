"""The registry of symptoms, and the diagnosis of a run and of a study."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gdrun.symptoms import (
    data_rules,
    early_explosion,
    generalisation_rules,
    initial_weights,
    network_rules,
    progress_rules,
    result_rules,
    stability_rules,
    study_rules,
)
from gdrun.symptoms.facts import Remedy, Rule, Symptom, Traced
from gdrun.symptoms.study_rules import BestValue

FEWEST = 6
"""The rules in CURVES need at least this many evaluations."""

RUN_SYMPTOMS: dict[str, Rule] = {
    "undefined update": stability_rules.undefined_update,
    "exploding": stability_rules.exploding,
    "large initial weights": initial_weights.large_initial_weights,
    "vanishing": network_rules.vanishing,
    "dead units": network_rules.dead_units,
    "early explosion": early_explosion.early_explosion,
    "stuck": progress_rules.stuck,
    "leak": data_rules.leak,
    "repeated rows": data_rules.repeated_rows,
    "overfitting": generalisation_rules.overfitting,
    "oscillation": stability_rules.oscillation,
    "noise floor": stability_rules.noise_floor,
    "slow convergence": progress_rules.slow,
    "still falling": progress_rules.still_falling,
    "unequal scales": data_rules.unequal_scales,
    "baseline": result_rules.baseline,
    "imbalance": result_rules.imbalance,
}
"""The rule of each symptom of a run, from the gravest to the mildest.

The docstring of a rule is the text of `gdrun list symptoms`.
"""

STUDY_SYMPTOMS: dict[str, Callable[[Sequence[BestValue]], Symptom | None]] = {
    "edge": study_rules.edge,
}
"""The rule of each symptom of a study as a whole."""

SYMPTOMS: dict[str, Callable[[Any], Symptom | None]] = {**RUN_SYMPTOMS, **STUDY_SYMPTOMS}
"""The rules of all symptoms."""

CURVES = ("stuck", "overfitting", "oscillation", "noise floor", "slow convergence", "still falling")
"""The symptoms that are read from the shape of the loss curve."""

DATA = ("leak", "repeated rows", "unequal scales")
"""The symptoms that are read from the data alone."""

RESULTS = ("baseline", "imbalance")
"""The symptoms that are read from the results of the weights that the run returns."""

BESIDES = frozenset({*DATA, *RESULTS})
"""The symptoms that a run may have besides one that explains its curves."""

HIGH = frozenset(
    {
        "large initial weights",
        "vanishing",
        "dead units",
        "stuck",
        "slow convergence",
        "still falling",
        "baseline",
    }
)
"""The symptoms of a loss that stays high: a remedy removes them only if the run gets better."""

FLATTERING = frozenset({"leak", "repeated rows", "imbalance"})
"""The symptoms that make a metric look too good. The metric may be worse after a cure."""


def diagnose(run: Traced) -> list[Symptom]:
    """The symptoms of a run, the gravest first; empty for a healthy run.

    A run that explodes, or whose update is not defined, has no other symptom: the rest of its trace
    is a consequence of this one. For the same reason a run with large initial weights has no other
    symptom of its curves and layers. A run that returns its initial weights has only `early
    explosion`, `overfitting`, and symptoms of its data and of its results. Symptoms that the config
    mutes are not reported. A remedy that contradicts a remedy of a graver symptom is left out.
    """
    with np.errstate(all="ignore"):  # differences and ratios of losses that are not finite
        return _diagnose(run)


def _diagnose(run: Traced) -> list[Symptom]:
    if (end := _end(run)) is not None:
        found: list[Symptom | None] = [end]
    elif (large := initial_weights.large_initial_weights(run)) is not None:
        found = [large, *(RUN_SYMPTOMS[name](run) for name in RUN_SYMPTOMS if name in BESIDES)]
    elif run.returns_start:
        judged = {"early explosion", "overfitting", *BESIDES}
        found = [RUN_SYMPTOMS[name](run) for name in RUN_SYMPTOMS if name in judged]
    else:
        few = len(run.loss) < FEWEST
        skipped = {name for name in CURVES if few and not _needs_no_curve(name, run)}
        names = [name for name in RUN_SYMPTOMS if name not in skipped]
        found = [RUN_SYMPTOMS[name](run) for name in names]
    reported = _reported(found, run.config.get("diagnose", {}).get("mute") or ())
    return _without_contradictions(run, reported)


def _without_contradictions(run: Traced, symptoms: Sequence[Symptom]) -> list[Symptom]:
    """The symptoms, without remedies that contradict a remedy of a graver symptom.

    Two remedies contradict each other if one raises and the other lowers the same number, such as
    the rate or the epochs. symptoms: the gravest first.
    """
    moved: dict[str, bool] = {}
    kept = []
    for symptom in symptoms:
        remedies = tuple(
            each
            for each in symptom.remedies
            if all(moved.get(key, up) == up for key, up in _moves(run, each).items())
        )
        kept.append(replace(symptom, remedies=remedies))
        for each in remedies:
            moved = _moves(run, each) | moved
    return kept


def _moves(run: Traced, remedy: Remedy) -> dict[str, bool]:
    """For each key whose number a remedy changes, whether the remedy raises the number.

    A rate that comes with another optimizer is left out, because it has another meaning.
    """
    found = {}
    for key, value in remedy.changes.items():
        now: Any = run.config
        for name in key.split("."):
            now = now.get(name) if isinstance(now, Mapping) else None
        numbers = isinstance(value, int | float) and isinstance(now, int | float)
        if numbers and value != now and key.partition(".")[0] not in remedy.changes:
            found[key] = value > now
    return found


def _needs_no_curve(name: str, run: Traced) -> bool:
    """Whether a symptom of CURVES can be found in this run without the shape of the loss curve.

    This is true of slow convergence, if a rule for small changes stopped the run.
    """
    return name == "slow convergence" and run.stopped_by_small_changes


def too_few_evaluations(run: Traced) -> bool:
    """Whether a run has too few evaluations for the rules that need the shape of the loss curve.

    These are named in CURVES. False for a run that explodes, or whose update is not defined.
    """
    return len(run.loss) < FEWEST and _end(run) is None


def _end(run: Traced) -> Symptom | None:
    """The symptom `undefined update` or `exploding`, which explains the trace; else None."""
    rules = (RUN_SYMPTOMS[name] for name in ("undefined update", "exploding"))
    return next((found for rule in rules if (found := rule(run)) is not None), None)


def diagnose_data(run: Traced) -> list[Symptom]:
    """The symptoms of a run's data. The columns of `run.evals` and `run.steps` are not used."""
    muted = run.config.get("diagnose", {}).get("mute") or ()
    return _reported([RUN_SYMPTOMS[name](run) for name in DATA], muted)


def diagnose_study(values: Sequence[BestValue], muted: Collection[str]) -> list[Symptom]:
    """The symptoms of a study as a whole, without those whose names are in `muted`.

    values: the best values that are the smallest or the largest that was tried.
    """
    return _reported([rule(values) for rule in STUDY_SYMPTOMS.values()], muted)


def _reported(found: Sequence[Symptom | None], muted: Collection[str]) -> list[Symptom]:
    return [each for each in found if each is not None and each.name not in muted]
