"""The metric by which a diagnosis compares a run with its remedies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gdrun.data import Prepared
from gdrun.engine.outcome import Outcome
from gdrun.problems.metrics import METRICS
from gdrun.runs.run import Run
from gdrun.symptoms.scales import unit_power


@dataclass(frozen=True)
class Goal:
    """The metric by which runs are compared, and their scores.

    metric: a column of the evaluations. larger: whether larger values are better. A score is the
    metric, or its negative if larger values are better: the lower the score, the better. power: the
    power of the target's unit in which the loss is measured, such as 2 for the squared error. It is
    0 if the loss is not to be converted: if the diagnosed run has a standardised target or begins
    with a loss that is not finite, or if the unit of the loss is not such a power.
    """

    metric: str
    larger: bool = False
    power: int = 0

    def of(self, outcome: Outcome, data: Prepared) -> float:
        """The score of the weights that a run returns; infinite if it diverged.

        data: those on which the run trained. The loss of a standardised target is converted to the
        target's own unit, so that it can be compared with the loss of the diagnosed run.
        """
        evaluations, at = outcome.evaluations, -1
        if outcome.restored and outcome.best is not None:
            at = int(np.searchsorted(evaluations["step"], outcome.best.step))
        value = float(evaluations[self.metric][at])
        if not math.isfinite(value) or outcome.status == "diverged":
            return math.inf
        if self.metric.endswith("_loss") and data.target_scale is not None:
            value *= data.target_scale.scale**self.power
        return -value if self.larger else value

    def shown(self, score: float) -> float:
        """The value of the metric for this score; infinite for an infinite score."""
        return -score if self.larger and math.isfinite(score) else score


def goal_of(run: Run) -> Goal:
    """The goal for a diagnosed run: the metric of its early stopping, or else a loss.

    This is the validation loss, or without a validation part the training loss.
    """
    early = run.config["stopping"].get("early_stopping") or {}
    name = early.get("metric", "loss")
    if name in METRICS and f"validation_{name}" in run.evals:
        return Goal(f"validation_{name}", METRICS[name].larger)
    known = run.config.get("dataset", {}).get("standardize")
    own = isinstance(known, dict) and known["target"]
    # A loss that overflows at the start cannot be compared in its own unit.
    own = own or not math.isfinite(run.evals["train_loss"][0])
    power = 0 if own else unit_power(run.config, len(run.record["data"]["classes"]))
    loss = "validation_loss" if "validation_loss" in run.evals else "train_loss"
    return Goal(loss, power=power)
