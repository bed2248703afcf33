"""The progress of the trials of a study while they train, also in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.outcome import Outcome
from gdrun.engine.trace import Columns

if TYPE_CHECKING:
    from gdrun.study.tasks import Task

PAUSE = 0.2
"""The fewest seconds between two reports of one task."""

MOST_POINTS = 200
"""The most evaluations of a trial in a report; of more, evenly spaced ones are kept."""


@dataclass(frozen=True)
class Growth:
    """The progress of a task while it trains.

    A task is a group of trials that train together. identities: for each trial, the hash of its
    experiment. evals: for each trial, by identity, the columns of its evaluations so far. statuses:
    for each trial that has ended, by identity, its status as in run.json. A trial that ended before
    the study was resumed has the status "ended", and no evaluations here. share: the used part, 0
    to 1, of the budget that will be used up first. epoch: the epochs trained so far. epochs: the
    budget in epochs; None without one. last: for each column of the step trace, the median at the
    last step over the trials that still train; empty if there is no such trial or no step.
    """

    identities: tuple[str, ...]
    evals: Mapping[str, Columns]
    statuses: Mapping[str, str]
    share: float
    epoch: float
    epochs: float | None
    last: Mapping[str, float]

    @property
    def training(self) -> int:
        """The number of trials that still train."""
        return len(self.identities) - len(self.statuses)


OnGrowth = Callable[[Growth], None]
"""A function that is called again and again, with the progress of one task, while it trains."""


class GrowthReporter(Listener):
    """Calls `report` with the progress of a task, at most once in PAUSE seconds.

    It listens to the trainer of the task, whose run k (lane k) must be trial k of the task.
    """

    def __init__(self, task: Task, report: OnGrowth) -> None:
        self._identities = tuple(trial.identity for trial in task.trials)
        self._report = report
        self._outcomes: dict[int, Outcome] = {}
        self._last = -PAUSE

    def advanced(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= PAUSE:
            self._last = now
            self._report(growth_of(self._identities, progress, self._outcomes))

    def ended(self, lane: int, outcome: Outcome) -> None:
        self._outcomes[lane] = outcome


def growth_of(
    identities: Sequence[str], progress: Progress, outcomes: Mapping[int, Outcome]
) -> Growth:
    """How far a task is.

    identities: of the trials; the index of a trial is that of its lane in `progress`. outcomes:
    those of the trials that have ended, by the same index.
    """
    evals: dict[str, Columns] = {}
    lanes = progress.state.lanes.tolist()
    for lane in lanes:
        evals[identities[lane]] = _thinned(progress.evaluations.lane(lane))
    # For a lane that has ended, the live trace has no meaning, so the trace of its outcome is used.
    for lane, outcome in outcomes.items():
        evals[identities[lane]] = _thinned(outcome.evaluations)
    last = progress.steps.last() if lanes and progress.steps.points else {}
    # A lane that ended before an earlier interruption has no outcome here; its result is saved.
    statuses = {identity: "ended" for k, identity in enumerate(identities) if k not in lanes}
    statuses |= {identities[lane]: outcome.status for lane, outcome in outcomes.items()}
    return Growth(
        tuple(identities),
        evals,
        statuses,
        share_done(progress),
        progress.epoch,
        progress.cohort.plan.limits.get("epochs"),
        {name: float(np.median(column[lanes])) for name, column in last.items()},
    )


def share_done(progress: Progress) -> float:
    """The used share, 0 to 1, of the budget that will be used up first.

    0 if the number of steps is not known in advance and there is no budget in seconds.
    """
    state, plan = progress.state, progress.cohort.plan
    steps = state.step / plan.budget.steps if plan.budget is not None else 0.0
    seconds = plan.limits.get("seconds")
    return min(max(steps, state.seconds / seconds if seconds else 0.0), 1.0)


def _thinned(evals: Columns) -> Columns:
    """The columns of evaluations except those of single layers, with at most MOST_POINTS points."""
    count = len(evals.get("step", ()))
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
    return {name: column[chosen] for name, column in evals.items() if "." not in name}
