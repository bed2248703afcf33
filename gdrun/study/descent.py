"""How smoothly each contender of a comparison descends: how often a step raises the full loss.

A run whose steps use the full objective counts its own rises. The losses of two consecutive
mini-batches belong to different examples, so about half of the steps raise this loss by chance
alone. Therefore a contender with mini-batches is trained once more for a few epochs, with the full
training loss evaluated before and after some of its steps. Steps near the minimum raise the loss
more often than early ones, so all contenders are measured over the same epochs.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from gdrun.array_types import Integers
from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.settings import BUDGETS
from gdrun.data import Table
from gdrun.engine.build import cohort_of
from gdrun.engine.engines import engine_maker
from gdrun.engine.judging import Interrupted
from gdrun.engine.plan import SLACK, Plan
from gdrun.engine.trainer import Trainer
from gdrun.methods.stopping import budget_sentence
from gdrun.problems.rises import rose
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Candidate
from gdrun.study.tasks import lean, prepared

STEPS = 100
"""All contenders are measured over so many epochs that each takes at least STEPS steps.

STEPS of them are measured, evenly spread; fewer in shorter runs and on large data.
"""

FEWEST_STEPS = 20
MOST_NUMBERS = 2e8
"""The most numbers that all evaluations of a contender together read from the training rows.

On larger data fewer steps are measured, but at least FEWEST_STEPS.
"""


@dataclass(frozen=True)
class FirstRises:
    """How often the steps of the first epochs of a run raised the full training loss.

    share: of the measured steps. epochs: the number of epochs; None if a record does not tell it.
    """

    share: float
    epochs: float | None


@dataclass(frozen=True)
class MeasuredPlan(Plan):
    """A plan with an evaluation before and after each measured step, instead of each epoch.

    evaluated: the times of the evaluations in epochs, increasing, the first at 0. After them there
    is one an epoch.
    """

    evaluated: tuple[float, ...] = (0.0,)

    def evaluation_time(self, index: int) -> float:
        beyond = index - len(self.evaluated) + 1
        return self.evaluated[-1] + beyond if beyond > 0 else self.evaluated[index]

    def evaluation_after(self, time: float) -> int:
        return bisect_right(self.evaluated, time + SLACK)


def loss_rises(
    candidates: Iterable[Candidate],
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> dict[str, FirstRises | None]:
    """How often the steps of the first epochs raised the full training loss, by candidate's name.

    None for a candidate whose runs count their own rises, because each step uses the full
    objective; for one that took no step; and for one that was not reached before the study was
    interrupted. table: the data that replace the experiment's dataset; None to use the dataset.
    """
    given = list(candidates)
    sampled = [each.experiment for each in given if not each.experiment.exact_steps]
    epochs = epochs_to_measure(sampled, table)
    return {
        each.name: None
        if each.experiment.exact_steps or interrupted()
        else first_rises(each.experiment, epochs, table, interrupted)
        for each in given
    }


def epochs_to_measure(experiments: Sequence[Experiment], table: Table | None = None) -> int:
    """The fewest epochs in which each experiment takes at least STEPS steps."""
    per_epoch = [
        cohort_of([each], prepared(each, table)).plan.steps_per_epoch(0) for each in experiments
    ]
    return math.ceil(STEPS / min(per_epoch, default=1))


def first_rises(
    experiment: Experiment,
    epochs: int,
    table: Table | None = None,
    interrupted: Interrupted = lambda: None,
) -> FirstRises | None:
    """How often the steps of the first `epochs` epochs raised the full loss; None without a step.

    At most STEPS of the steps are measured. They have the rates of the whole run: its warm-up, and
    its schedule with the length of the whole run. Only the schedule plateau keeps its rate here,
    because it counts evaluations, and here there are other evaluations. A step after which the loss
    is not finite counts as a rise. table: the data that replace the experiment's dataset; None to
    use the dataset.
    """
    data = prepared(experiment, table)
    limits = experiment.stopping.model_dump(include=KEPT, exclude_none=True)
    changes: dict[str, Any] = {"stopping": limits}
    if experiment.schedule.name == "plateau":
        changes["schedule.patience"] = 2 * STEPS  # More evaluations than there are.
    brief = lean(load(experiment, [changes]))
    cohort = cohort_of([brief], data)
    plan = cohort.plan
    taken = plan.steps_in(epochs)
    if plan.budget is not None:
        taken = min(taken, plan.budget.steps)
    most = int(max(FEWEST_STEPS, min(STEPS, MOST_NUMBERS / (2 * data.train.X.size))))
    before = spread_steps(taken, most)
    measured = replace(cohort, plan=_measured(plan, np.union1d(before, before + 1)))
    try:
        engine = engine_maker(measured, brief.header.engine)()
    except Stopped:  # while a kernel was compiled
        return None
    trainer = Trainer(measured, engine, interrupted=interrupted)
    trainer.run_until(plan.epochs_of(taken) - SLACK)
    if not trainer.outcomes:  # The run continues after these steps.
        trainer.retire([0], "steps", budget_sentence("steps", taken))
    trace = trainer.outcomes[0].evaluations
    loss = dict(zip(trace["step"].tolist(), trace["train_loss"].tolist(), strict=True))
    known = [step for step in before.tolist() if step + 1 in loss]
    if not known or interrupted():
        return None
    losses = np.array([[loss[step], loss[step + 1]] for step in known])
    rises = rose(losses[:, 0], losses[:, 1], experiment.dtype)
    return FirstRises(float(np.mean(rises)), plan.epochs_of(taken))


def spread_steps(taken: int, most: int) -> Integers:
    """At most `most` of the steps 0, …, taken − 1, evenly spread and increasing."""
    count = min(taken, most)
    return np.arange(count) * taken // max(count, 1)


def _measured(plan: Plan, steps: Integers) -> MeasuredPlan:
    """The plan with an evaluation after so many steps, each; steps are increasing from 0."""
    shared = {each.name: getattr(plan, each.name) for each in fields(plan)}
    times = [plan.epochs_of(each) for each in steps.tolist()]
    return MeasuredPlan(**shared, evaluated=tuple(times))


KEPT = {*BUDGETS, "divergence"}
"""The keys of the section stopping that apply to these steps: the budgets set the schedule."""
