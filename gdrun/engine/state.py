"""The state of a training: one record of arrays and counters, from which the next step follows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gdrun.array_types import Array, Flags, Integers, Numbers
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place
from gdrun.methods.schedules import Memory


@dataclass(frozen=True)
class State:
    """The state of a training: counters that all lanes share, and arrays with one row a lane.

    An array is replaced and never changed in place, so that an earlier state stays valid. A lane is
    one of the runs that train together.

    averages: whether an average of the weights, the last slot, is evaluated instead of W. lanes:
    the lanes that still train, as indices in the cohort. W (lanes, P): the P weights of each lane.
    running_stats (lanes, Q): the Q running statistics of batch normalisation, for W. before: W
    before the last step. slots: arrays (lanes, P) of state that the update rule carries from step
    to step. place: the epoch, and the number of steps taken in it. step, evaluations: how many
    steps and evaluations there were. gradients: how many per-example gradients each lane has
    computed. seconds: the time spent in updates. loss_limit (lanes,): the loss above which a lane
    has diverged. last_*: values at the last evaluation, except last_batch_loss, which is of the
    last step. best_*: values at the best evaluation so far, by the validation loss, or by the
    training loss without a validation part, or by the metric of early stopping. Scores are losses,
    or metrics with the sign for which lower values are better. to_beat, to_beat_epoch, stale
    (lanes, 2): for early stopping, the score of the last improvement, its epoch, and the number of
    evaluations since then; column 0 is for the rule that stops the run, column 1 for the rule that
    is only reported. rising (lanes,): the number of steps that raised the batch loss. clipped
    (lanes,): the number of steps whose gradient was clipped. largest_grad_norm (lanes,): the
    largest gradient norm of all steps so far. schedule: the state of a schedule that depends on the
    validation loss.
    """

    averages: bool
    lanes: Integers
    W: Array
    running_stats: Array
    before: Array
    slots: tuple[Array, ...]
    place: Place
    step: int
    evaluations: int
    gradients: int
    seconds: float
    loss_limit: Numbers
    initial_loss: Numbers
    last_loss: Numbers
    last_W: Array
    last_running_stats: Array
    last_batch_loss: Numbers
    best_W: Array
    best_running_stats: Array
    best_score: Numbers
    best_step: Integers
    best_epoch: Numbers
    to_beat: Numbers
    to_beat_epoch: Numbers
    stale: Integers
    rising: Integers
    clipped: Integers
    largest_grad_norm: Numbers
    schedule: Memory

    @classmethod
    def start(cls, cohort: Cohort) -> State:
        """The state before the first step."""
        W, running_stats = cohort.initial_weights(), cohort.initial_running_stats()
        lanes = len(W)
        all_lanes = Lanes.all_of(cohort)
        rate = all_lanes.operand(all_lanes.numbers.lr)
        options = all_lanes.rule_options() | {"lr": rate}
        unknown = np.full(lanes, np.nan)
        none = np.zeros(lanes, dtype=np.int64)
        return cls(
            averages=cohort.averages,
            lanes=np.arange(lanes),
            W=W,
            running_stats=running_stats,
            before=W,
            slots=cohort.rule.start(W, options),
            place=Place(0, 0),
            step=0,
            evaluations=0,
            gradients=0,
            seconds=0.0,
            loss_limit=np.full(lanes, np.inf),
            initial_loss=unknown,
            last_loss=unknown,
            last_W=W,
            last_running_stats=running_stats,
            last_batch_loss=unknown,
            best_W=W,
            best_running_stats=running_stats,
            best_score=np.full(lanes, np.inf),
            best_step=none,
            best_epoch=np.zeros(lanes),
            to_beat=np.full((lanes, 2), np.inf),
            to_beat_epoch=np.zeros((lanes, 2)),
            stale=np.zeros((lanes, 2), dtype=np.int64),
            rising=none,
            clipped=none,
            largest_grad_norm=np.zeros(lanes),
            schedule=Memory.start(lanes),
        )

    @property
    def evaluates_average(self) -> bool:
        """Whether averaged weights are evaluated; the average exists from the first step on."""
        return self.averages and self.step > 0

    @property
    def evaluated(self) -> Array:
        """The weights (lanes, P) to evaluate and return: W, or the average of W over steps."""
        return self.slots[-1] if self.evaluates_average else self.W

    def changed(self, **fields: Any) -> State:
        """The state with these fields changed.

        This method is ten times as fast as dataclasses.replace. The speed matters, because the
        method is called several times an epoch.
        """
        state = object.__new__(State)
        state.__dict__.update(self.__dict__, **fields)
        return state

    def keep(self, alive: Flags) -> State:
        """The state of the lanes (runs that train together) for which `alive` (lanes,) is true."""
        changed: dict[str, Any] = {
            "slots": tuple(slot[alive] for slot in self.slots),
            "schedule": self.schedule.keep(alive),
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                changed[field.name] = value[alive]
        return self.changed(**changed)
