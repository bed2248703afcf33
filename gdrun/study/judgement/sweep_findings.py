"""The findings of a sweep: a verdict on each candidate, the best candidate, stability limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.config.key_paths import RATE
from gdrun.data import Table
from gdrun.errors import GdrunError, suggestion
from gdrun.quantities import quantity
from gdrun.result_tables import StudyTables
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.best import Best, best_of
from gdrun.study.judgement.divergence import cause_beyond_rates
from gdrun.study.judgement.edges import Edge, edges
from gdrun.study.judgement.fastest import fastest_first
from gdrun.study.judgement.flat_ends import common_flat_end
from gdrun.study.judgement.metrics import Metric, Target, unlike
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import Standing, in_order_of_values, ranked, standings
from gdrun.study.judgement.row_help import help_on
from gdrun.study.judgement.rungs import Rung, continuing
from gdrun.study.judgement.seed_values import values_by_seed
from gdrun.study.judgement.stability import StabilityLimit, smaller_rates, stability_limits
from gdrun.study.judgement.statistics import Interval
from gdrun.study.judgement.stopping_targets import stopping_target
from gdrun.study.judgement.training_progress import training_progress
from gdrun.study.judgement.usual_target import best_improvement, usual_target
from gdrun.study.judgement.verdicts import Verdict, verdicts
from gdrun.study.storage.results import Result
from gdrun.study.study import Work
from gdrun.symptoms.facts import Symptom
from gdrun.symptoms.surface_points import FlatPoint

_PARTS = {
    "`best` has": Best,
    "A row of `ranking` has": Standing,
    "An `interval` has": Interval,
    "A result in a row's `results` has": Result,
}


@dataclass(frozen=True, repr=False)
class Sweep(StudyTables):
    __doc__ = f"""The findings of a sweep: `best`, `ranking`, `results` and tables.

    axes: the swept keys with their values. metric: ranks the candidates. standings, verdicts: the
    standing (results, scores and rank) and the verdict of each candidate, in the order of the plan.
    target: the value of a metric that the runs should reach; the epochs until then are counted;
    None if no candidate improved on the initial value, or if `unlike` is set and the candidates
    do not all stop at the same target. limits: the stability limits of the rate on a convex
    problem, by the label of the other settings. work: what the sweep cost (the numbers of trials
    and cohorts, and seconds). rungs: the epochs at which successive halving dropped candidates.
    unlike: "data" or "loss" if the candidates have different data or losses, so that the values of
    the metric cannot be ranked; else None. directory: the path of the study's files; None if
    nothing was written.

{help_on(_PARTS)}
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
    directory: Path | None = None

    _ROWS: ClassVar = {"ranking": Standing}

    def _places(self) -> dict[str, str]:
        swept = {axis.leaf: f'values("{axis.leaf}")' for axis in self.axes}
        return {**super()._places(), **swept, "trials": "standings"}

    def __repr__(self) -> str:
        size = f"{len(self.standings)} settings in {self.plan.runs} runs"
        if self.best is None:
            return f"<Sweep of {size}: no best setting{' yet' if self.continuing else ''}>"
        reached = self.metric.value(self.ranking[0].spread.median)
        return f"<Sweep of {size}: best {self.best.name}, {self.metric.words} {quantity(reached)}>"

    @property
    def ranking(self) -> list[Standing]:
        """The standings (results, scores and rank) of the candidates, from best to worst.

        Candidates of the same rank are in ascending order of their values, whatever the order in
        which these were given (see `in_order_of_values`).
        """
        return ranked(in_order_of_values(self.standings))

    @property
    def tied(self) -> list[Standing]:
        """The standings with the rank 1: the best candidate first, then those as good as it."""
        return [each for each in self.ranking if each.rank == 1]

    @property
    def best(self) -> Best | None:
        """The candidate that reaches the default target first, of those as good as the best.

        If all runs stop at the same target of the metric, it is the one that needs the least work
        to reach it. First means after the fewest epochs, and as good means a median within about
        2 % of the best median (see `fastest_first`). Of several with the rank 1, it is the first in
        ascending order of the values. None if no candidate lowers the training loss,
        no median is finite, or `unlike` is set; and in an interrupted sweep with successive
        halving, while only candidates that it dropped have runs that ended.
        """
        return None if self.unlike else best_of(next(iter(self.ranking), None))

    @property
    def best_progress(self) -> float | None:
        """The progress p of the training loss of the best setting (see `training_progress`).

        None if a loss ranks the settings, or none is the best.
        """
        if self.best is None:
            return None
        return training_progress(self.standings, self.ranking[0], self.metric)

    @property
    def limit(self) -> StabilityLimit | None:
        """The stability limit of the rate; None if other keys were swept, or no limit is known."""
        return self.limits.get("")

    @property
    def improvement(self) -> Improvement | None:
        """The best improvement of the metric.

        The verdicts and the default target depend on the share of it that a setting made.
        None if no median is finite, or `unlike` is set.
        """
        return None if self.unlike else best_improvement(self.standings, self.metric)

    @property
    def complete(self) -> bool:
        """Whether every trial has ended."""
        return self.ended == len(self.plan.trials)

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return sum(len(each.results) for each in self.standings)

    @property
    def continuing(self) -> tuple[str, ...]:
        """The candidates that successive halving kept and that have missing runs.

        They have the order of the last rung, from best to worst. Empty without rungs.
        """
        seeds = len(self.plan.seeds)
        complete = {each.name for each in self.standings if len(each.results) == seeds}
        return continuing(self.rungs, complete)

    @property
    def diverged(self) -> bool:
        """Whether every run of the plan has ended, and diverged."""
        return self.complete and all(each.diverged == each.runs for each in self.standings)

    @property
    def descends(self) -> bool:
        """Whether at least one candidate lowers the training loss."""
        return any(standing.descends for standing in self.standings)

    @property
    def shared_seconds(self) -> int:
        """The number of runs that a budget in seconds ended and that did not train alone."""
        records = [result.record for each in self.standings for result in each.results]
        return sum(each["stop"]["rule"] == "seconds" and each["lanes"] > 1 for each in records)

    def values(self, key: str) -> Array:
        """The values of a swept key, one for each candidate: (candidates,).

        key: the dotted path of the key, or the last part of it, such as lr. Raises GdrunError if
        the key was not swept.
        """
        known = {axis.leaf: axis.key for axis in self.axes} | {a.key: a.key for a in self.axes}
        if key not in known:
            raise GdrunError(f"{key!r} was not swept", hint=suggestion(key, known))
        return np.array([each.candidate.settings[known[key]] for each in self.standings])

    @property
    def results(self) -> Numbers:
        """The metric of every run (candidates, seeds); NaN for a diverged or missing run.

        The rows are in the order of `standings`, in which the values were given, and not of
        `ranking`.
        """
        return values_by_seed(self.plan, self.standings, self.metric)

    @property
    def medians(self) -> Numbers:
        """The median of the metric over seeds, (candidates,).

        Infinite for a candidate if at least half of its runs diverged.
        """
        return np.array([self.metric.sign * each.spread.median for each in self.standings])

    @property
    def at_edge(self) -> list[Edge]:
        """The numeric axes whose best value is the smallest or the largest that was tried.

        An axis on which settings of rank 1 have different values has no edge.
        Empty if all good settings end at the same flat point: other values would end there, too.
        Also empty while runs are missing, because a missing run may be the best.
        """
        tried = [standing.candidate for standing in self.standings]
        if self.best is None or not self.complete or self.flat_end is not None:
            return []
        return edges(self.axes, self.best, tried, [each.candidate for each in self.tied])

    @cached_property
    def flat_end(self) -> FlatPoint | None:
        """The saddle point or plateau where all good settings end.

        None if a good setting does not end there, or while runs are missing.
        """
        pairs = zip(self.standings, self.verdicts, strict=True)
        good = [standing for standing, verdict in pairs if verdict.word in ("best", "good")]
        return None if self.unlike or not self.complete else common_flat_end(good)

    @cached_property
    def cause_beyond_rates(self) -> Symptom | None:
        """Why every run with the smallest rate diverged, if smaller rates would diverge too.

        None while runs are missing.
        """
        if not self.complete:
            return None
        rates = [each.candidate.experiment.optimizer["lr"] for each in self.standings]
        pairs = zip(self.standings, rates, strict=True)
        return cause_beyond_rates([each for each, rate in pairs if rate == min(rates)])

    @property
    def smaller_rates(self) -> str | None:
        """The rates to try next if no candidate lowers the loss, as a text such as log:1e-4:0.1:7.

        The largest of them is the smallest rate that was tried, divided by √10, or the predicted
        stability limit if that is smaller. None if a candidate lowers the loss, runs are missing,
        no rate was swept, or smaller rates do not help (`cause_beyond_rates`).
        """
        if not self.complete or RATE not in [axis.key for axis in self.axes]:
            return None
        if self.descends or self.cause_beyond_rates is not None:
            return None
        predicted = (limit.predicted for limit in self.limits.values())
        return smaller_rates(self.values(RATE).tolist(), predicted)


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
    """Return the findings of a sweep.

    axes: the swept keys with their values. results: of the trials that have ended, by the trial's
    identity. work: what the sweep cost. table: the data that replace the dataset; None to use the
    dataset. target: None for the common target at which all runs stop or, without one, the default
    target (`usual_target`). rungs: the epochs at which successive halving
    dropped candidates.
    """
    found = standings(plan, results, metric, rungs)
    experiments = [candidate.experiment for candidate in plan.candidates]
    differing = unlike(metric, experiments, table)
    if differing is None:
        found = fastest_first(found, metric)
    goal = target or stopping_target(experiments)
    words = verdicts(found, metric, goal, ranked=differing is None)
    # Halving may drop a rate before its run shows whether the rate is stable.
    swept = RATE in [axis.key for axis in axes] and not rungs
    limits = stability_limits(found, words, table) if swept else {}
    return Sweep(
        plan,
        tuple(axes),
        metric,
        found,
        tuple(words),
        goal or (None if differing else usual_target(found, metric)),
        limits,
        work,
        tuple(rungs),
        differing,
    )
