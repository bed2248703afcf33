"""Seconds that can be compared: what a step costs when nothing else shares the work.

Lanes share batches and products, so a run's share of their time is not what it would take alone.
Each contender is therefore timed once more by itself, for a moment, and its seconds are its steps
at that pace.
"""

from __future__ import annotations

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.data import Table
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.study.tasks import lean, prepared

MOMENT = 0.5
"""Seconds of updates that are timed, at most."""


def seconds_per_step(experiment: Experiment, table: Table | None = None) -> float | None:
    """The pace of a lone run; None where it took no step."""
    seconds = experiment.stopping.seconds
    moment = MOMENT if seconds is None else min(MOMENT, seconds)
    brief = lean(load(experiment, [Override("stopping.seconds", moment, "timing")]))
    (outcome,) = Trainer(*build([brief], prepared(brief, table))).run()
    return outcome.timing.updates / outcome.stop.step if outcome.stop.step else None
