"""The findings of a sweep: the verdict on each candidate, the best one, and stability limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data import Table
from gdrun.errors import GdrunError, suggestion
from gdrun.notebook_tables import NotebookTable
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.judgement.edges import Edge, edges
from gdrun.study.judgement.metrics import Metric, Target, unlike
from gdrun.study.judgement.ranking import Standing, ranked, standings, usual_target, values_by_seed
from gdrun.study.judgement.stability import StabilityLimit, stability_limits
from gdrun.study.judgement.verdicts import RATE, TRAIN_LOSS, Verdict, verdicts
from gdrun.study.storage.results import Result
from gdrun.study.study import Work


@dataclass(frozen=True)
class Rung:
    """One rung of successive halving: its epoch, and the candidates that were kept and dropped."""

    epoch: float
    kept: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Sweep(NotebookTable):
    """The findings of a sweep.

    standings, verdicts: one for each candidate, in the order of the plan. target: the value of the
    metric until which epochs are counted; None if the loss did not fall. limits: the stability
    limits of the rate on a convex problem, by the label of the other settings. rungs: of successive
    halving. unlike: "data" or "loss" if they differ, so that the values of the metric cannot be
    ranked; else None. progress: the metric that the verdicts are computed from.
    """

    plan: StudyPlan
    axes: tuple[Axis, ...]
    metric: Metric
    standings: tuple[Standing, ...]
    verdicts: tuple[Verdict, ...]
    target: Target | None
    limits: Mapping[str, StabilityLimit]
    work: Work
    rungs: tuple[Rung, ...] = ()
    unlike: Literal["data", "loss"] | None = None
    progress: Metric = TRAIN_LOSS

    def __repr__(self) -> str:
        size = f"{len(self.standings)} settings in {len(self.plan.trials)} runs"
        if self.best is None:
            return f"<Sweep of {size}: no run ended without diverging>"
        reached = self.metric.value(self.ranking[0].spread.median)
        return f"<Sweep of {size}: best {self.best.name}, {self.metric.words} {reached:.4g}>"

    @property
    def ranking(self) -> list[Standing]:
        """The candidates from best to worst."""
        return ranked(self.standings)

    @property
    def best(self) -> Candidate | None:
        """The candidate with the best median; None if no candidate has a finite median."""
        first = next(iter(self.ranking), None)
        return first.candidate if first is not None and first.finite else None

    @property
    def limit(self) -> StabilityLimit | None:
        """The stability limit if only the rate was swept; otherwise, or without a limit, None."""
        return self.limits.get("")

    @property
    def complete(self) -> bool:
        """Whether every trial has ended."""
        return self.ended == len(self.plan.trials)

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return sum(len(each.results) for each in self.standings)

    @property
    def diverged(self) -> bool:
        """Whether every run diverged."""
        return all(standing.diverged == len(standing.results) for standing in self.standings)

    @property
    def shared_seconds(self) -> int:
        """How many runs were ended by a budget in seconds while other runs trained with them."""
        records = [result.record for each in self.standings for result in each.results]
        return sum(each["stop"]["rule"] == "seconds" and each["lanes"] > 1 for each in records)

    def values(self, key: str) -> Array:
        """The values of a swept key, one for each candidate: (candidates,).

        key: the dotted path of the key, or its last part. Raises GdrunError if it was not swept.
        """
        known = {axis.leaf: axis.key for axis in self.axes} | {a.key: a.key for a in self.axes}
        if key not in known:
            raise GdrunError(f"{key!r} was not swept", hint=suggestion(key, known))
        return np.array([each.candidate.settings[known[key]] for each in self.standings])

    @property
    def results(self) -> Numbers:
        """The metric of every run (candidates, seeds); NaN if one diverged or is missing."""
        return values_by_seed(self.plan, self.standings, self.metric)

    @property
    def medians(self) -> Numbers:
        """The median of the metric over seeds, (candidates,); infinite if half of them diverged."""
        return np.array([self.metric.sign * each.spread.median for each in self.standings])

    @property
    def at_edge(self) -> list[Edge]:
        """The axes of numbers whose best value is the smallest or the largest that was tried."""
        tried = [standing.candidate for standing in self.standings]
        return [] if self.best is None else edges(self.axes, self.best, tried)


def judge_sweep(
    plan: StudyPlan,
    axes: Sequence[Axis],
    results: Mapping[str, Result],
    metric: Metric,
    work: Work,
    *,
    table: Table | None = None,
    target: Target | None = None,
    rungs: Sequence[Rung] = (),
) -> Sweep:
    """Return the findings of a sweep. results: by the identity of their trials.

    table: replaces the dataset. target: None for the default target.
    """
    found = standings(plan, results, metric)
    experiments = [candidate.experiment for candidate in plan.candidates]
    comparable = unlike(TRAIN_LOSS, experiments, table) is None
    progress = TRAIN_LOSS if comparable else metric
    words = verdicts(found, progress)
    # Halving may drop a rate before its run shows whether the rate is stable.
    swept = RATE in [axis.key for axis in axes] and not rungs
    limits = stability_limits(found, words, table) if swept else {}
    return Sweep(
        plan,
        tuple(axes),
        metric,
        found,
        tuple(words),
        target or usual_target(found, metric),
        limits,
        work,
        tuple(rungs),
        unlike(metric, experiments, table),
        progress,
    )
