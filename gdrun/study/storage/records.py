"""The contents of study.json and of a line of trials.jsonl, key by key."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from gdrun.runs.checked import Seconds
from gdrun.runs.record import Ending, ProcessRecord


class TrialOutcome(Ending):
    """How a trial ended. engine: the engine that ran it. lanes: the number of runs in its task."""

    engine: str
    lanes: int


class TrialLabel(TypedDict):
    """The description of a trial: its number, candidate, settings and seed."""

    trial: int
    name: str
    settings: dict[str, Any]
    seed: int


class TrialRecord(TrialLabel, TrialOutcome):
    """A line of trials.jsonl. identity: the hash of the resolved experiment."""

    identity: str


class TraceRecord(TypedDict):
    """A line of traces.jsonl: the columns of the steps and of the evaluations."""

    identity: str
    steps: dict[str, list[Any]]
    evals: dict[str, list[Any]]


class DataRecord(TypedDict):
    """The data that a study trains on."""

    name: str
    sha256: str


class StudyOrigin(TypedDict):
    """Where a study comes from: the base of its candidates, its data, and the command line."""

    base: dict[str, Any]
    data: DataRecord
    command: NotRequired[str]


class TargetRecord(TypedDict):
    """A value of a metric to reach. reason: how it was chosen; empty if the user gave it."""

    metric: str
    value: float
    reason: str


class CandidateRecord(TypedDict):
    """A candidate: its settings on the base; for a contender also the whole config."""

    name: str
    settings: dict[str, Any]
    config: NotRequired[dict[str, Any]]


class PlanRecord(TypedDict):
    """The plan of a study. trials: the number of trials."""

    seeds: list[int]
    candidates: list[CandidateRecord]
    trials: int


class WorkRecord(TypedDict):
    """The work of running a plan: as in gdrun.study.study.Work."""

    run: int
    found: int
    cohorts: int
    seconds: Seconds


class RungRecord(TypedDict):
    """A rung of successive halving: its epoch, and the names of the kept and dropped candidates."""

    epoch: float
    kept: list[str]
    dropped: list[str]


class StabilityRecord(TypedDict):
    """A stability limit: as in gdrun.study.judgement.stability.StabilityLimit."""

    smoothness: float
    predicted: float
    form: str
    exact: bool
    stable: float | None
    unstable: float | None


class TuningRecord(TypedDict):
    """How a contender was tuned: as in gdrun.study.tuning.Tuning."""

    settings: int
    seeds: int
    chosen: dict[str, Any]
    at_edge: list[str]


class ImprovementRecord(TypedDict):
    """The probability that a run of the first contender is better than one of the second."""

    first: str
    second: str
    probability: float
    interval: list[float]


class LossRecord(TypedDict):
    """The median and the quartiles of a loss over seeds, in which a diverged run counts as ∞."""

    median: float
    quartiles: list[float]


class StandingRow(TypedDict):
    """A candidate and its statistics over seeds, as values of the metric.

    to_target: median costs by unit, ∞ where the target was not reached.
    """

    rank: int | None
    name: str
    settings: dict[str, Any]
    runs: int
    diverged: int
    median: float
    quartiles: list[float]
    interval: list[float]
    values: list[float]
    to_target: dict[str, float]
    reached_target: int | None


class SweepRow(StandingRow):
    """A candidate of a sweep with its verdict."""

    verdict: str


class ContenderRow(StandingRow):
    """A contender. batch: examples a gradient. rising_share: see Summary; the median over seeds."""

    batch: int
    train_loss: LossRecord
    rising_share: float | None
    seconds_per_step: Seconds | None
    tuning: TuningRecord | None


class Question(TypedDict):
    """The metric and the target of a study, written before anything runs."""

    metric: str
    halving: NotRequired[bool]
    target: TargetRecord | None


class SweepQuestion(Question):
    """The question of a sweep, with the base experiment that its candidates change."""

    base: dict[str, Any]


class SweepFindings(TypedDict):
    """The findings of a sweep: as in gdrun.study.judgement.sweep_findings.Sweep."""

    status: str
    metric: str
    unlike: Literal["data", "loss"] | None
    progress: str
    target: TargetRecord | None
    best: str | None
    ranking: list[SweepRow]
    stability: StabilityRecord | None
    stability_of: dict[str, StabilityRecord]
    at_edge: list[str]
    rungs: list[RungRecord]
    work: WorkRecord


class ComparisonFindings(TypedDict):
    """The findings of a comparison: as in gdrun.study.judgement.comparison_findings.Comparison."""

    status: str
    metric: str
    unlike: Literal["data", "loss"] | None
    target: TargetRecord | None
    ranking: list[ContenderRow]
    improvement: ImprovementRecord | None
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
    """The rungs that successive halving has reached so far."""

    rungs: list[RungRecord]


StudyNews: TypeAlias = (
    Question | RungsFound | SweepFindings | ComparisonFindings | TuningFindings | StudyStatus
)
"""The entries that are written to study.json while a study runs, and when it ends."""


class StudyRecord(PlanRecord):
    """study.json: the entries of every study, then those written while it runs and when it ends.

    asked: the identities of the candidates before tuning.
    """

    schema_version: int
    id: str
    verb: str
    status: str
    asked: list[str]

    process: NotRequired[ProcessRecord]
    started: NotRequired[str]
    versions: NotRequired[dict[str, str]]
    plugins: NotRequired[list[dict[str, str]]]
    command: NotRequired[str]
    base: NotRequired[dict[str, Any]]
    data: NotRequired[DataRecord]

    metric: NotRequired[str]
    halving: NotRequired[bool]
    target: NotRequired[TargetRecord | None]
    rungs: NotRequired[list[RungRecord]]

    unlike: NotRequired[Literal["data", "loss"] | None]
    progress: NotRequired[str]
    best: NotRequired[str | None]
    ranking: NotRequired[list[SweepRow] | list[ContenderRow] | list[StandingRow]]
    stability: NotRequired[StabilityRecord | None]
    stability_of: NotRequired[dict[str, StabilityRecord]]
    at_edge: NotRequired[list[str]]
    improvement: NotRequired[ImprovementRecord | None]
    work: NotRequired[WorkRecord]
    tuning_work: NotRequired[WorkRecord | None]


class StudyRow(TypedDict):
    """A study in the list of studies. For a damaged one only the id is known."""

    id: str
    status: str
    started: str
    verb: NotRequired[str]
    trials: NotRequired[int]
    best: NotRequired[str | None]
