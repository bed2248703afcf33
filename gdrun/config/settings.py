"""The sections with fixed keys: split, clip, stopping, evaluate and log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gdrun.methods.definitions import Count, NonNegative, Positive
from gdrun.methods.stopping import STOP_RULES


def whole(value: Any) -> Any:
    """The value, converted to int if it is a whole float: YAML 1.2 reads 1e4 as a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[Count, BeforeValidator(whole)]
Share = Annotated[int, Field(ge=0)] | NonNegative
"""A part of the rows: a fraction below 1, or a whole number of rows."""


class Settings(BaseModel):
    """A section with fixed keys. Types are checked strictly and other keys are refused."""

    # strict: without it pydantic would convert the text "3" to a number and 1 to true.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Split(Settings):
    """The sizes of the validation and test parts: fractions, or numbers of rows; 0 means none."""

    validation: Share = 0.1
    test: Share = 0.1


class Clip(Settings):
    """Limits on the gradient: `norm` for its L2 norm, `value` for each entry."""

    norm: Positive | None = None
    value: Positive | None = None


class EarlyStoppingSettings(Settings):
    """Stop when the validation loss has not improved for `patience` consecutive evaluations."""

    patience: Whole = 5
    min_delta: NonNegative = 0.0
    restore_best: bool = True


class DivergenceLimit(Settings):
    """A run has diverged when its loss is not finite, or above `factor` times the initial loss."""

    factor: Positive = 1e4


class Rules(Settings):
    """The stopping rules. They are checked at each evaluation, and all are off by default."""

    grad_norm: Positive | None = None
    loss_change: Positive | None = None
    weight_change: Positive | None = None
    target_loss: float | None = None
    target_accuracy: Annotated[float, Field(gt=0, le=1)] | None = None
    early_stopping: EarlyStoppingSettings | None = None

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of each rule that is given, by name."""
        given = {name: getattr(self, name) for name in STOP_RULES}
        return {name: value for name, value in given.items() if value is not None}


def _watched(value: Any) -> Any:
    """A list of rule names as a mapping, in which each rule has its default threshold."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return value
    defaults: dict[str, Any] = {name: rule.default for name, rule in STOP_RULES.items()}
    defaults["early_stopping"] = {}
    return {name: defaults.get(name) for name in value}


class Stopping(Rules):
    """Budgets and stopping rules. Without a budget a run has 100 epochs.

    watch: rules that are only reported. divergence: the limit of the loss.
    """

    epochs: Whole | None = None
    steps: Whole | None = None
    seconds: Positive | None = None
    gradients: Whole | None = None
    divergence: DivergenceLimit = DivergenceLimit()
    watch: Annotated[Rules, BeforeValidator(_watched)] = Rules()

    @property
    def budgets(self) -> dict[str, float]:
        """The budgets that are given, by name."""
        given = {name: getattr(self, name) for name in BUDGETS}
        return {name: value for name, value in given.items() if value is not None}


class Evaluate(Settings):
    """How often the full objective is computed: `every` epochs, which may be a fraction."""

    every: Positive = 1.0


class Log(Settings):
    """The largest number of step records of a run, or `all`, which is the default for a surface."""

    points: Whole | Literal["all"] = 1000


BUDGETS = {
    "epochs": "passes over the training examples",
    "steps": "updates of the weights",
    "seconds": "seconds of training",
    "gradients": "gradients of single examples; a step on a batch of B examples counts B",
}
"""The budgets by name, with the unit of each."""

DEFAULT_EPOCHS = 100


def with_default_budget(stopping: Mapping[str, Any]) -> dict[str, Any]:
    """The stopping section, with DEFAULT_EPOCHS as its budget if it has none."""
    if any(stopping.get(budget) is not None for budget in BUDGETS):
        return dict(stopping)
    return {"epochs": DEFAULT_EPOCHS} | dict(stopping)
