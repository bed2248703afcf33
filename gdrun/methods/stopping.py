"""Why training stops: every exit has a name, a status and a sentence of its own.

Rules are judged at evaluations, on readings of the full training objective, for all lanes at once.
Budgets are counted by the training loop. The reason owns its words: screen, record and exit code
read the same `Stop`.
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
"""What an evaluation saw, by quantity: (lanes,), NaN where a lane has no such reading."""


@dataclass(frozen=True)
class Stop:
    """The reason a run ended: the rule's name, when, and the sentence with its numbers."""

    rule: str
    status: Status
    epoch: float
    step: int
    message: str


@dataclass(frozen=True)
class StopRule:
    """A threshold on one reading: it fires below the threshold, or at and above it.

    default: the threshold where the rule is watched by its name alone.
    """

    name: str
    reading: str
    words: str
    sign: Literal["<", "≤", "≥"]
    default: float

    def fired(self, readings: Readings, threshold: Any) -> Flags:
        """Which lanes the rule would stop now: (lanes,)."""
        fired: Flags = _COMPARISONS[self.sign](readings[self.reading], threshold)
        return fired

    def sentence(self, value: float, threshold: float) -> str:
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
"""Every threshold rule by name; the readings are those of the full training objective."""


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` evaluations.

    Better means lower than the best so far by more than min_delta. The memory, best loss and
    evaluations since, belongs to the loop, which hands it in.

    Source: Prechelt 1998, with patience as in the common libraries.
    """

    patience: int
    min_delta: float = 0.0
    restore_best: bool = True

    def sentence(self, best: float, best_epoch: float) -> str:
        evaluations = f"{self.patience} evaluation{'' if self.patience == 1 else 's'}"
        return (
            f"no better validation loss for {evaluations} "
            f"(best {number(best)} at epoch {position(best_epoch)})"
        )


@dataclass(frozen=True)
class Criteria:
    """Rules that are judged together: thresholds by the rule's name, and early stopping."""

    thresholds: Mapping[str, float]
    early_stopping: EarlyStopping | None = None


@dataclass(frozen=True)
class StoppingRules:
    """The rules that a run obeys, those that it only reports, and what counts as divergence.

    divergence_factor: a loss above this factor times the initial loss has diverged.
    """

    obeyed: Criteria
    watched: Criteria
    divergence_factor: float


def number(value: float) -> str:
    """A number as a person would write it: four significant digits, no noise.

    >>> number(9.7654e-07), number(1e-06), number(0.25), number(1150.0)
    ('9.765e-07', '1e-06', '0.25', '1150')
    """
    return f"{value:.4g}"


def position(epoch: float) -> str:
    """An epoch as a person would write it: whole when it is whole.

    >>> position(41.0), position(2.5)
    ('41', '2.5')
    """
    return f"{epoch:.2f}".rstrip("0").rstrip(".")


def moment(epoch: float, step: int) -> str:
    """When something happened, in both counts: `at epoch 41 (step 943)`."""
    return f"at epoch {position(epoch)} (step {step})"


def divergence_sentence(
    quantity: str, value: float, layer: str | None, *, factor: float, initial_loss: float
) -> str:
    """The sentence for a divergence, such as `the gradient of w became nan`."""
    if np.isfinite(value):
        limit = f"{factor:g} times the initial loss {number(initial_loss)}"
        return f"the {quantity} {number(value)} is above {limit}"
    place = f" of {layer}" if layer else ""
    return f"the {quantity}{place} became {value}"


def budget_sentence(budget: str, amount: float) -> str:
    """The sentence for a used-up budget, such as `the budget of 50 epochs is used up`."""
    unit = budget.removesuffix("s") if amount == 1 else budget
    counted = f"{amount:,.0f}" if amount == int(amount) else f"{amount:g}"
    return f"the budget of {counted} {unit} is used up"
