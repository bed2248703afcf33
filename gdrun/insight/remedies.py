"""Remedies that are run: each is one contender of a comparison with the diagnosed run's seed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.errors import ConfigError, RecordError
from gdrun.insight.symptoms import Remedy, Symptom, Traced, diagnose
from gdrun.runs.run import Run
from gdrun.study.judgement.ranking import Standing
from gdrun.study.requests import ComparisonRequest, SweepRequest
from gdrun.study.storage.results import Result


@dataclass(frozen=True)
class Attempt:
    """A remedy that was run.

    before, after: the final value of the metric without and with the changes; infinite if the run
    diverged. cured: whether the first symptom is gone, the metric is lower, and the changed run
    does not explode.
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
    message = run.stop["message"] if run.status == "diverged" else None
    return Traced(run.config, run.evals, message)


def fitting(config: Mapping[str, Any], remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The remedies that change this config and give a valid one.

    Dropout, for instance, is a remedy of networks only.
    """
    original, kept = load(dict(config)), []
    for remedy in remedies:
        try:
            changed = changed_experiment(config, remedy.changes)
        except ConfigError:
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
    attempts = []
    for remedy, experiment, result in zip(remedies.values(), contenders, others, strict=True):
        after = _final(result, metric)
        message = "it diverged" if result.diverged else None
        names = {s.name for s in diagnose(Traced(experiment.plain(), result.evals, message))}
        gone = not names & {symptoms[0].name, "exploding"}
        attempts.append(Attempt(remedy.changes, metric, before, after, gone and after < before))
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
    return load(dict(config), [f"{key}={json.dumps(value)}" for key, value in changes.items()])


def _final(result: Result, metric: str) -> float:
    """The last value of a metric; infinite if the run diverged or the value is not finite."""
    value = float(result.evals[metric][-1])
    return value if math.isfinite(value) and not result.diverged else math.inf
