"""How smoothly each contender of a comparison descends: how often a step raises the full loss.

The losses of two consecutive mini-batches belong to different examples, so about half of the steps
raise this loss by chance alone. Therefore each contender is trained once more for a few steps, and
the full training loss is evaluated after each step.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.data import Table
from gdrun.engine.build import build, cohort_of
from gdrun.engine.judging import Interrupted
from gdrun.engine.trainer import Trainer
from gdrun.problems.rises import rose
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Candidate
from gdrun.study.tasks import lean, prepared

STEPS = 100
"""The number of steps after which the full loss is evaluated; larger data get fewer steps."""

FEWEST_STEPS = 20
MOST_NUMBERS = 2e8
"""The most numbers that all evaluations of a contender together read from the training rows.

Larger data get fewer steps, but at least FEWEST_STEPS.
"""


def loss_rises(
    candidates: Iterable[Candidate],
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> dict[str, float | None]:
    """The share of the first steps that raised the full training loss, by the candidate's name.

    At most STEPS steps are trained for each candidate, with a constant rate. None for a candidate
    that took no step, or that was not reached before the study was interrupted. table: the data
    that replace the experiment's dataset; None to use the dataset.
    """
    return {
        each.name: None if interrupted() else share_of_rises(each.experiment, table)
        for each in candidates
    }


def share_of_rises(experiment: Experiment, table: Table | None = None) -> float | None:
    """The share of the first steps that raised the full training loss; None if no step was taken.

    At most STEPS steps are trained for this, fewer on large data. The learning rate is constant,
    because a schedule would be compressed into these few steps. A step after which the loss is not
    finite counts as a rise. table: the data that replace the experiment's dataset; None to use the
    dataset.
    """
    data = prepared(experiment, table)
    steps = int(max(FEWEST_STEPS, min(STEPS, MOST_NUMBERS / data.train.X.size)))
    briefly = {"stopping": {"steps": steps}, "schedule": "constant"}
    plan = cohort_of([load(experiment, [briefly])], data).plan
    each_step = {"evaluate.every": 1 / plan.steps_per_epoch(0)}
    brief = lean(load(experiment, [briefly, each_step]))
    try:
        made = build([brief], data)
    except Stopped:  # while a kernel was compiled
        return None
    (outcome,) = Trainer(*made).run()
    losses = np.asarray(outcome.evaluations["train_loss"])
    if len(losses) < 2:
        return None
    return float(np.mean(rose(losses[:-1], losses[1:], experiment.dtype)))
