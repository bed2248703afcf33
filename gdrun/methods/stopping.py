"""Stopping: the rules and budgets that end a run, and the sentence for each reason.

At each evaluation the training loop checks the rules, for all lanes (runs trained together) at
once. Rules with a threshold use the loss, the accuracy, the gradient and the weights on the full
training part; early stopping uses the loss or a metric on the validation part. The loop also
compares the steps and seconds with the budgets. The reason for the end is one record, `Stop`. The
output, the files of the run and the exit code are made from this record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.quantities import quantity, separating_digits, telling_digits

Status = Literal[
    "running", "converged", "stopped", "exhausted", "diverged", "interrupted", "failed"
]
Readings = dict[str, Numbers]
"""The results of an evaluation by quantity, such as train_loss.

Each result is an array (lanes,), with NaN in a lane that has no such result.
"""


@dataclass(frozen=True)
class Stop:
    """The reason why a run ended, or the firing of a rule that is only watched (reported).

    rule: the name of the rule or budget, or `divergence`, or `interrupted`. status: the status of a
    run that ends for this reason. epoch, step: when this happened. message: the reason and the time
    as text, such as `gradient norm 9.8e-07 < 1e-06 at epoch 41 (step 943)`.
    """

    rule: str
    status: Status
    epoch: float
    step: int
    message: str


@dataclass(frozen=True)
class StopRule:
    """A rule that stops a run when one reading reaches a threshold.

    reading: the key of the quantity in Readings, the results of an evaluation by name. words: the
    name of the quantity in sentences. sign: how the reading must compare with the threshold for the
    rule to fire. default: the threshold if a config lists this rule under `watch` (to be reported
    only) without a number.
    """

    name: str
    reading: str
    words: str
    sign: Literal["<", "≤", "≥"]
    default: float

    def fired(self, readings: Readings, threshold: Any) -> Flags:
        """Return in which lanes (runs trained together) the rule fires, (lanes,).

        It does not fire where a reading is NaN. readings: the results of an evaluation by name,
        (lanes,) each. threshold: a number or an array (lanes,).
        """
        # A comparison with NaN is false, so a lane without this reading continues.
        fired: Flags = _COMPARISONS[self.sign](readings[self.reading], threshold)
        return fired

    def sentence(self, value: float, threshold: float) -> str:
        """Return the reason as text with its numbers, such as `gradient norm 9.8e-07 < 1e-06`.

        If the two numbers differ, both have enough digits to show this. value: the reading.
        """
        digits = separating_digits((value, threshold), most=17, rounding=0)
        return f"{self.words} {quantity(value, digits)} {self.sign} {quantity(threshold, digits)}"


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "≤": np.less_equal,
    "≥": np.greater_equal,
}

STOP_RULES: dict[str, StopRule] = {
    rule.name: rule
    for rule in (
        StopRule("grad_norm", "full_grad_norm", "gradient norm", "<", 1e-6),
        StopRule("loss_change", "loss_change", "change of the training loss", "<", 1e-9),
        StopRule("weight_change", "weight_change", "change of the weights", "<", 1e-9),
        StopRule("target_loss", "train_loss", "training loss", "≤", 0.0),
        StopRule("target_accuracy", "train_accuracy", "training accuracy", "≥", 1.0),
    )
}
"""All rules with a threshold, by name. They use readings of the full training objective."""

TARGETS = frozenset({"target_loss", "target_accuracy"})
"""The rules that fire at a value of the user's choice, also far from a minimum."""

SMALL_CHANGES = {"loss_change": "a small change of the loss", "weight_change": "small steps"}
"""The rules that small changes fire, also far from a minimum; in words, what fires each rule."""


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a quantity on the validation part has not improved for `patience` evaluations.

    An evaluation is an improvement if its value is better than that of the last improvement by
    more than min_delta. With restore_best the run returns the weights of the best evaluation.

    reading: the key of the quantity in Readings, the results of an evaluation by name. words: the
    name of the quantity in sentences. larger: whether larger values of it are better.

    Source: Prechelt 1998, with patience as in the common libraries.
    """

    patience: int
    min_delta: float = 0.0
    restore_best: bool = True
    reading: str = "validation_loss"
    words: str = "loss"
    larger: bool = False

    def score(self, readings: Readings) -> Numbers:
        """The reading of each lane (run) as a score (lanes,), of which lower values are better."""
        value = readings[self.reading]
        return -value if self.larger else value

    def sentence(self, best: float, best_epoch: float) -> str:
        """Return the reason for this stop as text, with the patience.

        best: the score of the last improvement, that is, its value, or minus its value if larger
        values are better. best_epoch: the time of this improvement, in epochs.
        """
        evaluations = f"{self.patience} evaluation{'' if self.patience == 1 else 's'}"
        value = quantity(-best if self.larger else best)
        return (
            f"the validation {self.words} has not improved for {evaluations} "
            f"(best {value} at epoch {position(best_epoch)})"
        )


@dataclass(frozen=True)
class Criteria:
    """A set of stopping rules. thresholds: the threshold of each rule in the set, by rule name.

    early_stopping: None if the set has no early stopping.
    """

    thresholds: Mapping[str, float]
    early_stopping: EarlyStopping | None = None


@dataclass(frozen=True)
class StoppingRules:
    """All stopping rules of a run.

    obeyed: the rules that stop the run. watched: the rules that are reported when they fire but do
    not stop the run. divergence_factor: a run has diverged when its training loss is above this
    factor times its initial training loss.
    """

    obeyed: Criteria
    watched: Criteria
    divergence_factor: float


def position(epoch: float) -> str:
    """Return `epoch` as text with at most two decimals, without trailing zeros.

    >>> position(41.0), position(2.5)
    ('41', '2.5')
    """
    return f"{epoch:.2f}".rstrip("0").rstrip(".")


def moment(epoch: float, step: int) -> str:
    """Return a time in a run as text, such as `at epoch 41 (step 943)`."""
    return f"at epoch {position(epoch)} (step {step})"


def divergence_sentence(
    what: str, value: float, layer: str | None, *, factor: float, initial_loss: float
) -> str:
    """Return the reason for a divergence as text, such as `the gradient of w became nan`.

    what, value: the quantity that became too large or not finite, and its value. layer: the name of
    the weights that it belongs to, or None. factor: the divergence_factor of the run; the
    limit of a finite loss is factor · initial_loss.
    """
    # A finite value is above the limit; a value that is not finite needs no limit.
    if np.isfinite(value):
        shown = partial(quantity, digits=telling_digits((value, factor * initial_loss)))
        limit = f"{quantity(factor)} times the initial loss {shown(initial_loss)}"
        return f"the {what} {shown(value)} is above {limit}"
    place = f" of {layer}" if layer else ""
    return f"the {what}{place} became {value}"


def budget_sentence(budget: str, amount: float) -> str:
    """Return the sentence for a used-up budget, such as `all 50 epochs done`.

    budget: the unit of the budget, such as epochs or seconds. amount: the budget in this unit.
    """
    unit = budget.removesuffix("s") if amount == 1 else budget
    counted = f"{amount:,.0f}" if amount == int(amount) else f"{amount:g}"
    if budget in ("epochs", "steps"):
        return f"{counted} {unit} done" if amount == 1 else f"all {counted} {unit} done"
    # A run may end with fewer gradients than its budget, or with more seconds.
    return f"the budget of {counted} {unit} is used up"


def budget_moment(budget: str, epoch: float, step: int) -> str:
    """Return the time at which a budget was used up as text: the epoch and the number of steps.

    budget: the unit of the budget, which is left out. For a budget in epochs the text is, for
    example, `(690 steps)`.
    """
    times = {"epochs": f"epoch {position(epoch)}", "steps": f"{step:,} step{'s' * (step != 1)}"}
    return f"({', '.join(time for unit, time in times.items() if unit != budget)})"
