"""Test remedies: train the diagnosed run again with each one, from the same start and seed.

Single remedies are tried first. Then the best remedies are combined, two at a time: a run with both
unscaled features and a small budget, for instance, needs two remedies.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.recorded_methods import is_loaded, missing_methods
from gdrun.config.sections import SECTIONS
from gdrun.config.writing import to_yaml
from gdrun.engine.listeners import Listener
from gdrun.errors import GdrunError, RecordError
from gdrun.insight.attempts import MILD, Attempt, best_first
from gdrun.insight.cure_limit import cure_limit
from gdrun.insight.goals import Goal, goal_of
from gdrun.runs.judged import judged
from gdrun.runs.record_contents import closing, opening
from gdrun.runs.recorded_experiment import config_of, repeatable_experiment
from gdrun.runs.run import Run
from gdrun.study.design.trials import Trial
from gdrun.study.judgement.stability import predicted_limit, rate_limit
from gdrun.study.tasks import check_fit, tasks_of
from gdrun.symptoms.facts import RateLimit, Remedy, Symptom, Traced
from gdrun.symptoms.lowest_loss import lowest_loss
from gdrun.symptoms.registry import FLATTERING, HIGH
from gdrun.symptoms.surface_points import curvature_at_minima

CLEAR = 1e-4
"""A score is clearly better if it is lower by this share of the largest possible fall.

This fall is from the score at the first evaluation to a lower bound of the loss.
"""

PROMISING = 4
"""The most remedies that are combined in pairs."""

NOISY = FLATTERING | {"unequal scales"}
"""Treated symptoms whose cure may have a noise floor.

Before the cure, the metric is too good, or the descent is too slow to reach a noise floor.
"""

HONEST = frozenset({MILD, "noise floor"})
"""New symptoms that a cure may have if the treated symptom is in NOISY."""


@dataclass(frozen=True)
class _Ended:
    """A run with a remedy that has ended.

    after: its score (see `Goal`). symptoms: the names of its symptoms.
    """

    after: float
    symptoms: tuple[str, ...]


def traced(run: Run) -> Traced:
    """The facts of a run from which symptoms are found, such as its config, trace and status.

    Raises RecordError if the run has not ended, or has no evaluation.
    """
    if not has_ended(run):
        hint = "diagnose the run when it has ended"
        raise RecordError(f"the run has not ended: {run.verdict}", where=run.id, hint=hint)
    if not len(run.evals.get("train_loss", ())):
        hint = f"`gdrun train {config_of(run)}` trains it again, and writes its trace"
        raise RecordError("the run has no evaluation to diagnose", where=run.id, hint=hint)
    facts = judged(run.record, run.config, run.steps, run.evals, _limit(run.config))
    return replace(facts, settling=_settling(run.config))


def has_ended(run: Run) -> bool:
    """Whether a run has ended, and was not interrupted and did not fail: its trace is complete."""
    return run.stop is not None and run.status not in ("running", "interrupted", "failed")


def _limit(config: Mapping[str, Any]) -> RateLimit | None:
    """The stability limit of the learning rate for a config.

    None if theory predicts none, or if the data cannot be loaded.
    """
    try:
        with missing_methods(config):
            limit = predicted_limit(load(dict(config)))
    except GdrunError:
        return None
    if limit is None:
        return None
    return RateLimit(limit.predicted, limit.form, limit.exact, limit.is_bound)


def _settling(config: Mapping[str, Any]) -> float:
    """The stability limit of the rule at the steepest minimum of a surface; ∞ if it is not known.

    Far from a minimum larger rates may be stable, but no run settles at a minimum with them.
    """
    curvature = curvature_at_minima(config["surface"]) if "surface" in config else None
    if curvature is None or not curvature > 0 or config["optimizer"].get("average"):
        return math.inf
    with missing_methods(config):
        limit = rate_limit(load(dict(config)), curvature)
    return math.inf if limit is None else limit[0]


def fitting(config: Mapping[str, Any], remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """The remedies that change this config and give a valid one with which a run can settle.

    Dropout, for instance, is a remedy of networks only, and a penalty needs a rate at which the
    penalty alone does not diverge. If the data cannot be loaded, or a method is of a plugin that is
    not loaded, there is no check that a remedy fits the data.
    """
    checkable = all(is_loaded(config, key) for key in SECTIONS)
    with missing_methods(config):
        original, kept = load(dict(config)), []
        checkable = checkable and _fits(original)
        for remedy in remedies:
            try:
                changed = changed_experiment(config, remedy.changes)
            except GdrunError:
                continue
            if changed == original or _penalty_diverges(changed):
                continue
            if not checkable or _fits(changed):
                kept.append(remedy)
    return tuple(kept)


def _penalty_diverges(experiment: Experiment) -> bool:
    """Whether the l2 penalty alone diverges: its curvature l2 needs a smaller rate, such as 2/l2.

    False with clipping, which bounds the steps, and for a rule without a known limit.
    """
    l2 = experiment.model["l2"]
    limit = rate_limit(experiment, l2) if l2 else None
    clipped = bool(experiment.clip.model_dump(exclude_none=True))
    return limit is not None and not clipped and experiment.optimizer["lr"] > limit[0]


def _fits(experiment: Experiment) -> bool:
    """Whether the data can be loaded, and the experiment fits them."""
    try:
        check_fit([experiment])
    except GdrunError:
        return False
    return True


def try_remedies(
    run: Run, symptoms: Sequence[Symptom], listeners: Sequence[Listener] = ()
) -> list[Attempt]:
    """Train again with each remedy from the start of the run, then with pairs of the best remedies.

    symptoms: those of the run, with remedies that fit its config (see `fitting`). listeners: see
    gdrun.engine.listeners. Returns the attempts in the order of `best_first`. Raises ConfigError if
    the run's data cannot be loaded again, such as arrays from Python; RecordError if a plugin has
    changed since the run.
    """
    repeatable_experiment(run)
    singles = list({_key(each.changes): each for s in symptoms for each in s.remedies}.values())
    if not singles:
        return []
    goal = goal_of(run)
    unchanged = Remedy({}, "")
    before, *ended = _trained(run, [unchanged, *singles], goal, listeners)
    treated = next(each.name for each in symptoms if each.remedies)
    promising = _promising(zip(ended, singles, strict=True), before.after, treated)
    pairs = fitting(run.config, _pairs(promising))
    ended += _trained(run, pairs, goal, listeners)
    known = [each.name for each in symptoms]
    floor = lowest_loss(run.config)
    judge = _Judge(run, known, treated, goal, before.after, ended, floor)
    attempts = [
        judge.attempt(remedy, one) for remedy, one in zip([*singles, *pairs], ended, strict=True)
    ]
    return best_first(attempts)


class _Judge:
    """Decides which attempts cure a run.

    run: the diagnosed run. known: the names of its symptoms. treated: the symptom that a cure
    removes. before: the score of the diagnosed run. ended: the runs of all attempts. floor: a lower
    bound of the loss.
    """

    def __init__(
        self,
        run: Run,
        known: Sequence[str],
        treated: str,
        goal: Goal,
        before: float,
        ended: Sequence[_Ended],
        floor: float,
    ) -> None:
        self._known, self._treated, self._goal, self._before = known, treated, goal, before
        lowest = min((each.after for each in ended if self._clean(each)), default=math.inf)
        scores = -run.evals[goal.metric] if goal.larger else run.evals[goal.metric]
        start = float(scores[0])
        # A start far above a constant prediction says nothing about what is clearly better.
        baseline = run.summary.get("baseline")
        losses: Mapping[str, float | None] = baseline["loss"] if baseline else {}
        constant = losses.get(goal.metric.removesuffix("_loss"))
        fall = abs(min(start, math.inf if constant is None else constant) - floor)
        self._least = least = CLEAR * fall if math.isfinite(before) else 0.0
        allowed = math.inf if treated in FLATTERING else before - least
        self._limit = cure_limit(goal, start, lowest, allowed)

    def attempt(self, remedy: Remedy, one: _Ended) -> Attempt:
        """The attempt with this remedy. one: the run that was trained with the remedy."""
        cured = self._clean(one) and math.isfinite(one.after) and one.after <= self._limit.score
        new = tuple(name for name in one.symptoms if name not in self._known)
        return Attempt(
            remedy.changes,
            self._goal.metric,
            self._goal.shown(self._before),
            self._goal.shown(one.after),
            self._treated,
            one.symptoms,
            self._gone(one),
            cured,
            self._goal.larger,
            new,
            self._barring(one),
            self._limit,
        )

    def _gone(self, one: _Ended) -> bool:
        """Whether the treated symptom is gone; one of a high loss only if the run got better."""
        better = one.after < self._before - self._least or self._treated not in HIGH
        return self._treated not in one.symptoms and better

    def _clean(self, one: _Ended) -> bool:
        """Whether the treated symptom is gone, and there is none that bars a cure."""
        return self._treated not in one.symptoms and not self._barring(one)

    def _barring(self, one: _Ended) -> tuple[str, ...]:
        """The new symptoms that keep an attempt from being a cure."""
        allowed = HONEST if self._treated in NOISY else {MILD}
        return tuple(each for each in one.symptoms if each not in allowed.union(self._known))


def _promising(tried: Iterable[tuple[_Ended, Remedy]], before: float, treated: str) -> list[Remedy]:
    """The best remedies to combine, one for each set of keys that they change.

    A remedy is combined if it improved the score, or if it removed a treated symptom that makes the
    metric too good. Remedies that removed such a symptom are first, then those that leave the
    fewest symptoms, then those with the best score. tried: each remedy with its run. before: the
    score of the diagnosed run. treated: the symptom to remove.
    """
    scored = []
    for one, remedy in tried:
        honest = treated in FLATTERING and treated not in one.symptoms
        if honest or one.after < before:
            scored.append(((not honest, len(set(one.symptoms) - {MILD}), one.after), remedy))
    found: dict[frozenset[str], Remedy] = {}
    values: set[float] = set()  # Two changes with the same result have the same effect.
    for (*_, after), remedy in sorted(scored, key=lambda each: each[0]):
        if after not in values:
            found.setdefault(frozenset(remedy.changes), remedy)
        values.add(after)
    return list(found.values())[:PROMISING]


def _pairs(remedies: Sequence[Remedy]) -> Iterable[Remedy]:
    """Every pair of remedies that change different keys, as one remedy."""
    for one, other in combinations(remedies, 2):
        if not any(_overlap(a, b) for a in one.changes for b in other.changes):
            yield Remedy({**one.changes, **other.changes}, f"{one.why}; {other.why}")


def _overlap(one: str, other: str) -> bool:
    """Whether the keys are equal, or one is a section of the other: optimizer and optimizer.lr."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _trained(
    run: Run,
    remedies: Sequence[Remedy],
    goal: Goal,
    listeners: Sequence[Listener],
) -> list[_Ended]:
    """Train the run's config with each of these remedies. The results have the same order."""
    trials = [
        Trial(number, number, changed_experiment(run.config, each.changes))
        for number, each in enumerate(remedies)
    ]
    started, found = datetime.now(UTC), {}
    for task in tasks_of({each.identity: each for each in trials}.values()):
        trainer = task.trainer(listeners)
        for trial, outcome in zip(task.trials, trainer.run(), strict=True):
            cohort, engine = trainer.cohort, trainer.engine
            record = opening(cohort, engine, trial.experiment, trial.identity, started)
            closed = closing(record, cohort, engine, outcome, trial.experiment.plain())
            names = tuple(each["name"] for each in closed["diagnosis"])
            found[trial.identity] = _Ended(goal.of(outcome, cohort.data), names)
    return [found[each.identity] for each in trials]


def cured_config(run: Run, attempt: Attempt) -> str:
    """The config of the run with the changes of an attempt, as YAML."""
    return to_yaml(changed_experiment(run.config, attempt.changes).plain())


def changed_experiment(config: Mapping[str, Any], changes: Mapping[str, Any]) -> Experiment:
    """The experiment of a config with some changes. Raises ConfigError if it is not valid."""
    return load(dict(config), [dict(changes)])


def _key(changes: Mapping[str, Any]) -> str:
    return json.dumps(dict(changes), sort_keys=True)
