"""How smoothly each contender of a comparison descends: how often a step raises the full loss.

The losses of two consecutive steps of mini-batches are those of different examples, so that about
half of them rise by chance alone. So each contender is trained once more for a few steps, and the
full training loss is evaluated after each of them.
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
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Candidate
from gdrun.study.tasks import lean, prepared

STEPS = 100
"""The steps after which the full loss is evaluated, if the data are not too large for so many."""

FEWEST_STEPS = 20
MOST_NUMBERS = 2e8
"""The most numbers of the training rows that are read, over all evaluations: fewer steps are taken
for larger data, but not fewer than FEWEST_STEPS.
"""


def loss_rises(
    candidates: Iterable[Candidate],
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> dict[str, float | None]:
    """The share of steps that raised the full training loss, for each candidate, by name.

    None if the study was interrupted before, or the candidate took no step. table: the data that
    replace the dataset; None for the dataset.
    """
    return {
        each.name: None if interrupted() else share_of_rises(each.experiment, table)
        for each in candidates
    }


def share_of_rises(experiment: Experiment, table: Table | None = None) -> float | None:
    """The share of the first steps that raised the full training loss; None without a step.

    The rate is constant, as the schedule would end too early. A step whose loss is not finite
    counts as one that raised it. table: the data that replace the dataset; None for the dataset.
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
    with np.errstate(invalid="ignore"):
        return float(np.mean(~(losses[1:] <= losses[:-1])))
