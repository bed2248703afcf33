"""Seconds that can be compared: what a step costs when nothing else shares the work.

Lanes share batches and products, so a run's share of their time is not what it would take alone.
Each contender is therefore timed once more by itself, for a moment, and its seconds are its steps
at that pace.
"""

from __future__ import annotations

from collections.abc import Iterable

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.data import Table
from gdrun.engine.build import build
from gdrun.engine.judging import Interrupted
from gdrun.engine.trainer import Trainer
from gdrun.study.design.trials import Candidate
from gdrun.study.tasks import lean, prepared

MOMENT = 0.5
"""Seconds of updates that are timed, at most."""


def paces(
    candidates: Iterable[Candidate],
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> dict[str, float | None]:
    """Seconds of a step by the name of each candidate; None where it was not timed."""
    return {
        each.name: None if interrupted() else seconds_per_step(each.experiment, table)
        for each in candidates
    }


def seconds_per_step(experiment: Experiment, table: Table | None = None) -> float | None:
    """The pace of a lone run; None where it took no step."""
    seconds = experiment.stopping.seconds
    moment = MOMENT if seconds is None else min(MOMENT, seconds)
    brief = lean(load(experiment, [Override("stopping.seconds", moment, "timing")]))
    (outcome,) = Trainer(*build([brief], prepared(brief, table))).run()
    return outcome.timing.updates / outcome.stop.step if outcome.stop.step else None
