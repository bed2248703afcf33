"""The stability limit of the learning rate, as a sweep observes it and as theory predicts it.

gdrun.methods.stability_limits has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.engine.build import cohort_of
from gdrun.methods.stability_limits import FORMULAS, LIMITS
from gdrun.problems.smoothness import is_exact, smoothness
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.verdicts import Verdict, others
from gdrun.study.tasks import prepared

MOST_GROUPS = 6
"""With more combinations of other swept keys, no limits are shown: they would fill a screen."""

_TIME_CONSTANTS = 1.5
"""The fewest steps of a run that can show whether its rate is stable, in units of 1/(1 − β)."""


@dataclass(frozen=True)
class StabilityLimit:
    """The stability limit of the learning rate, as theory predicts it and as a sweep observed it.

    smoothness: the largest curvature L. predicted: the predicted limit. form: the formula of
    `predicted`, such as 2/L. exact: True if every rate above `predicted` is unstable; False if some
    may be stable. unstable: the smallest rate that was unstable; None if there is none. stable: the
    largest stable rate below `unstable`; None if there is none. The observed limit is between
    `stable` and `unstable`. unclear: the smallest rate between them that shows neither, because its
    loss rose above its start, but its peaks were falling; None if there is none. steps_needed:
    None, unless all runs were too short to show the limit; then the fewest steps that can show it.
    is_bound: whether L is only an upper bound of the curvature, so that the largest stable rate may
    be far above `predicted`.
    """

    smoothness: float
    predicted: float
    form: str
    exact: bool
    stable: float | None
    unstable: float | None
    steps_needed: int | None = None
    unclear: float | None = None
    is_bound: bool = False


def stability_limits(
    found: Sequence[Standing], verdicts: Sequence[Verdict], table: Table | None = None
) -> dict[str, StabilityLimit]:
    """The stability limit for each combination of the swept keys except the rate.

    The keys of the result are the labels of the combinations; the label is empty if only the rate
    was swept. Combinations for which theory predicts no limit are left out. The result is empty
    with more than MOST_GROUPS combinations.
    found, verdicts: the standing and the verdict of every candidate. table: the data that replace
    the dataset; None to use the dataset.
    """
    groups: dict[str, list[tuple[Standing, Verdict]]] = {}
    for standing, verdict in zip(found, verdicts, strict=True):
        groups.setdefault(others(standing.candidate), []).append((standing, verdict))
    limits = {}
    for own, members in groups.items() if len(groups) <= MOST_GROUPS else ():
        standings, words = zip(*members, strict=True)
        limit = predicted_limit(standings[0].candidate.experiment, table)
        if limit is not None:
            limits[own] = observed_limit(standings, words, limit)
    return limits


def predicted_limit(experiment: Experiment, table: Table | None = None) -> StabilityLimit | None:
    """The stability limit that theory predicts for the experiment's problem and update rule.

    `stable` and `unstable` of the limit are None: nothing is observed yet. Returns None if the rule
    has no formula, if the weights are averaged, or if the largest curvature L is unknown, 0 or not
    finite. table: the data that replace the dataset; None to use the dataset.
    """
    rule = experiment.optimizer
    if rule.name not in LIMITS or rule["average"] is not None:
        return None
    cohort = cohort_of([experiment], prepared(experiment, table))
    with np.errstate(all="ignore"):  # features whose squares overflow
        bound = smoothness(cohort.model, cohort.train.X, experiment.model["l2"])
    if bound is None or not 0 < bound < math.inf:
        return None
    limit = LIMITS[rule.name](rule.options) / bound
    # The examples of a surface are its noise: without noise every batch has the full gradient.
    whole = cohort.batching.whole or (cohort.surface is not None and not cohort.train.X.any())
    known = is_exact(cohort.model)
    exact = known and whole and _constant(experiment)
    form = FORMULAS[rule.name](rule.options)
    return StabilityLimit(bound, limit, form, exact, None, None, is_bound=not known)


def smaller_rates(tried: Iterable[float], predicted: Iterable[float]) -> str:
    """Rates to try next if no rate lowered the training loss, as values to sweep.

    The largest of them is the smallest rate that was tried, divided by √10, or the smallest
    predicted limit if that is smaller.

    >>> smaller_rates([1.0, 10.0], [0.25])
    'log:0.00025:0.25:7'
    """
    highest = min([min(tried) / 10**0.5, *predicted])
    return f"log:{highest / 1000:.4g}:{highest:.4g}:7"


def rate_limit(experiment: Experiment, curvature: float) -> tuple[float, str] | None:
    """The stability limit of the experiment's rule at a largest curvature L, and its formula.

    None if the rule has no formula.
    """
    rule = experiment.optimizer
    if rule.name not in LIMITS:
        return None
    return LIMITS[rule.name](rule.options) / curvature, FORMULAS[rule.name](rule.options)


def stable_curvature(experiment: Experiment, rate: float) -> float | None:
    """The largest curvature at which the experiment's rule is stable with this learning rate.

    None if the rule has no formula, or the rate is 0.
    """
    rule = experiment.optimizer
    return LIMITS[rule.name](rule.options) / rate if rule.name in LIMITS and rate > 0 else None


def _constant(experiment: Experiment) -> bool:
    """Whether the rate is the same at every step, and the gradient is not clipped.

    A schedule, warm-up or clipping can make a run stable whose rate is above the limit.
    """
    clips = experiment.clip.model_dump(exclude_none=True)
    schedule = experiment.schedule
    return schedule.name == "constant" and not schedule["warmup"] and not clips


def observed_limit(
    found: Sequence[Standing], verdicts: Sequence[Verdict], limit: StabilityLimit
) -> StabilityLimit:
    """The predicted limit, completed with the rates that were stable and unstable.

    found, verdicts: the standing and the verdict of each candidate; the candidates differ only in
    the rate. limit: the predicted one. If all runs were too short to show stability, only
    `steps_needed` is completed: with momentum the loss may rise in the first steps even at a stable
    rate. If all rates diverged, short runs are enough.
    """
    longest = max(result.record["stop"]["step"] for each in found for result in each.results)
    beta = found[0].candidate.experiment.optimizer.options.get("beta", 0.0)
    needed = math.ceil(round(_TIME_CONSTANTS / (1 - beta), 6))
    if longest < needed and any(verdict.word != "diverged" for verdict in verdicts):
        return replace(limit, steps_needed=needed)
    rates: dict[str, list[float]] = {"stable": [], "unstable": [], "unclear": []}
    for standing, verdict in zip(found, verdicts, strict=True):
        kind = "unstable" if not verdict.stable else "stable" if standing.descends else "unclear"
        rates[kind].append(standing.candidate.experiment.optimizer["lr"])
    unstable = min(rates["unstable"], default=None)
    highest = math.inf if unstable is None else unstable
    stable = max((rate for rate in rates["stable"] if rate < highest), default=None)
    lowest = -math.inf if stable is None else stable
    unclear = min((rate for rate in rates["unclear"] if lowest < rate < highest), default=None)
    return replace(limit, stable=stable, unstable=unstable, unclear=unclear)
