"""The outcome of a lane, which is a run in a cohort: why it ended, its weights, and its traces."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.methods.stopping import Status, Stop
from gdrun.problems.surfaces import Surface


@dataclass(frozen=True)
class Divergence:
    """A divergence: the quantity with its value and time, and the last finite loss before it.

    layer: the name of the weights that became non-finite; None if it is not known.
    """

    step: int
    epoch: float
    quantity: str
    value: float
    layer: str | None
    last_finite_loss: float


@dataclass(frozen=True)
class Best:
    """The best evaluation of a run, which has the lowest loss.

    quantity: validation_loss, or train_loss without a validation part.
    """

    epoch: float
    step: int
    quantity: str
    loss: float


@dataclass(frozen=True)
class Timing:
    """Seconds of wall clock: of updates, of evaluations, and in total.

    If an evaluation and the next step use the same pass over the data, its time counts for the
    step.
    """

    updates: float
    evaluations: float
    total: float


@dataclass(frozen=True)
class Outcome:
    """The outcome of a lane that has ended. lane: its index in the cohort.

    surface: the surface that was minimised, or None. weights (P,): the weights that the run
    returns: the best ones if `restored`, else the last ones. best_weights (P,): of the best
    evaluation. running_stats, best_running_stats (Q,): of these weights. steps, evaluations: the
    traces. test_loss, test_accuracy: of the returned weights on the test part, without l2; NaN
    without a test part. rising: the number of steps that raised the batch loss. clipped: the number
    of steps whose gradient was clipped. watched: the first stop of each watched rule that fired.
    """

    lane: int
    surface: Surface | None
    stop: Stop
    divergence: Divergence | None
    weights: Array
    running_stats: Array
    best_weights: Array
    best_running_stats: Array
    best: Best | None
    restored: bool
    steps: Columns
    evaluations: Columns
    test_loss: float
    test_accuracy: float
    rising: int
    clipped: int
    largest_grad_norm: float
    watched: tuple[Stop, ...]
    timing: Timing

    @property
    def status(self) -> Status:
        return self.stop.status
