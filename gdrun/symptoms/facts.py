"""The facts of a run from which its symptoms are found, and the records of a symptom and a remedy.

Every rule compares differences of losses of one run. So a verdict is the same if the loss is
multiplied by a number, or if a constant is added to the loss and to its lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.stopping import SMALL_CHANGES, TARGETS
from gdrun.problems.losses import LOSSES
from gdrun.problems.rises import rose
from gdrun.symptoms.lowest_loss import lowest_loss

WINDOW = 0.1
"""The share of the points of a curve over which a median is taken, so that noise counts less."""


@dataclass(frozen=True)
class Remedy:
    """A change of the config that may cure a symptom. changes: values by key. why: a sentence."""

    changes: Mapping[str, Any]
    why: str


@dataclass(frozen=True)
class Symptom:
    """One symptom of a run.

    confidence: in [0, 1]. evidence: a sentence with the numbers and the epochs they come from.
    remedies: changes that may help, the likeliest first; they have not been run.
    """

    name: str
    confidence: float
    evidence: str
    remedies: tuple[Remedy, ...] = ()

    @property
    def depends_on_rate(self) -> bool:
        """Whether another learning rate is one of the remedies."""
        return any("optimizer.lr" in remedy.changes for remedy in self.remedies)


@dataclass(frozen=True)
class RateLimit:
    """The stability limit of the learning rate, as theory predicts it for full batches.

    form: the formula of the limit, such as 2/L. exact: whether every larger rate is unstable in
    this run: for a quadratic loss, full batches, and no schedule or clipping. is_bound: whether L
    is only an upper bound of the curvature, so that much larger rates may be stable.
    """

    value: float
    form: str
    exact: bool
    is_bound: bool = False


@dataclass(frozen=True)
class Traced:
    """The facts of one run that has ended.

    config: with all defaults. evals, steps: the columns of its trace by name, (points,) each.
    floor: a lower bound of the training loss. status, summary: as in run.json. diverged: the
    message on the divergence; None if the run did not diverge. limit: the stability limit of the
    learning rate, if theory predicts one. data: the entry `data` of run.json; empty for a run of a
    study. rule: the name of the rule or budget that ended the run, if it is known. settling: the
    largest rate with which the run can settle at a minimum of its surface; ∞ if it is not known.
    """

    config: Mapping[str, Any]
    evals: Mapping[str, Array]
    steps: Mapping[str, Array] = field(default_factory=dict)
    floor: float = 0.0
    status: str = "exhausted"
    summary: Mapping[str, Any] = field(default_factory=dict)
    diverged: str | None = None
    limit: RateLimit | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    settling: float = math.inf

    @property
    def loss(self) -> Array:
        return self.evals["train_loss"]

    @property
    def epochs(self) -> Array:
        return self.evals["epoch"]

    @property
    def rate(self) -> float:
        return float(self.config["optimizer"]["lr"])

    @cached_property
    def start(self) -> float:
        """L₀, the loss at the first evaluation."""
        return float(self.loss[0])

    @cached_property
    def progress(self) -> Array:
        """The progress (evaluations,) of the run at each evaluation, from 0 to 1.

        It is the sum of the learning rates of the steps so far, divided by the sum over all steps;
        with a constant rate, it is the share of the steps. Steps are not compared alone, because
        with a rate that decays the loss falls less in the second half of the steps.
        """
        rates = self.steps.get("lr", np.empty(0))
        if len(rates) < 2 or "step" not in self.evals:
            return np.linspace(0.0, 1.0, len(self.loss))
        recorded = self.steps["step"]
        # In a thinned trace, a recorded step represents all steps since the previous recorded step.
        sums = np.cumsum(rates * np.diff(recorded, prepend=0))
        used = np.interp(self.evals["step"], [0, *recorded], [0, *sums])
        return used / used[-1] if used[-1] > 0 else np.linspace(0.0, 1.0, len(used))

    def epoch_at(self, progress: float) -> float:
        """The epoch at which the run has this progress (see `progress`), a number in [0, 1]."""
        return float(np.interp(progress, self.progress, self.epochs))

    def loss_at(self, progress: float) -> float:
        """The training loss at this progress (see `progress`), a number in [0, 1].

        The loss is interpolated between the two nearest evaluations. In place of the loss of one
        evaluation, the median of the evaluations around it is used, so that noise counts less.
        """
        at = float(np.interp(progress, self.progress, np.arange(len(self.loss))))
        low, last = int(at), len(self.loss) - 1
        near = []
        for place in (low, min(low + 1, last)):
            # As many values on both sides: a one-sided median of a falling loss would be biased.
            width = min(self._width // 2, place, last - place)
            near.append(float(np.median(self.loss[place - width : place + width + 1])))
        return near[0] + (at - low) * (near[1] - near[0])

    @property
    def half_epoch(self) -> float:
        """The epoch at which the sum of the learning rates reaches half of its total."""
        return self.epoch_at(0.5)

    @cached_property
    def middle(self) -> float:
        """L_h, the loss at `half_epoch`."""
        return self.loss_at(0.5)

    @cached_property
    def end(self) -> float:
        """L_T, the loss at the end: the last one if the last tenth of the losses only falls.

        Otherwise it is the median of this tenth, so that noise counts less. The median of losses
        that only fall is the loss of an earlier epoch.
        """
        last = self.loss[-self._width :]
        return float(last[-1] if (np.diff(last) < 0).all() else np.median(last))

    @property
    def gap(self) -> float:
        """L₀ minus the lower bound of the loss: the most that the loss can fall."""
        return self.start - self.floor

    @property
    def fallen(self) -> float:
        """L₀ − L_T, the whole fall of the training loss."""
        return self.start - self.end

    @property
    def fallen_late(self) -> float:
        """The fall of the loss after `half_epoch`."""
        return self.fallen_after(0.5)

    def fallen_after(self, progress: float) -> float:
        """The lowest loss up to this progress (see `progress`), minus L_T.

        It is negative if the run ended above this loss.
        """
        before = self.loss[self.progress <= progress]
        return min(self.loss_at(progress), float(before.min())) - self.end

    @property
    def learnt(self) -> bool:
        """Whether L_T is nearer to the lower bound of the loss than to a reference.

        The reference is L₀, or the loss of a constant prediction if it is known and smaller. With
        features of large values, L₀ can be far above the loss of a constant prediction.
        """
        constant = (self.summary.get("baseline") or {}).get("loss", {}).get("train")
        reference = self.start if constant is None else min(self.start, constant)
        return self.end - self.floor < (reference - self.floor) / 2

    @property
    def penalty(self) -> float:
        """An upper bound of the penalty at the last step; 0 without l2 or a trace of steps.

        The bound is (l2/2)‖w‖², where w has all weights with the biases, which have no penalty.
        """
        norms = self.steps.get("weight_norm", np.empty(0))
        l2 = self.config.get("model", {}).get("l2", 0.0)
        return float(l2 / 2 * norms[-1] ** 2) if l2 and len(norms) else 0.0

    @cached_property
    def gradient_ratio(self) -> float:
        """The median gradient norm at the end of the run, divided by that at its start.

        The medians are over the first and the last tenth of the steps. NaN without a trace of
        steps.
        """
        norms = self.steps.get("grad_norm", np.empty(0))
        norms = norms[np.isfinite(norms)]
        if len(norms) < 2:
            return math.nan
        width = max(1, int(WINDOW * len(norms)))
        first = float(np.median(norms[:width]))
        if first == 0:
            # The run reached a point without a gradient within its first steps.
            first = self.summary.get("largest_grad_norm") or 0.0
        return float(np.median(norms[-width:])) / first if first > 0 else math.nan

    @property
    def decayed(self) -> bool:
        """Whether a schedule changed the rate."""
        rates = self.steps.get("lr", np.empty(0))
        return len(rates) > 1 and bool(np.ptp(rates) > 0)

    @property
    def full_batches(self) -> bool:
        """Whether every gradient is that of the full loss, without noise or dropout.

        The noise of a surface has the sum zero, so that a full batch has none.
        """
        if self.config.get("model", {}).get("dropout", 0):
            return False
        if self.config["variant"]["name"] == "bgd":
            return True
        return "surface" in self.config and not self.config["surface"].get("noise", 0)

    @property
    def converged(self) -> bool:
        """Whether a convergence rule ended the run, and not a target that the user chose."""
        return self.status == "converged" and self.rule not in TARGETS

    @property
    def stopped_by_small_changes(self) -> bool:
        """Whether loss_change or weight_change ended the run: the rules for small changes."""
        return self.rule in SMALL_CHANGES

    @property
    def full_gradients(self) -> Array:
        """The norms of the gradients of the full loss (n,), in the order of time.

        Empty if they were not measured: with batches or dropout, only evaluations measure them.
        """
        if self.full_batches:
            return self.steps.get("grad_norm", np.empty(0))
        return self.evals.get("full_grad_norm", np.empty(0))

    @property
    def returns_start(self) -> bool:
        """Whether the run returned its initial weights, which had the lowest validation loss.

        Early stopping returns them if its metric is the validation loss.
        """
        rule = self.config.get("stopping", {}).get("early_stopping") or {}
        restored = rule.get("restore_best", False) and rule.get("metric") is None
        best = self.summary.get("best") or {}
        known = "validation_loss" in self.evals and len(self.loss) > 1
        return bool(restored and known and best.get("step") == 0)

    @property
    def rose(self) -> bool:
        """Whether the training loss rose between any two evaluations, by more than rounding."""
        return bool(rose(self.loss[:-1], self.loss[1:], self.config.get("dtype", "float64")).any())

    @cached_property
    def overshoots(self) -> bool:
        """Whether full gradient steps jump from one side of the minimum to the other.

        A step of length s against a gradient g lowers the loss by s‖g‖, if it is short enough. True
        if, in the second half of the run, the sum of s‖g‖ is over 1/20 of `gap`, but the loss
        changed by less than 1/50 of this sum. The steps of any rule count if each is 1/2 to 3/2
        times as long as α‖g‖, as with momentum whose gradients alternate. Longer steps add up
        gradients; other rules may move almost at a right angle to the gradient.
        """
        names = ("step", "lr", "grad_norm", "update_norm")
        if not self.full_batches or any(len(self.steps.get(name, ())) < 2 for name in names):
            return False
        late = self.steps["step"] > self.evals["step"][len(self.loss) // 2]
        count = np.diff(self.steps["step"], prepend=0)[late]
        rates, norms, lengths = (self.steps[name][late] for name in names[1:])
        expected = (count * lengths * norms).sum()
        alike = (np.abs(lengths - rates * norms) <= (0.5 + 1e-9) * rates * norms).all()
        changed = abs(self.loss[len(self.loss) // 2] - self.loss[-1])
        return bool(alike and changed < expected / 50 > self.gap / 1000)

    @property
    def is_network(self) -> bool:
        return bool(self.config.get("model", {}).get("hidden"))

    @property
    def convex(self) -> bool:
        """Whether every point with gradient 0 is a minimum: a linear model with a convex loss."""
        name = self.config.get("model", {}).get("loss")
        known = name is None or (name in LOSSES and LOSSES[name].convex)
        return "surface" not in self.config and not self.is_network and known

    @property
    def _width(self) -> int:
        return max(1, int(WINDOW * len(self.loss)))


def traced_of(
    record: Mapping[str, Any],
    config: Mapping[str, Any],
    steps: Mapping[str, Array],
    evals: Mapping[str, Array],
    limit: RateLimit | None = None,
) -> Traced:
    """The facts of a run that has ended. record: status, stop and summary as in run.json.

    steps, evals: the columns of the trace by name. limit: the stability limit of the learning rate;
    None if theory predicts none.
    """
    status = record["status"]
    stop = record["stop"] or {}
    message = stop["message"] if status == "diverged" else None
    summary = record["summary"] or {}
    data = record.get("data") or {}
    floor = lowest_loss(config)
    return Traced(
        config, evals, steps, floor, status, summary, message, limit, data, stop.get("rule", "")
    )


Rule = Callable[[Traced], Symptom | None]
