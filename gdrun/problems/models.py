"""The registry of models: the names for the model section of a config, and their builders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from gdrun.methods.definitions import (
    AUTO,
    Choice,
    Definition,
    NonNegative,
    define,
    options_of,
    with_chosen,
)
from gdrun.problems.inits import INITS
from gdrun.problems.losses import LOSSES
from gdrun.problems.objective import Model

Task = Literal["regression", "classification"]
Options = Mapping[str, Any]
Builder = Callable[..., Model]


def _zeros(options: Options) -> str:
    return "zeros"


@dataclass(frozen=True)
class ModelDefinition(Definition):
    """A model and its builder, a function of the numbers of features and classes, and of options.

    If an option names an entry of a registry, such as a loss, the builder takes the options of that
    entry as **options. init: the function that chooses the init for `init: auto`, from the options.
    """

    task: Task | Literal["either"] = "regression"
    classes: Literal["two", "any"] = "any"
    init: Callable[[Options], str] = _zeros

    def build(self, features: int, classes: int, options: Options) -> Model:
        """The model with these options, without the options in which lanes may differ."""
        own = with_chosen(self.options, options)
        built: Model = self.function(
            features,
            classes,
            **{name: options[name] for name in own if name in options and name not in LANE_OPTIONS},
        )
        return built

    def task_with(self, options: Options) -> Task | None:
        """The task of a model with these options; None if it depends on the target in the data."""
        if self.task != "either":
            return self.task
        if options["loss"] == AUTO:
            return None
        return "regression" if LOSSES[options["loss"]].targets == "number" else "classification"


MODELS: dict[str, ModelDefinition] = {}
"""Every model by name."""


def model(
    *,
    task: Task | Literal["either"],
    classes: Literal["two", "any"] = "any",
    init: Callable[[Options], str] = _zeros,
) -> Callable[[Builder], Builder]:
    """Register the decorated builder as a model.

    task: "either" if the option loss decides it, or for `loss: auto` the target in the data.
    """

    def register(builder: Builder) -> Builder:
        known = define(builder)
        MODELS[known.name] = ModelDefinition(
            known.name,
            known.function,
            known.options,
            known.doc,
            task=task,
            classes=classes,
            init=init,
        )
        return builder

    return register


def _common(l2: NonNegative = 0.0, init: Annotated[str, Choice(INITS, auto=True)] = AUTO) -> None:
    """Options of every model: penalty and initial weights."""


COMMON_OPTIONS = options_of(_common)

LANE_OPTIONS = frozenset({"l2", "dropout"})
"""The options of a model in which the lanes of one cohort may differ."""
