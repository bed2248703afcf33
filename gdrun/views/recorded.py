"""Runs and trials of studies in one form, for views that show both: reports and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.flat_configs import flat, options
from gdrun.config.writing import short_flow
from gdrun.engine.trace import Columns
from gdrun.runs.run import Run
from gdrun.runs.statuses import shown_status
from gdrun.runs.summary import numbers_of
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.symptoms import symptoms_of
from gdrun.study.storage.results import Result


@dataclass(frozen=True)
class Recorded:
    """What was recorded of one run, or of one trial of a study.

    id: of the run, or the hash of the trial's experiment. name: a short name that no other run of
    the same view has. status: the word that the screen shows. verdict: a sentence on how the run
    ended. config: with all defaults. summary: the numbers of run.json's summary, with the metrics
    by part, such as validation_f1; for a trial also trained_together, the number of trials
    that trained together: they have the same `seconds`, those of all of them. diagnosis: the
    symptoms as sentences. symptom: the name of the gravest one; None for a healthy run. steps,
    evals: the columns of the trace. labels: for a trial the name of its contender or setting, and
    its seed; empty for a run.
    """

    id: str
    name: str
    status: str
    verdict: str
    config: Mapping[str, Any]
    summary: Mapping[str, float]
    diagnosis: tuple[str, ...]
    steps: Columns
    evals: Columns
    labels: Mapping[str, Any] = field(default_factory=dict)
    symptom: str | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The values of the config as short texts, by dotted path."""
        return flat(self.config)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the config by dotted path: numbers, booleans, texts or None.

        A list is one short text.
        """
        return {
            path: short_flow(value) if isinstance(value, list) else value
            for path, value in options(self.config)
        }


def recorded_runs(runs: Sequence[Run]) -> list[Recorded]:
    """The records of runs, named as in the config of the run, or by its id if names are equal."""
    names = [str(run.config["name"]) for run in runs]
    return [
        Recorded(
            id=run.id,
            name=name if names.count(name) == 1 else run.id,
            status=shown_status(run.record),
            verdict=run.verdict,
            config=run.config,
            summary=numbers_of(run.summary),
            diagnosis=_diagnosis(run.record),
            symptom=next((each["name"] for each in run.record.get("diagnosis") or ()), None),
            steps=run.steps,
            evals=run.evals,
        )
        for run, name in zip(runs, names, strict=True)
    ]


def recorded_trials(found: Sweep | Comparison) -> list[Recorded]:
    """The records of all trials of a study that have ended, in the order of its plan."""
    experiments = {trial.identity: trial.experiment for trial in found.plan.trials}
    kind = "setting" if isinstance(found, Sweep) else "contender"
    return [
        _trial(standing, result, experiments[result.identity], kind)
        for standing in standings_of(found)
        for result in standing.results
    ]


def standings_of(found: Sweep | Comparison) -> list[Standing]:
    """The standing (results, scores and rank) of each candidate of a study."""
    if isinstance(found, Comparison):
        return [contender.standing for contender in found.contenders]
    return list(found.standings)


def ranking_of(found: Sweep | Comparison) -> list[Standing]:
    """The standing (results, scores and rank) of each candidate of a study, from best to worst."""
    if isinstance(found, Comparison):
        return [contender.standing for contender in found.ranking]
    return found.ranking


def _trial(standing: Standing, result: Result, experiment: Experiment, kind: str) -> Recorded:
    """The record of a trial. kind: what the study calls its candidates."""
    name, stop = standing.candidate.name, result.record["stop"]
    # Metrics of the validation part are in the evaluations only.
    names = [each for each in result.evals if each.startswith("validation_")]
    measured = {each: value for each in names if (value := result.number(each)) is not None}
    several = len(standing.results) > 1
    return Recorded(
        id=result.identity,
        name=f"{name}, seed {experiment.seed}" if several else name,
        status=shown_status(result.record),
        verdict=stop["message"] if stop else "",
        config=experiment.plain(),
        summary={
            **numbers_of(result.summary),
            **measured,
            "trained_together": result.record["lanes"],
        },
        diagnosis=_diagnosis(result.record),
        steps=result.steps,
        evals=result.evals,
        labels={kind: name, "seed": experiment.seed},
        symptom=next((each.name for each in symptoms_of(experiment, [result])[0]), None),
    )


def _diagnosis(record: Mapping[str, Any]) -> tuple[str, ...]:
    found = record.get("diagnosis") or []
    return tuple(str(each.get("sentence") or each.get("name")) for each in found)
