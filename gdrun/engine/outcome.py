"""The outcome of a lane: why it ended, its weights, and its traces."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.methods.stopping import Status, Stop
from gdrun.problems.surfaces import Surface


@dataclass(frozen=True)
class Divergence:
    """Which quantity diverged, when, in which layer if one can be named, and the loss before it."""

    step: int
    epoch: float
    quantity: str
    value: float
    layer: str | None
    last_finite_loss: float


@dataclass(frozen=True)
class Best:
    """The best evaluation of a run: lowest validation loss, or training loss without that part."""

    epoch: float
    step: int
    quantity: str
    loss: float


@dataclass(frozen=True)
class Timing:
    """Seconds of wall clock: in updates, in evaluations, and from the start of training.

    A pass over the data that serves both an evaluation and the next step counts as the step's.
    """

    updates: float
    evaluations: float
    total: float


@dataclass(frozen=True)
class Outcome:
    """One finished lane; `lane` is its index in the cohort.

    surface: the one that was walked on, if the problem is one. weights, best_weights (P,): flat
    rows; weights are those that the run delivers, the best ones where `restored`. running_stats,
    best_running_stats (Q,): those that belong to them. test_loss, test_accuracy: data loss and
    accuracy of the delivered weights on the test part, NaN without one. rising, clipped: steps
    that raised the batch loss, and that were clipped. watched: for each watched rule that would
    have fired, when it first would have.
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
