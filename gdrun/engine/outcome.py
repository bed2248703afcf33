"""The outcome of a lane: why it ended, its weights, its traces, and its summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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

    def summary(self) -> dict[str, Any]:
        """The run in numbers. Losses are those of the delivered weights; None where unknown."""
        last = self._delivered()
        steps = self.stop.step
        first_loss = self.evaluations["train_loss"][:1]
        return {
            "epochs": self.stop.epoch,
            "steps": steps,
            "gradients": _last(self.steps["gradients"], 0),
            "seconds": self.timing.updates,
            "initial_train_loss": float(first_loss[0]) if len(first_loss) else None,
            **{name: _known(last, name) for name in _SCORES},
            "test_loss": _number(self.test_loss),
            "test_accuracy": _number(self.test_accuracy),
            "grad_norm": _number(_last(self.steps["grad_norm"], np.nan)),
            "largest_grad_norm": float(self.largest_grad_norm),
            "rising_share": self.rising / (steps - 1) if steps > 1 else None,
            "clipped_share": self.clipped / steps if steps else None,
            "best": None
            if self.best is None
            else {
                "epoch": self.best.epoch,
                "step": self.best.step,
                self.best.quantity: self.best.loss,
            },
            "weights": "best" if self.restored else "last",
            **self._end_of_walk(),
        }

    def _end_of_walk(self) -> dict[str, Any]:
        """Where a walk on a surface ended, and how far from its nearest minimum."""
        if self.surface is None:
            return {}
        distance = self.surface.distance(self.weights)
        return {"place": self.weights.tolist(), "distance": distance}

    def _delivered(self) -> dict[str, float]:
        """The evaluation of the delivered weights; empty where there is none."""
        step = self.best.step if self.restored and self.best else self.stop.step
        found = np.flatnonzero(self.evaluations["step"] == step)
        if not len(found):
            return {}
        taken = [name for name in _SCORES if name in self.evaluations]
        return {name: float(self.evaluations[name][found[-1]]) for name in taken}


_SCORES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def _known(scores: dict[str, float], name: str) -> float | None:
    return _number(scores[name]) if name in scores else None


def _number(value: float) -> float | None:
    """NaN marks what was not measured."""
    return None if np.isnan(value) else float(value)


def _last(column: Array, default: Any) -> Any:
    return column[-1].item() if len(column) else default
