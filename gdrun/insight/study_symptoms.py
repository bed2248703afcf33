"""The diagnosis of a sweep or a comparison: of the study as a whole, and of each of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gdrun.config.writing import short_flow
from gdrun.insight.remedies import fitting
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.symptoms import symptoms_of
from gdrun.study.storage.records import StudyRecord
from gdrun.symptoms.facts import Remedy, Symptom
from gdrun.symptoms.registry import diagnose_study
from gdrun.symptoms.study_rules import BestValue


@dataclass(frozen=True)
class RunSymptoms:
    """The symptoms of one run of a study, the gravest first; none for a healthy run.

    name: the name of the setting or the contender of the run.
    """

    name: str
    seed: int
    symptoms: Sequence[Symptom]


@dataclass(frozen=True)
class StudySymptoms:
    """The symptoms of a study.

    symptoms: those of its data, and those of the study as a whole. runs: the symptoms of each run
    that has ended, in the order of the ranking.
    """

    symptoms: Sequence[Symptom]
    runs: Sequence[RunSymptoms]


def study_symptoms(study: Sweep | Comparison, record: StudyRecord) -> StudySymptoms:
    """Diagnose a study, its data, and each of its runs that has ended.

    record: the contents of study.json, with the symptoms of the data and the labels of the classes.
    """
    if isinstance(study, Sweep):
        standings, values = study.ranking, _sweep_edges(study)
    else:
        standings, values = [each.standing for each in study.ranking], _tuning_edges(study)
    if not standings:
        return StudySymptoms((), ())
    first = standings[0].candidate.experiment
    muted = first.diagnose.mute or ()
    seeds = {trial.identity: trial.experiment.seed for trial in study.plan.trials}
    same = study.unlike != "data" and "data" in record
    classes = record["data"].get("classes", ()) if same else ()
    runs = [run for each in standings for run in _runs(each, seeds, classes)]
    found = [
        Symptom(
            each["name"],
            each["confidence"],
            each["evidence"],
            fitting(first.plain(), [Remedy(r["changes"], r["why"]) for r in each["remedies"]]),
        )
        for each in record.get("data_symptoms", ())
    ]
    return StudySymptoms([*found, *diagnose_study(values, muted)], runs)


def _runs(standing: Standing, seeds: dict[str, int], classes: Sequence[str]) -> list[RunSymptoms]:
    candidate = standing.candidate
    found = symptoms_of(candidate.experiment, standing.trained, classes)
    return [
        RunSymptoms(candidate.name, seeds[result.identity], own)
        for result, own in zip(standing.trained, found, strict=True)
    ]


def _sweep_edges(sweep: Sweep) -> list[BestValue]:
    best = sweep.best
    return [
        BestValue(
            each.axis.key,
            "",
            short_flow(best.settings[each.axis.key]),
            each.smallest,
            each.wider,
        )
        for each in sweep.at_edge
        if best is not None
    ]


def _tuning_edges(comparison: Comparison) -> list[BestValue]:
    """The tuned values of contenders that are the smallest or the largest value that was tried.

    The values that were tried are not recorded. So `smallest` is None, and `wider` is empty.
    """
    return [
        BestValue(key, each.name, short_flow(each.tuning.chosen[key]), None, "")
        for each in comparison.ranking
        if each.tuning is not None
        for key in each.tuning.at_edge
    ]
