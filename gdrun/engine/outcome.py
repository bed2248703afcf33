"""The outcome of a lane, which is a run in a cohort: why it ended, its weights, and its traces."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.methods.stopping import Status, Stop
from gdrun.problems.surfaces import Surface


@dataclass(frozen=True)
class Divergence:
    """How a run diverged: when, and which quantity was not finite or too large.

    quantity: the name of the quantity, such as "batch loss". value: the value of the quantity.
    layer: the name of the weights that became non-finite; None if it is not known.
    last_finite_loss: the last finite loss before the divergence; NaN if no loss was finite.
    """

    step: int
    epoch: float
    quantity: str
    value: float
    layer: str | None
    last_finite_loss: float


@dataclass(frozen=True)
class Best:
    """The best evaluation of a run, by its loss, or by the metric of early stopping.

    quantity: validation_loss; train_loss without a validation part; or validation_NAME for the
    metric NAME.
    """

    epoch: float
    step: int
    quantity: str
    value: float


@dataclass(frozen=True)
class Timing:
    """The wall-clock seconds that a run took: in updates, in evaluations, and in total.

    If an evaluation and the next step use the same pass over the data, the time of this pass counts
    as time in updates.
    """

    updates: float
    evaluations: float
    total: float


@dataclass(frozen=True)
class Outcome:
    """The outcome of a lane, which is a run in a cohort, after it has ended.

    lane: its index in the cohort. surface: the surface that was minimised, or None. stop: why the
    run ended. divergence: how it diverged, or None. weights (P,): the weights that the run returns:
    the best ones if `restored` (early stopping has restored them), else the last ones. best_weights
    (P,): the weights at the best evaluation. running_stats (Q,), best_running_stats (Q,): the
    running statistics that belong to weights and to best_weights. best: the best evaluation; None
    if no loss was finite. steps, evaluations: the columns of the traces, by name. test_loss,
    test_accuracy: the loss without l2 and the accuracy of the returned weights on the test part;
    NaN without a test part. rising: the number of steps that raised the loss. clipped: the number
    of steps whose gradient was clipped. largest_grad_norm: the largest gradient norm of all steps.
    watched: for each rule that is only reported and does not stop the run, its first firing.
    compared: the number of steps of which it is known whether they raised the loss; None for all
    but the last.
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
    compared: int | None = None

    @property
    def status(self) -> Status:
        return self.stop.status
