"""The state of a training, one record of arrays: all that a checkpoint has to hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place
from gdrun.methods.schedules import Memory


@dataclass(frozen=True)
class State:
    """Counters that all lanes share, and arrays with one row a lane.

    Arrays are replaced, never written into, so an earlier state stays valid.

    averages: whether the last slot is an average that is evaluated in place of W.
    running_stats (lanes, Q): those of batch normalisation that belong to W. before: W before the
    last step. lanes: which lanes of the cohort are still training. step and evaluations count those
    so far, gradients those of one lane; seconds is the time spent on updates.
    loss_limit: above it a loss has diverged. last_*: at the last evaluation, but last_batch_loss at
    the last step. best_*: the best evaluation so far, by validation loss (training loss where there
    is no validation part). to_beat and stale (lanes, 2): what early stopping keeps, the loss to
    improve on and the evaluations since; column 0 is obeyed, column 1 only watched.
    rising and clipped count steps; largest_grad_norm is over all of them. schedule: what a
    schedule that follows the validation loss keeps.
    """

    averages: bool
    lanes: Counts
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
    best_loss: Numbers
    best_step: Counts
    best_epoch: Numbers
    to_beat: Numbers
    to_beat_epoch: Numbers
    stale: Counts
    rising: Counts
    clipped: Counts
    largest_grad_norm: Numbers
    schedule: Memory

    @classmethod
    def start(cls, cohort: Cohort) -> State:
        W, running_stats = cohort.initial_weights(), cohort.initial_running_stats()
        lanes = len(W)
        everyone = Lanes.all_of(cohort)
        rate = everyone.operand(everyone.numbers.lr)
        options = everyone.rule_options() | {"lr": rate}
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
            best_loss=np.full(lanes, np.inf),
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
    def judges_average(self) -> bool:
        """Whether it is an average of the path that is judged, which begins with the first step."""
        return self.averages and self.step > 0

    @property
    def judged(self) -> Array:
        """The weights that are evaluated and delivered: W, or the average of the path to it."""
        return self.slots[-1] if self.judges_average else self.W

    def changed(self, **fields: Any) -> State:
        """The state with these fields changed.

        What dataclasses.replace does, in a tenth of its time: it is asked three times an epoch.
        """
        state = object.__new__(State)
        state.__dict__.update(self.__dict__, **fields)
        return state

    def keep(self, alive: Flags) -> State:
        """The state with only the lanes marked alive (lanes,)."""
        changed: dict[str, Any] = {
            "slots": tuple(slot[alive] for slot in self.slots),
            "schedule": self.schedule.keep(alive),
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                changed[field.name] = value[alive]
        return self.changed(**changed)
