"""How smoothly each contender of a comparison descends: how often a step raises the full loss.

A run whose steps use the full objective counts its own rises. The losses of two consecutive
mini-batches belong to different examples, so about half of the steps raise this loss by chance
alone. Therefore a contender with mini-batches is trained once more for a few steps, and the full
training loss is evaluated after each step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.settings import BUDGETS
from gdrun.data import Table
from gdrun.engine.build import build, cohort_of
from gdrun.engine.judging import Interrupted
from gdrun.engine.trainer import Trainer
from gdrun.methods.stopping import budget_sentence
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

    At most STEPS steps are trained for each candidate. None for a candidate whose runs count their
    own rises, because each step uses the full objective; for one that took no step; and for one
    that was not reached before the study was interrupted. table: the data that replace the
    experiment's dataset; None to use the dataset.
    """
    return {
        each.name: None
        if each.experiment.exact_steps or interrupted()
        else share_of_rises(each.experiment, table)
        for each in candidates
    }


def share_of_rises(experiment: Experiment, table: Table | None = None) -> float | None:
    """The share of the first steps that raised the full training loss; None if no step was taken.

    At most STEPS steps are trained for this, fewer on large data. They have the rates of the whole
    run: its warm-up, and its schedule with the length of the whole run. Only the schedule plateau
    keeps its rate here, because it counts evaluations, and here each step is evaluated. A step
    after which the loss is not finite counts as a rise. table: the data that replace the
    experiment's dataset; None to use the dataset.
    """
    data = prepared(experiment, table)
    most = int(max(FEWEST_STEPS, min(STEPS, MOST_NUMBERS / data.train.X.size)))
    limits = experiment.stopping.model_dump(include=KEPT, exclude_none=True)
    changes: dict[str, Any] = {"stopping": limits}
    if experiment.schedule.name == "plateau":
        changes["schedule.patience"] = most  # More evaluations than there are.
    plan = cohort_of([load(experiment, [changes])], data).plan
    each_step = {"evaluate.every": 1 / plan.steps_per_epoch(0)}
    brief = lean(load(experiment, [changes, each_step]))
    try:
        made = build([brief], data)
    except Stopped:  # while a kernel was compiled
        return None
    trainer = Trainer(*made)
    trainer.run_until(plan.epochs_of(most))
    if not trainer.outcomes:  # The run continues after these steps.
        trainer.retire([0], "steps", budget_sentence("steps", most))
    losses = np.asarray(trainer.outcomes[0].evaluations["train_loss"])[: most + 1]
    if len(losses) < 2:
        return None
    return float(np.mean(rose(losses[:-1], losses[1:], experiment.dtype)))


KEPT = {*BUDGETS, "divergence_factor"}
"""The keys of the section stopping that apply to these steps: the budgets set the schedule."""
