"""One budget for all contenders of a comparison, in epochs, steps, gradients, or seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.config.settings import BUDGETS, DEFAULT_EPOCHS
from gdrun.config.values import parse_value
from gdrun.errors import ConfigError, GdrunError, Parameter, Problem, suggestion
from gdrun.study.design.trials import Candidate

DEFAULT_SECONDS = 1.0

Budget = tuple[str, float]
"""A budget: its unit, such as epochs, and its amount in this unit."""


def parse_budget(text: str, base: Experiment, rows: int) -> Budget:
    """Return the budget that a text describes: UNIT=AMOUNT, or UNIT alone for a default amount.

    base: the experiment with the default number of epochs; gradients default to the number that
    full-batch training computes in these epochs, and seconds to 1. rows: the number of training
    examples. Raises GdrunError if the unit is unknown, or the amount is missing or not a positive
    number.
    """
    unit, equals, value = text.partition("=")
    unit = unit.strip()
    if unit not in BUDGETS:
        raise GdrunError(
            f"no budget is called {unit!r}",
            where=Parameter("budget"),
            hint=f"write the unit too, such as gradients={unit}"
            if not equals and isinstance(parse_value(unit), int | float)
            else suggestion(unit, BUDGETS),
        )
    if not equals:
        epochs = base.stopping.epochs or DEFAULT_EPOCHS
        usual = {"epochs": epochs, "gradients": epochs * rows, "seconds": DEFAULT_SECONDS}
        if unit not in usual:
            raise GdrunError(
                f"{unit} needs an amount",
                where=Parameter("budget"),
                hint=f"write it as {unit}=N, such as {unit}=1000",
            )
        return unit, usual[unit]
    amount: Any = parse_value(value)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not amount > 0:
        raise GdrunError(
            f"{value!r} is not a positive number",
            where=Parameter("budget"),
            hint=f"write it as {unit}=N, such as {unit}=1000",
        )
    return unit, amount


def replaced_budgets(words: Iterable[str]) -> list[str]:
    """The settings of a budget in these words, which a budget of the whole comparison replaces.

    words: settings such as epochs=2, and contenders such as adam+epochs=2.

    >>> replaced_budgets(["lr=0.1", "epochs=2", "adam+stopping.steps=5"])
    ['epochs=2', 'stopping.steps=5']
    """
    parts = [part.strip() for word in words for part in word.split("+") if "=" in part]
    keys = [part.partition("=")[0].strip().removeprefix("stopping.") for part in parts]
    return [part for part, key in zip(parts, keys, strict=True) if key in BUDGETS]


def with_budget(candidate: Candidate, budget: Budget) -> Candidate:
    """The candidate with this budget instead of its own.

    Raises ConfigError if the experiment cannot run with this budget. For example, some schedules
    need the number of steps, which a budget in seconds does not give.
    """
    unit, amount = budget
    text = f"{unit}={amount:g}"
    # Any other budget of the config could end the run before this one does.
    changes = [Override(f"stopping.{each}", None, text) for each in BUDGETS if each != unit]
    changes.append(Override(f"stopping.{unit}", amount, text))
    try:
        return replace(candidate, experiment=load(candidate.experiment, changes))
    except ConfigError as error:
        # Some schedules need the number of steps in advance, which a budget in seconds cannot give.
        if unit != "seconds":
            raise
        hint = f'use another schedule, such as {candidate.name}+constant, or `budget="gradients"`'
        problems = [Problem(each.what, each.where, hint) for each in error.problems]
        raise ConfigError(problems) from None
