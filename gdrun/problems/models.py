"""The registry of models: the names for the model section of a config, and their builders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gdrun.methods.chosen_options import with_chosen
from gdrun.methods.definitions import (
    AUTO,
    Definition,
    define,
)
from gdrun.problems.losses import LOSSES
from gdrun.problems.objective import Model

Task = Literal["regression", "classification"]
Options = Mapping[str, Any]
Builder = Callable[..., Model]


def _zeros(options: Options) -> str:
    return "zeros"


@dataclass(frozen=True)
class ModelDefinition(Definition):
    """A kind of model. function: its builder, which takes features, classes and the options.

    If an option names a registry entry, such as a loss, the builder takes the options of that entry
    as **options. task: regression, classification, or either of them. classes: how many classes a
    classification may have, two or any number. init: the function that returns, for given options,
    the name of the init that `init: auto` stands for.
    """

    task: Task | Literal["either"] = "regression"
    classes: Literal["two", "any"] = "any"
    init: Callable[[Options], str] = _zeros

    def build(self, features: int, classes: int, options: Options) -> Model:
        """Return the model with these options.

        features: the number of features. classes: the number of classes; 0 for a regression.
        options: the model options by name; l2 and dropout are not used, because the `Objective` has
        them.
        """
        own = with_chosen(self.options, options)
        built: Model = self.function(
            features,
            classes,
            **{name: options[name] for name in own if name in options and name not in LANE_OPTIONS},
        )
        return built

    def task_with(self, options: Options) -> Task | None:
        """Return the task of a model with these options; None if the data decides the task."""
        if self.task != "either":
            return self.task
        if options["loss"] == AUTO:
            return None
        return "regression" if LOSSES[options["loss"]].targets == "number" else "classification"


MODELS: dict[str, ModelDefinition] = {}
"""Every kind of model, by name."""


def model(
    *,
    task: Task | Literal["either"],
    classes: Literal["two", "any"] = "any",
    init: Callable[[Options], str] = _zeros,
) -> Callable[[Builder], Builder]:
    """Register the decorated builder as a kind of model.

    task: regression or classification; "either" if the loss decides this, or with `loss: auto` the
    target in the data. classes, init: as in `ModelDefinition`.
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


LANE_OPTIONS = frozenset({"l2", "dropout"})
"""The model options in which runs that are trained together (the lanes of a cohort) may differ."""
