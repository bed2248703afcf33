"""The contents of study.json and of a line of trials.jsonl, key by key."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from gdrun.runs.checked import Seconds
from gdrun.runs.record import Ending, ProcessRecord


class TrialOutcome(Ending):
    """How a trial ended. engine: the one that ran. lanes: how many runs shared its steps."""

    engine: str
    lanes: int


class TrialLabel(TypedDict):
    """Which trial of its study a line is of."""

    trial: int
    name: str
    settings: dict[str, Any]
    seed: int


class TrialRecord(TrialLabel, TrialOutcome):
    """A line of trials.jsonl."""

    identity: str


class TraceRecord(TypedDict):
    """A line of traces.jsonl: the columns of the steps and of the evaluations."""

    identity: str
    steps: dict[str, list[Any]]
    evals: dict[str, list[Any]]


class DataRecord(TypedDict):
    """The data that the runs of a study saw."""

    name: str
    sha256: str


class StudyOrigin(TypedDict):
    """Where a study comes from: the base of its candidates, its data, and the command line."""

    base: dict[str, Any]
    data: DataRecord
    command: NotRequired[str]


class TargetRecord(TypedDict):
    """A value of a metric to reach, and why it is this value."""

    metric: str
    value: float
    reason: str


class CandidateRecord(TypedDict):
    """A candidate of a sweep is its settings on the base; a contender is a config of its own."""

    name: str
    settings: dict[str, Any]
    config: NotRequired[dict[str, Any]]


class PlanRecord(TypedDict):
    """What study.json says of a plan."""

    seeds: list[int]
    candidates: list[CandidateRecord]
    trials: int


class WorkRecord(TypedDict):
    """What carrying out a plan took: trials run now and found finished, cohorts, wall seconds."""

    run: int
    found: int
    cohorts: int
    seconds: Seconds


class RungRecord(TypedDict):
    """A rung of successive halving: when it was, and which candidates it kept and dropped."""

    epoch: float
    kept: list[str]
    dropped: list[str]


class StabilityRecord(TypedDict):
    """The limit of a learning rate: predicted, by its form, and seen between two rates."""

    smoothness: float
    predicted: float
    form: str
    exact: bool
    stable: float | None
    unstable: float | None


class TuningRecord(TypedDict):
    """What a contender was given to find its setting, and what it chose."""

    settings: int
    seeds: int
    chosen: dict[str, Any]
    at_edge: list[str]


class ImprovementRecord(TypedDict):
    """The chance that a run of the first candidate beats one of the second."""

    first: str
    second: str
    probability: float
    interval: list[float]


class LossRecord(TypedDict):
    """The median and the quartiles of a loss over seeds; ∞ for runs that diverged."""

    median: float
    quartiles: list[float]


class StandingRow(TypedDict):
    """A candidate and its statistics over seeds, as values of the metric; ∞ for a miss."""

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
    """A contender: what one gradient uses, how it descends, its pace, and how it was tuned."""

    batch: int
    train_loss: LossRecord
    rising_share: float | None
    seconds_per_step: Seconds | None
    tuning: TuningRecord | None


class Question(TypedDict):
    """What a study is judged by, written before anything runs."""

    metric: str
    halving: NotRequired[bool]
    target: TargetRecord | None


class SweepQuestion(Question):
    """With the base, which the candidates of a sweep are settings on."""

    base: dict[str, Any]


class SweepFindings(TypedDict):
    """What a sweep found."""

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
    """What a comparison found."""

    status: str
    metric: str
    unlike: Literal["data", "loss"] | None
    target: TargetRecord | None
    ranking: list[ContenderRow]
    improvement: ImprovementRecord | None
    work: WorkRecord
    tuning_work: WorkRecord | None


class TuningFindings(TypedDict):
    """How the settings compare that contenders were tuned over."""

    status: str
    metric: str
    ranking: list[StandingRow]


class StudyStatus(TypedDict):
    """How a study ended that found nothing."""

    status: str


class RungsFound(TypedDict):
    """The rungs that a halving has behind it."""

    rungs: list[RungRecord]


StudyNews: TypeAlias = (
    Question | RungsFound | SweepFindings | ComparisonFindings | TuningFindings | StudyStatus
)
"""What is written in study.json while a study runs, and when it ends."""


class StudyRecord(PlanRecord):
    """study.json: what every study has, then what is written while it runs and when it ends.

    asked: the identities of the candidates it was begun with, before any tuning.
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
    """A study in the list of studies; of a damaged one no more is known than its name."""

    id: str
    status: str
    started: str
    verb: NotRequired[str]
    trials: NotRequired[int]
    best: NotRequired[str | None]
