"""The contents of a row of the findings in study.json, key by key: settings, contenders, pairs."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from gdrun.runs.checked import Seconds


class RungRecord(TypedDict):
    """A rung of successive halving: an epoch at which candidates are dropped.

    kept, dropped: the names of the candidates, from best to worst.
    """

    epoch: float
    kept: list[str]
    dropped: list[str]


class StabilityRecord(TypedDict):
    """The stability limit of the learning rate: predicted by theory, and observed in a sweep.

    smoothness: the largest curvature L. predicted: the predicted limit. form: its formula, such as
    2/L. exact: whether every rate above `predicted` is unstable. stable, unstable: the largest
    stable and the smallest unstable rate, between which the observed limit is. unclear: the
    smallest rate between them that shows neither. stable, unstable and unclear are None if there is
    no such rate. steps_needed: the fewest steps that can show the limit; None unless all runs were
    too short. is_bound: whether L is only an upper bound of the curvature.
    """

    smoothness: float
    predicted: float
    form: str
    exact: bool
    stable: float | None
    unstable: float | None
    steps_needed: NotRequired[int | None]
    unclear: NotRequired[float | None]
    is_bound: NotRequired[bool]


class AxisRecord(TypedDict):
    """A key of a sweep, and the values that were asked for.

    values: those of the list or the range. spacing: of a range; None for a list. drawn: whether a
    random search drew the values that were tried from these.
    """

    key: str
    values: list[Any]
    spacing: Literal["log", "lin"] | None
    drawn: bool


class TuningRecord(TypedDict):
    """How a contender was tuned.

    settings, seeds: the numbers of settings that were tried, and of seeds for each. chosen: the
    best setting, by key; empty if none was chosen. at_edge: the keys whose best value was the
    smallest or the largest that was tried. runs: the number of runs that were trained. progress:
    the share of the best improvement of the training loss that the chosen setting made; None if a
    loss ranks the settings, or none was chosen.
    """

    settings: int
    seeds: int
    chosen: dict[str, Any]
    at_edge: list[str]
    runs: NotRequired[int]
    progress: NotRequired[float | None]


class PairRecord(TypedDict):
    """Two contenders, compared seed by seed.

    first, second: their names. wins, losses, ties: the numbers of seeds under which the first is
    better, worse and equal. p: the p-value of the two-sided sign test, adjusted by Holm's method.
    """

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    p: float


class LossRecord(TypedDict):
    """The median and the quartiles of a loss over seeds, in which a diverged run counts as ∞."""

    median: float
    quartiles: list[float]


class StandingRow(TypedDict):
    """A candidate with the statistics of its runs, as values of the metric.

    rank: from 1; None if the median is infinite, or if halving dropped the candidate and runs of
    those that it kept are missing. runs, diverged: the numbers of runs that have ended, and that
    diverged. interval: the confidence interval of the median, and interval_level
    its exact level; None with fewer than six runs, or if all runs are the same. values: one for
    each run. symptom: the most frequent of the runs' gravest symptoms; None if healthy runs are
    more frequent. rose: the number of runs that diverged, exploded, or ended with a training loss
    above its start; if it is half of the runs or more, the candidate comes after all others,
    whatever its median. to_target: the median cost of reaching the target in epochs, steps and
    gradients, by these names; ∞ if at least half of the runs did not reach it, empty without a
    target. reached_target: the number of runs that reached the target; None without a target.
    """

    rank: int | None
    name: str
    settings: dict[str, Any]
    runs: int
    diverged: int
    median: float
    quartiles: list[float]
    interval: list[float] | None
    interval_level: NotRequired[float | None]
    values: list[float]
    symptom: NotRequired[str | None]
    rose: NotRequired[int]
    to_target: dict[str, float]
    reached_target: int | None


class SweepRow(StandingRow):
    """A candidate of a sweep with its verdict."""

    verdict: str


class ContenderRow(StandingRow):
    """A contender of a comparison.

    batch: the number of examples from which one gradient is computed. train_loss: the statistics of
    the final training loss. rising_share: the share of steps that raised the full training loss, of
    all steps with full batches or without noise, else of steps of the first epochs; None if this is
    not known. rising_epochs: the number of these epochs; None for all steps. seconds_per_step: None
    if the contender was not timed. tuning: None without tuning.
    """

    batch: int
    train_loss: LossRecord
    rising_share: float | None
    rising_epochs: NotRequired[float | None]
    seconds_per_step: Seconds | None
    tuning: TuningRecord | None
