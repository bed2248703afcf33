"""The sections that are not chosen by name: split, clip, stopping, evaluate, log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gdrun.methods.definitions import Count, NonNegative, Positive
from gdrun.methods.stopping import STOP_RULES


def whole(value: Any) -> Any:
    """The value, as an int where it is a whole float: 1e4 is a float in YAML 1.2; it counts."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[Count, BeforeValidator(whole)]
Share = Annotated[int, Field(ge=0)] | NonNegative
"""A part of the rows: a fraction below 1, or a whole number of rows."""


class Settings(BaseModel):
    """A section with fixed keys: strict about types, closed to other keys, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Split(Settings):
    """Which share of the rows is kept apart: fractions, or counts of rows; 0 means none."""

    validation: Share = 0.1
    test: Share = 0.1


class Clip(Settings):
    """Bounds on the gradient: `norm` on its whole L2 norm, `value` on each entry."""

    norm: Positive | None = None
    value: Positive | None = None


class EarlyStoppingSettings(Settings):
    """Stop when the validation loss has not improved for `patience` evaluations in a row."""

    patience: Whole = 5
    min_delta: NonNegative = 0.0
    restore_best: bool = True


class DivergenceLimit(Settings):
    """A loss above `factor` times the initial loss counts as divergence, even while finite."""

    factor: Positive = 1e4


class Rules(Settings):
    """The stopping rules, each off unless given, judged at every evaluation."""

    grad_norm: Positive | None = None
    loss_change: Positive | None = None
    weight_change: Positive | None = None
    target_loss: float | None = None
    target_accuracy: Annotated[float, Field(gt=0, le=1)] | None = None
    early_stopping: EarlyStoppingSettings | None = None

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold rules that are on."""
        given = {name: getattr(self, name) for name in STOP_RULES}
        return {name: value for name, value in given.items() if value is not None}


def _watched(value: Any) -> Any:
    """A list of rule names stands for each rule at its usual threshold."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return value
    usual: dict[str, Any] = {name: rule.default for name, rule in STOP_RULES.items()}
    usual["early_stopping"] = {}
    return {name: usual.get(name) for name in value}


class Stopping(Rules):
    """Budgets and rules. Without any budget a run has 100 epochs."""

    epochs: Whole | None = None
    steps: Whole | None = None
    seconds: Positive | None = None
    gradients: Whole | None = None
    divergence: DivergenceLimit = DivergenceLimit()
    watch: Annotated[Rules, BeforeValidator(_watched)] = Rules()

    @property
    def budgets(self) -> dict[str, float]:
        """The budgets that are given."""
        given = {name: getattr(self, name) for name in BUDGETS}
        return {name: value for name, value in given.items() if value is not None}


class Evaluate(Settings):
    """When the full objective is computed: every so many epochs; fractions are allowed."""

    every: Positive = 1.0


class Log(Settings):
    """How many step records a run keeps at most, or `all`, as a walk on a surface does."""

    points: Whole | Literal["all"] = 1000


BUDGETS = {
    "epochs": "passes over the training examples",
    "steps": "updates of the weights",
    "seconds": "seconds of training",
    "gradients": "gradients of single examples: B a step for a batch of B",
}
"""Each budget, and what it counts."""

DEFAULT_EPOCHS = 100


def with_default_budget(stopping: Mapping[str, Any]) -> dict[str, Any]:
    """The stopping section with the default budget where it names none."""
    if any(stopping.get(budget) is not None for budget in BUDGETS):
        return dict(stopping)
    return {"epochs": DEFAULT_EPOCHS} | dict(stopping)
