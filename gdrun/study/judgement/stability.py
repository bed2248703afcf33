"""How large a learning rate may be: the limit that a sweep observed, and the predicted one.

On a quadratic with curvature at most L, a rule with a constant rate α is stable where

    gradient descent            α < 2 / L
    heavy ball                  α < 2 (1 + β) / ((1 − δ) L)
    Nesterov's momentum         α < 2 (1 + β) / ((1 + 2β) L)

and unstable above, in the direction of the largest curvature. On another convex objective L is the
largest curvature anywhere, so these rates are safe, and larger ones may be.

Source: Polyak 1964; Lessard, Recht & Packard 2016 for both kinds of momentum. β is beta and δ the
dampening: the roots of z² − (1 + β − (1 − δ)αL) z + β, or of z² − (1 + β)(1 − αL) z + β(1 − αL),
leave the unit circle at −1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.engine.build import cohort_of
from gdrun.problems.smoothness import is_exact, smoothness
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.verdicts import Verdict, others
from gdrun.study.tasks import prepared

_LIMITS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "vanilla": lambda options: 2.0,
    "momentum": lambda options: 2 * (1 + options["beta"]) / (1 - options["dampening"]),
    "nesterov": lambda options: 2 * (1 + options["beta"]) / (1 + 2 * options["beta"]),
}
"""The stability limit of each rule that has one, in units of 1/L."""

_FORMS = {"vanilla": "2/L", "momentum": "2(1 + β)/L", "nesterov": "2(1 + β)/((1 + 2β)L)"}

MOST_GROUPS = 6

_MEMORIES = 1.5
"""The steps that a limit takes to be seen, in units of momentum's memory 1/(1 − β)."""


@dataclass(frozen=True)
class StabilityLimit:
    """The predicted limit, by its formula, and the two neighbours on the grid it was seen between.

    stable: the largest rate below which every rate was stable; None where the smallest was not.
    unstable: the smallest rate that was not; None where all were stable. exact: whether the
    prediction is a limit, and not only a bound within which every rate is safe.
    """

    smoothness: float
    predicted: float
    form: str
    exact: bool
    stable: float | None
    unstable: float | None


def stability_limits(
    found: Sequence[Standing], verdicts: Sequence[Verdict], table: Table | None = None
) -> dict[str, StabilityLimit]:
    """The limit of the rate under each combination of the other swept keys, by their settings.

    Empty where there are so many of them that no one would read all.
    """
    groups: dict[str, list[tuple[Standing, Verdict]]] = {}
    for standing, verdict in zip(found, verdicts, strict=True):
        groups.setdefault(others(standing.candidate), []).append((standing, verdict))
    limits = {}
    for own, members in groups.items() if len(groups) <= MOST_GROUPS else ():
        standings, words = zip(*members, strict=True)
        limit = predicted_limit(standings[0].candidate.experiment, table)
        seen = limit and observed_limit(standings, words, limit)
        if seen:
            limits[own] = seen
    return limits


def predicted_limit(experiment: Experiment, table: Table | None = None) -> StabilityLimit | None:
    """What the theory says of this problem and rule; None where it has nothing to say."""
    rule = experiment.optimizer
    if rule.name not in _LIMITS or rule["average"] is not None:
        return None
    cohort = cohort_of([experiment], prepared(experiment, table))
    bound = smoothness(cohort.model, cohort.train.X, experiment.model["l2"])
    if bound is None or bound <= 0:
        return None
    limit = _LIMITS[rule.name](rule.options) / bound
    exact = is_exact(cohort.model) and cohort.batching.whole and _constant(experiment)
    return StabilityLimit(bound, limit, _FORMS[rule.name], exact, None, None)


def _constant(experiment: Experiment) -> bool:
    """Whether every step is the gradient times the rate itself: no schedule, warm-up or clipping
    lets a rate above the limit come down in the end.
    """
    clips = experiment.clip.model_dump(exclude_none=True)
    schedule = experiment.schedule
    return schedule.name == "constant" and not schedule["warmup"] and not clips


def observed_limit(
    found: Sequence[Standing], verdicts: Sequence[Verdict], limit: StabilityLimit
) -> StabilityLimit | None:
    """The prediction with what a sweep over rates alone observed beside it.

    None where no run was long enough to see it: momentum's first swing rises at stable rates too.
    """
    longest = max(result.record["stop"]["step"] for each in found for result in each.results)
    if longest < _MEMORIES / (1 - found[0].candidate.experiment.optimizer.options.get("beta", 0.0)):
        return None
    rates = sorted(
        (standing.candidate.experiment.optimizer["lr"], verdict.stable)
        for standing, verdict in zip(found, verdicts, strict=True)
    )
    unstable = next((rate for rate, stable in rates if not stable), None)
    below = [rate for rate, stable in rates if stable and (unstable is None or rate < unstable)]
    return StabilityLimit(
        limit.smoothness,
        limit.predicted,
        limit.form,
        limit.exact,
        max(below, default=None),
        unstable,
    )
