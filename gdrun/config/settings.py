"""The sections with fixed keys: split, clip, stopping, evaluate, log and diagnose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gdrun.methods.definitions import Count, NonNegative, Positive
from gdrun.methods.stopping import STOP_RULES
from gdrun.problems.metrics import METRICS
from gdrun.symptoms.registry import SYMPTOMS

if TYPE_CHECKING:
    MetricName = str
    SymptomName = str
else:
    MetricName = Literal[tuple(METRICS)]
    SymptomName = Literal[tuple(SYMPTOMS)]
"""The names of metrics and of symptoms."""


def whole(value: Any) -> Any:
    """Return `value`, converted to int if it is a whole float, and otherwise unchanged.

    YAML 1.2 reads 1e4 as a float, also where an option needs a whole number.
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[Count, BeforeValidator(whole)]
Share = Annotated[int, Field(ge=0)] | NonNegative
"""The size of a part of the rows: a fraction below 1, or a whole number of rows."""


OFF = ("off", "no", "none", "null", "false")
"""The words that switch off what is None by default, such as early stopping; and the value false.

YAML 1.2 reads `off` and `no` as texts.
"""


def without_off(value: Any) -> Any:
    """None for a value that means off, else the value."""
    off = value is False or (isinstance(value, str) and value.lower() in OFF)
    return None if off else value


class Settings(BaseModel):
    """A config section with fixed keys. Types are checked strictly, and other keys are errors.

    can_be_off: whether one of the words of OFF in place of the section is the empty section.
    """

    can_be_off: ClassVar[bool] = False

    # strict: without it pydantic would convert the text "3" to a number and 1 to true.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def plain(self) -> dict[str, Any]:
        """The keys and their values as plain data, without those that are None."""
        return self.model_dump(exclude_none=True)


class Split(Settings):
    """The sizes of the validation and test parts: fractions or numbers of rows; 0 for no part.

    group: a column of a file, which is not a feature. All rows with the same value are in the same
    part, so the sizes are as close to those asked for as the groups allow. time: a feature that is
    a number or a date. The last rows in time are the test part, the rows before them the validation
    part, and rows of the same time are in the same part. Without group and time the rows are drawn
    at random, with nearly the same shares of the classes.
    """

    validation: Share = 0.1
    test: Share = 0.1
    group: str | None = None
    time: str | None = None


class HeldOutFile(Settings):
    """A file whose rows are the validation or the test part.

    path: a file in any format, with the columns of the training data. targets: the file with its
    targets, for NPY and IDX. unseen: what happens if a row has a category that the training part
    does not have: `error`, or `ignore`, which sets all 0/1 columns of its feature to 0.
    """

    path: str
    targets: str | None = None
    unseen: Literal["error", "ignore"] = "error"

    @property
    def short(self) -> str | dict[str, str]:
        """The path alone, if the other settings have their defaults; else the plain data."""
        plain: dict[str, str] = self.model_dump(exclude_defaults=True)
        return plain if len(plain) > 1 else self.path


def _unlike(kind: str, wanted: str, value: Any) -> PydanticCustomError:
    """The error for a value of another type. kind: the type of the error, wanted: what is right."""
    return PydanticCustomError(
        kind, "must be {wanted}, got {found}", {"wanted": wanted, "found": repr(value)}
    )


def _as_file(value: Any) -> Any:
    """Convert a path to {path: PATH}, and the word none to None."""
    if value is None or value == "none":
        return None
    if not isinstance(value, str | dict | HeldOutFile):
        raise _unlike("file_type", "the path of a file", value)
    return {"path": value} if isinstance(value, str) else value


HeldOut = Annotated[
    HeldOutFile | None,
    BeforeValidator(_as_file),
    WithJsonSchema({"anyOf": [{"type": ["string", "null"]}, HeldOutFile.model_json_schema()]}),
]
"""The value of the keys validation and test: settings, of which a path is the short form."""


def _as_label(value: Any) -> Any:
    """Convert a number or a boolean of YAML to the text of a label; other values are unchanged."""
    if isinstance(value, bool):
        return str(value)
    return str(whole(value)) if isinstance(value, int | float) else value


Label = Annotated[
    str | None,
    BeforeValidator(_as_label),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
"""The label of a class, as text."""

HELD_OUT = ("validation", "test")
"""The names of the parts that are held out from training."""


class Standardize(Settings):
    """What is standardised: shifted and scaled to mean 0 and standard deviation 1.

    The mean and the standard deviation are those of the training part. features: whether to
    standardise the features. target: whether to standardise the target of a regression. If so, the
    losses are those of the standardised target; metrics and predictions are in the target's unit.
    """

    features: bool = True
    target: bool = False

    @property
    def short(self) -> bool | dict[str, bool]:
        """True or false for `features`, if `target` is false; otherwise the plain data."""
        return self.model_dump() if self.target else self.features


def _long_form(value: Any) -> Any:
    """Convert true and false to {features: true} and {features: false}."""
    if isinstance(value, bool):
        return {"features": value}
    if not isinstance(value, dict | Standardize):
        raise _unlike("bool_type", "true or false", value)
    return value


Standardized = Annotated[
    Standardize,
    BeforeValidator(_long_form),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, Standardize.model_json_schema()]}),
]
"""The value of the key standardize: settings, of which true and false are short forms."""


Switch = BeforeValidator(without_off)
"""Allows the words of OFF for a key, where None means off."""

Limit: TypeAlias = Annotated[Positive | None, Switch]
"""A positive number, or None or one of the words of OFF for no limit."""


class Clip(Settings):
    """Limits on the gradient; None means no limit.

    norm: the limit on the L2 norm. value: the limit on the absolute value of each entry.
    """

    can_be_off: ClassVar[bool] = True

    norm: Limit = None
    value: Limit = None


class EarlyStoppingSettings(Settings):
    """Stop when the validation loss has not improved for `patience` consecutive evaluations.

    metric: a metric of the validation part to use in place of the loss; `gdrun list metrics` shows
    all metrics, and whether larger values are better. min_delta: improvements up to this size do
    not count, in the unit of the loss or metric. restore_best: whether the run returns the weights
    of its best evaluation.
    """

    metric: MetricName | None = None
    patience: Whole = 5
    min_delta: NonNegative = 0.0
    restore_best: bool = True


class DivergenceLimit(Settings):
    """A run has diverged when its loss is not finite, or above `factor` times its initial loss."""

    factor: Annotated[float, Field(gt=1)] = 1e4


class Rules(Settings):
    """The thresholds of the stopping rules, checked at each evaluation. None: the rule is off.

    grad_norm: the norm of the full gradient is below it. loss_change, weight_change: since the last
    evaluation, the training loss, or the L2 norm of the difference of the weights, has changed by
    less. target_loss: the training loss is at most this. target_accuracy: the training accuracy is
    at least this. early_stopping: the settings of early stopping on the validation part.
    """

    grad_norm: Limit = None
    loss_change: Limit = None
    weight_change: Limit = None
    target_loss: Annotated[float | None, Switch] = None
    target_accuracy: Annotated[Annotated[float, Field(gt=0, le=1)] | None, Switch] = None
    early_stopping: Annotated[EarlyStoppingSettings | None, Switch] = None

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of each rule that has one, by the name of the rule."""
        given = {name: getattr(self, name) for name in STOP_RULES}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def any_rule(self) -> bool:
        """Whether at least one rule is on."""
        return bool(self.thresholds) or self.early_stopping is not None


def _watched(value: Any) -> Any:
    """Convert a list of rule names to a mapping of default thresholds; keep other data as is."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return value
    defaults: dict[str, Any] = {name: rule.default for name, rule in STOP_RULES.items()}
    defaults["early_stopping"] = {}
    return {name: defaults.get(name) for name in value}


class Stopping(Rules):
    """Budgets and stopping rules. Without a budget a run has 100 epochs; `epochs: null` sets none.

    epochs, steps, seconds, gradients: the budgets, of which the first that is used up ends the run;
    a step on a batch of B examples counts B gradients. watch: rules that are reported when they
    fire, but do not stop the run. divergence: the limit on the loss, relative to the initial loss,
    above which a run has diverged.
    """

    epochs: Whole | None = None
    steps: Whole | None = None
    seconds: Positive | None = None
    gradients: Whole | None = None
    divergence: DivergenceLimit = DivergenceLimit()
    watch: Annotated[Rules, BeforeValidator(_watched)] = Rules()

    @property
    def budgets(self) -> dict[str, float]:
        """The amount of each budget that is set, by the name of the budget."""
        given = {name: getattr(self, name) for name in BUDGETS}
        return {name: value for name, value in given.items() if value is not None}

    def plain(self) -> dict[str, Any]:
        # Without any budget, the section would be read with the default budget.
        return super().plain() | ({} if self.budgets else {"epochs": None})


class Evaluate(Settings):
    """When the full objective is evaluated: after each period of `every` epochs, such as 0.5.

    metrics: the metrics to compute at the end, a list of names from `gdrun list metrics`; an empty
    list means none. By default they depend on the task. Metrics that are named are also measured on
    the validation part at each evaluation.
    """

    every: Positive = 1.0
    metrics: list[MetricName] | None = None


class Log(Settings):
    """How many steps of a run are recorded.

    points: the largest number of records, or `all`; the default for a surface is 10,000.
    """

    points: Whole | Literal["all"] = 1000


class Diagnose(Settings):
    """Which symptoms are reported.

    mute: symptoms that are not reported, a list of names from `gdrun list symptoms`.
    """

    mute: list[SymptomName] | None = None


BUDGETS = {
    "epochs": "passes over the training examples",
    "steps": "updates of the weights",
    "seconds": "seconds of training",
    "gradients": "gradients of single examples; a step on a batch of B examples counts B",
}
"""What each budget counts, by the name of the budget."""

DEFAULT_EPOCHS = 100


def with_default_budget(stopping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the section stopping, with DEFAULT_EPOCHS epochs if no budget is set."""
    if any(stopping.get(budget) is not None for budget in BUDGETS):
        return dict(stopping)
    return {"epochs": DEFAULT_EPOCHS} | dict(stopping)
