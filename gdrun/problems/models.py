"""The registry of models: what a name in the model section builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gdrun.methods.definitions import Definition, NonNegative, Positive, define, options_of
from gdrun.problems.inits import InitName
from gdrun.problems.objective import Model

Task = Literal["regression", "classification"]
Builder = Callable[..., Model]


@dataclass(frozen=True)
class ModelDefinition(Definition):
    """A model's builder, which takes the numbers of features and of classes, then its options."""

    task: Task = "regression"
    classes: Literal["two", "any"] = "any"


MODELS: dict[str, ModelDefinition] = {}
"""Every model by name."""


def model(*, task: Task, classes: Literal["two", "any"] = "any") -> Callable[[Builder], Builder]:
    """Register the decorated builder as a model."""

    def register(builder: Builder) -> Builder:
        known = define(builder)
        MODELS[known.name] = ModelDefinition(
            known.name, known.function, known.options, known.doc, task=task, classes=classes
        )
        return builder

    return register


def _common(l2: NonNegative = 0.0, init: InitName = "zeros", init_std: Positive = 0.01) -> None:
    """Options of every model: penalty, initial weights, and the spread of init: normal."""


COMMON_OPTIONS = options_of(_common)

LANE_OPTIONS = frozenset({"l2"})
"""Options of a model in which the lanes of one cohort may differ; all others are built into it."""
