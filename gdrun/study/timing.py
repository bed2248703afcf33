"""Timing of contenders: each contender is trained alone, so that its time can be compared.

Runs that train together share batches and matrix products, so the time of one of them is unknown.
So each contender is trained once more alone, for a fifth of a second and without evaluations, and
the seconds of its runs are computed as steps × seconds per step.
"""

from __future__ import annotations

from collections.abc import Iterable

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.data import Table
from gdrun.engine.build import build
from gdrun.engine.judging import Interrupted
from gdrun.engine.trainer import Trainer
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Candidate
from gdrun.study.tasks import lean, prepared

TIMED_SECONDS = 0.2
"""The seconds for which a contender is trained alone to measure its time."""

NEVER = 1e6
"""The epochs between two evaluations of a contender that is timed."""


def paces(
    candidates: Iterable[Candidate],
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> dict[str, float | None]:
    """The seconds per step of each candidate, by name; None for a candidate that was not timed.

    A candidate is not timed if the study was interrupted before its turn. table: the data that
    replace the dataset; None to use the dataset.
    """
    return {
        each.name: None if interrupted() else seconds_per_step(each.experiment, table)
        for each in candidates
    }


def seconds_per_step(experiment: Experiment, table: Table | None = None) -> float | None:
    """The seconds per step of this experiment, trained alone; None if it took no step.

    No step is taken if a signal arrives while the kernels are compiled. table: the data that
    replace the dataset; None to use the dataset.
    """
    seconds = experiment.stopping.seconds
    limit = TIMED_SECONDS if seconds is None else min(TIMED_SECONDS, seconds)
    changes = {"stopping.seconds": limit, "evaluate.every": NEVER}
    brief = lean(load(experiment, [changes]))
    try:
        made = build([brief], prepared(brief, table))
    except Stopped:
        return None
    (outcome,) = Trainer(*made).run()
    return outcome.timing.updates / outcome.stop.step if outcome.stop.step else None
