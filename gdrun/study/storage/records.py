"""The contents of study.json and of a line of trials.jsonl, key by key."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from gdrun.runs.checked import Seconds
from gdrun.runs.record import ProcessRecord
from gdrun.study.design.trials import Verb
from gdrun.study.storage.row_records import (
    AxisRecord,
    ContenderRow,
    PairRecord,
    RungRecord,
    StabilityRecord,
    StandingRow,
    SweepRow,
)

ONLY_TUNING = "contains only the tuning part of a comparison"
"""The words for the directory of a study whose verb is tune."""


class DataRecord(TypedDict):
    """The data of the first candidate of a study.

    sha256: the hash of the data. classes: the labels of the classes; empty for a regression.
    Earlier versions of gdrun did not record the classes.
    """

    name: str
    sha256: str
    classes: NotRequired[list[str]]


class RemedyRecord(TypedDict):
    """A change of the config that may cure a symptom. changes: values by key. why: a sentence."""

    changes: dict[str, Any]
    why: str


class DataSymptomRecord(TypedDict):
    """A symptom of the data of a study.

    confidence: in [0, 1]. evidence: a sentence with numbers. remedies: the likeliest first.
    """

    name: str
    confidence: float
    evidence: str
    remedies: list[RemedyRecord]


class StudyOrigin(TypedDict):
    """Where a study comes from.

    base: the config from which its candidates are derived. for_all: the settings of every
    candidate, by key, which the base has already. data_symptoms: the symptoms of the first
    candidate's data, and of others with the same rows but other features. command: the command
    line, if any. call: the arguments of gdrun.sweep or gdrun.compare, if it started the study and
    they are plain data.
    """

    base: dict[str, Any]
    for_all: dict[str, Any]
    data: DataRecord
    data_symptoms: list[DataSymptomRecord]
    command: NotRequired[str]
    call: NotRequired[dict[str, Any]]


class TargetRecord(TypedDict):
    """A value of a metric to reach.

    reason: how the value was chosen; an empty text if the user gave it.
    """

    metric: str
    value: float
    reason: str


class CandidateRecord(TypedDict):
    """A candidate of a study.

    settings: the values, by key, in which it differs from the base. config: the whole config; only
    for a contender of a comparison.
    """

    name: str
    settings: dict[str, Any]
    config: NotRequired[dict[str, Any]]


class PlanRecord(TypedDict):
    """The plan of a study. trials: the number of trials. runs: the number that are trained."""

    seeds: list[int]
    candidates: list[CandidateRecord]
    trials: int
    runs: NotRequired[int]


class WorkRecord(TypedDict):
    """What it cost to run the plan of a study.

    run: the number of runs that were trained. found: the number of runs that had ended already.
    cohorts: the number of groups of trials that trained together. seconds: wall-clock time.
    continued: the number of runs that continued from a checkpoint, of those that were trained; the
    seconds before it are not counted.
    """

    run: int
    found: int
    cohorts: int
    seconds: Seconds
    continued: NotRequired[int]


class Question(TypedDict):
    """The metric and the target of a study, and whether it uses successive halving.

    These entries are written to study.json before anything runs. baseline: the name of the
    contender with which all others are compared; None for a sweep, or if all pairs are compared.
    axes: the keys of a sweep with the values that were asked for; earlier versions of gdrun did not
    record them.
    """

    metric: str
    axes: NotRequired[list[AxisRecord]]
    halving: NotRequired[bool]
    target: TargetRecord | None
    baseline: NotRequired[str | None]


class SweepQuestion(Question):
    """The Question of a sweep. base: the config from which the candidates are derived.

    for_all: the settings of every candidate; earlier versions of gdrun did not record them.
    """

    base: dict[str, Any]
    for_all: NotRequired[dict[str, Any]]


class SweepFindings(TypedDict):
    """The findings of a sweep in study.json, from gdrun.study.judgement.sweep_findings.Sweep.

    unlike: "data" or "loss" if the candidates have different data or losses, so that the metric
    cannot rank them; else None. target: the value of a metric to reach; None if there is none.
    stability: the stability limit if only the rate was swept, else None. stability_of: the limits
    if other keys were swept too, by the label of the other settings. best: the name of the best
    candidate; None if no candidate lowers the training loss, no median is finite, the values cannot
    be ranked, or only candidates that halving dropped have runs that ended. at_edge: the keys whose
    best value is the smallest or the largest tried.
    """

    status: str
    metric: str
    unlike: Literal["data", "loss"] | None
    target: TargetRecord | None
    best: str | None
    ranking: list[SweepRow]
    stability: StabilityRecord | None
    stability_of: dict[str, StabilityRecord]
    at_edge: list[str]
    rungs: list[RungRecord]
    work: WorkRecord


class ComparisonFindings(TypedDict):
    """The findings of a comparison in study.json, from the class Comparison in
    gdrun.study.judgement.comparison_findings.

    unlike: "data" or "loss" if the contenders have different data or losses, so that the metric
    cannot rank them; else None. target: the value of a metric to reach; None if there is none.
    pairs: the pairs of contenders, compared seed by seed, or only those with the baseline; empty
    with one seed. best: the name of the best contender; None if no contender lowers the training
    loss, no median is finite, or the values cannot be ranked; earlier versions of gdrun did not
    record it. tuning_work: what the tuning cost;
    None without tuning.
    """

    status: str
    metric: str
    unlike: Literal["data", "loss"] | None
    target: TargetRecord | None
    best: NotRequired[str | None]
    ranking: list[ContenderRow]
    pairs: list[PairRecord]
    work: WorkRecord
    tuning_work: WorkRecord | None


class TuningFindings(TypedDict):
    """The findings of tuning: the ranking of all settings of all contenders."""

    status: str
    metric: str
    ranking: list[StandingRow]


class StudyStatus(TypedDict):
    """The status of a study that ended before it was judged."""

    status: str


class RungsFound(TypedDict):
    """The rungs, at which candidates are dropped, that successive halving has reached so far."""

    rungs: list[RungRecord]


StudyNews: TypeAlias = (
    Question | RungsFound | SweepFindings | ComparisonFindings | TuningFindings | StudyStatus
)
"""The entries that are written to study.json while a study runs, and when it ends."""


class StudyRecord(PlanRecord):
    """study.json: the entries of every study, then those written while it runs and when it ends.

    asked: for each candidate, the hash of its experiment before tuning changed it. call:
    gdrun.study.recorded_calls checks it, so that a study with a damaged call can be shown, and
    continued with all its arguments.
    """

    schema_version: int
    id: str
    verb: Verb
    status: str
    asked: list[str]

    process: NotRequired[ProcessRecord]
    started: NotRequired[str]
    versions: NotRequired[dict[str, str]]
    plugins: NotRequired[list[dict[str, str]]]
    command: NotRequired[str]
    call: NotRequired[Any]
    base: NotRequired[dict[str, Any]]
    for_all: NotRequired[dict[str, Any]]
    data: NotRequired[DataRecord]
    data_symptoms: NotRequired[list[DataSymptomRecord]]

    metric: NotRequired[str]
    halving: NotRequired[bool]
    target: NotRequired[TargetRecord | None]
    baseline: NotRequired[str | None]
    axes: NotRequired[list[AxisRecord]]
    rungs: NotRequired[list[RungRecord]]

    unlike: NotRequired[Literal["data", "loss"] | None]
    best: NotRequired[str | None]
    ranking: NotRequired[list[SweepRow] | list[ContenderRow] | list[StandingRow]]
    stability: NotRequired[StabilityRecord | None]
    stability_of: NotRequired[dict[str, StabilityRecord]]
    at_edge: NotRequired[list[str]]
    pairs: NotRequired[list[PairRecord]]
    work: NotRequired[WorkRecord]
    tuning_work: NotRequired[WorkRecord | None]


class StudyRow(TypedDict):
    """A study in the list of studies. Of a damaged study only the id is known.

    best: the name of the best candidate; None before the study has ended. tags, note: the labels
    that the user gave it.
    """

    id: str
    status: str
    started: str
    verb: NotRequired[str]
    trials: NotRequired[int]
    runs: NotRequired[int]
    best: NotRequired[str | None]
    tags: NotRequired[list[str]]
    note: NotRequired[str | None]
