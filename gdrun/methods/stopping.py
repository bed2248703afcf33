"""Stopping: the rules and budgets that end a run, and the sentence for each reason.

The training loop checks the rules at each evaluation, on the full training objective, for all lanes
at once, and counts the budgets. The reason is one record, `Stop`, from which the output, the files
of the run and the exit code are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Flags, Numbers

Status = Literal[
    "running", "converged", "stopped", "exhausted", "diverged", "interrupted", "failed"
]
Readings = dict[str, Numbers]
"""The results of an evaluation by quantity: (lanes,), NaN if a lane has no such result."""


@dataclass(frozen=True)
class Stop:
    """The reason a run ended: the name of the rule, the time, and a sentence with its numbers."""

    rule: str
    status: Status
    epoch: float
    step: int
    message: str


@dataclass(frozen=True)
class StopRule:
    """A rule that stops a run when one reading reaches a threshold.

    reading: the quantity in Readings. words: its name in sentences. sign: the comparison of the
    reading with the threshold. default: the threshold where `watch` names the rule without one.
    """

    name: str
    reading: str
    words: str
    sign: Literal["<", "≤", "≥"]
    default: float

    def fired(self, readings: Readings, threshold: Any) -> Flags:
        """Whether the rule stops each lane: (lanes,). A NaN reading stops no lane."""
        # A comparison with NaN is false, so a lane without this reading continues.
        fired: Flags = _COMPARISONS[self.sign](readings[self.reading], threshold)
        return fired

    def sentence(self, value: float, threshold: float) -> str:
        """The reason with its numbers, such as `gradient norm 9.8e-07 < 1e-06`."""
        return f"{self.words} {number(value)} {self.sign} {number(threshold)}"


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
"""All threshold rules by name. Their readings are of the full training objective."""


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` evaluations.

    An evaluation improves on the best one if its loss is lower by more than min_delta. With
    restore_best the run returns the weights of the best evaluation. The training loop keeps the
    best loss and the number of evaluations since.

    Source: Prechelt 1998, with patience as in the common libraries.
    """

    patience: int
    min_delta: float = 0.0
    restore_best: bool = True

    def sentence(self, best: float, best_epoch: float) -> str:
        """The reason with its numbers: the patience, the best loss, and its epoch."""
        evaluations = f"{self.patience} evaluation{'' if self.patience == 1 else 's'}"
        return (
            f"the validation loss has not improved for {evaluations} "
            f"(best {number(best)} at epoch {position(best_epoch)})"
        )


@dataclass(frozen=True)
class Criteria:
    """A set of stopping rules: the threshold of each rule by its name, and early stopping."""

    thresholds: Mapping[str, float]
    early_stopping: EarlyStopping | None = None


@dataclass(frozen=True)
class StoppingRules:
    """All stopping rules of a run.

    obeyed: rules that stop the run. watched: rules that the run only reports. divergence_factor:
    a run whose loss is above this factor times the initial loss has diverged.
    """

    obeyed: Criteria
    watched: Criteria
    divergence_factor: float


def number(value: float) -> str:
    """A number with four significant digits, without trailing zeros.

    >>> number(9.7654e-07), number(1e-06), number(0.25), number(1150.0)
    ('9.765e-07', '1e-06', '0.25', '1150')
    """
    return f"{value:.4g}"


def position(epoch: float) -> str:
    """An epoch with at most two decimals, without trailing zeros.

    >>> position(41.0), position(2.5)
    ('41', '2.5')
    """
    return f"{epoch:.2f}".rstrip("0").rstrip(".")


def moment(epoch: float, step: int) -> str:
    """A time in epochs and in steps, such as `at epoch 41 (step 943)`."""
    return f"at epoch {position(epoch)} (step {step})"


def divergence_sentence(
    quantity: str, value: float, layer: str | None, *, factor: float, initial_loss: float
) -> str:
    """The sentence for a divergence, such as `the gradient of w became nan`.

    layer: the name of the weights, if known. factor: the divergence limit over initial_loss.
    """
    # A finite value is above the limit; a value that is not finite needs no limit.
    if np.isfinite(value):
        limit = f"{factor:g} times the initial loss {number(initial_loss)}"
        return f"the {quantity} {number(value)} is above {limit}"
    place = f" of {layer}" if layer else ""
    return f"the {quantity}{place} became {value}"


def budget_sentence(budget: str, amount: float) -> str:
    """The sentence for a budget that is used up, such as `all 50 epochs done`."""
    unit = budget.removesuffix("s") if amount == 1 else budget
    counted = f"{amount:,.0f}" if amount == int(amount) else f"{amount:g}"
    if budget in ("epochs", "steps"):
        return f"{counted} {unit} done" if amount == 1 else f"all {counted} {unit} done"
    # A run may end with fewer gradients than its budget, or with more seconds.
    return f"the budget of {counted} {unit} is used up"


def budget_moment(budget: str, epoch: float, step: int) -> str:
    """The time at which a budget was used up, such as `(690 steps)`, without the budget's unit."""
    times = {"epochs": f"epoch {position(epoch)}", "steps": f"{step:,} step{'s' * (step != 1)}"}
    return f"({', '.join(time for unit, time in times.items() if unit != budget)})"
