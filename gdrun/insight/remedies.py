"""Remedies that are run: each is one contender of a comparison with the diagnosed run's seed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.errors import GdrunError, RecordError
from gdrun.runs.run import Run
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.stability import predicted_limit
from gdrun.study.requests import ComparisonRequest, SweepRequest
from gdrun.study.storage.results import Result
from gdrun.study.tasks import check_fit
from gdrun.symptoms.facts import Remedy, Symptom, Traced, traced_of
from gdrun.symptoms.registry import diagnose

CLOSE = 0.1
"""A metric is close to the best one if they differ by at most this share of the best fall."""


@dataclass(frozen=True)
class Attempt:
    """A remedy that was run.

    before, after: the final value of the metric without and with the changes; infinite if the run
    diverged. cured: whether the first symptom is gone, there is no new one (a loss that still falls
    does not count), and the metric is lower than before and close to that of the best remedy.
    """

    changes: Mapping[str, Any]
    metric: str
    before: float
    after: float
    cured: bool


def traced(run: Run) -> Traced:
    """The parts of a run that symptoms are read from. Raises RecordError if it has not ended."""
    if run.stop is None or run.status in ("running", "interrupted", "failed"):
        hint = "diagnose a run that has ended"
        raise RecordError(f"the run has not ended: {run.verdict}", where=run.id, hint=hint)
    if not len(run.evals.get("train_loss", ())):
        raise RecordError("the run has no evaluation to diagnose", where=run.id)
    return traced_of(run.record, run.config, run.steps, run.evals, _limit(run.config))


def _limit(config: Mapping[str, Any]) -> float | None:
    """The stability limit of the rate, None if theory predicts none or the data are not there."""
    try:
        limit = predicted_limit(load(dict(config)))
    except GdrunError:
        return None
    return None if limit is None else limit.predicted


def fitting(config: Mapping[str, Any], remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The remedies that change this config and give a valid one.

    Dropout, for instance, is a remedy of networks only.
    """
    original, kept = load(dict(config)), []
    for remedy in remedies:
        try:
            changed = changed_experiment(config, remedy.changes)
            check_fit([changed])
        except GdrunError:
            continue
        if changed != original:
            kept.append(remedy)
    return tuple(kept)


def try_remedies(run: Run, symptoms: Sequence[Symptom]) -> list[Attempt]:
    """Train with each remedy from the run's start; the attempts, from the best to the worst.

    Raises ConfigError if the run's data cannot be loaded again, such as arrays from Python.
    """
    remedies = {json.dumps(dict(r.changes)): r for s in symptoms for r in s.remedies}
    if not remedies:
        return []
    # Contenders are told apart by their names.
    contenders = [
        changed_experiment(run.config, {**each.changes, "name": f"remedy-{number}"})
        for number, each in enumerate(remedies.values(), start=1)
    ]
    unchanged = changed_experiment(run.config, {"name": "unchanged"})
    first, *others = _results([unchanged, *contenders])
    metric = "validation_loss" if "validation_loss" in run.evals else "train_loss"
    before = _final(first, metric)
    known = {each.name for each in symptoms}
    afters = [_final(result, metric) for result in others]
    start = float(run.evals[metric][0])
    enough = min(afters) + CLOSE * max(start - min(afters), 0.0)
    attempts = []
    for remedy, experiment, result, after in zip(
        remedies.values(), contenders, others, afters, strict=True
    ):
        facts = traced_of(result.record, experiment.plain(), result.steps, result.evals)
        names = {each.name for each in diagnose(facts)}
        new = names - known - {"slow convergence", "still falling"}
        gone = symptoms[0].name not in names and not new
        attempts.append(
            Attempt(
                remedy.changes, metric, before, after, gone and after < before and after <= enough
            )
        )
    return sorted(attempts, key=lambda each: (not each.cured, each.after))


def _results(experiments: Sequence[Experiment]) -> list[Result]:
    """The result of each experiment, in their order.

    The contenders of one comparison have the same dataset, so there is one comparison a dataset.
    """
    groups: dict[str, list[Experiment]] = {}
    for each in experiments:
        groups.setdefault(json.dumps(each.dataset.plain(), default=str), []).append(each)
    results = {}
    for group in groups.values():
        for experiment, standing in zip(group, _standings(group), strict=True):
            results[experiment.name] = standing.results[0]
    return [results[each.name] for each in experiments]


def _standings(group: Sequence[Experiment]) -> list[Standing]:
    """The standing of each experiment; one alone is a sweep of size 1."""
    if len(group) > 1:
        compared = ComparisonRequest(config=group[0], contenders=group, seeds=1).planned().run()
        return [each.standing for each in compared.contenders]
    (only,) = group
    values = {"optimizer.lr": [only.plain()["optimizer"]["lr"]]}
    return list(SweepRequest(config=only, values=values).planned().run().standings)


def changed_experiment(config: Mapping[str, Any], changes: Mapping[str, Any]) -> Experiment:
    """The experiment of a config with some changes. Raises ConfigError if it is not valid."""
    return load(dict(config), [dict(changes)])


def _final(result: Result, metric: str) -> float:
    """The last value of a metric; infinite if the run diverged or the value is not finite."""
    value = float(result.evals[metric][-1])
    return value if math.isfinite(value) and not result.diverged else math.inf
