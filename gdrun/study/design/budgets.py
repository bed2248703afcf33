"""The same budget for every contender: so many epochs, gradients, or seconds."""

from __future__ import annotations

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


def parse_budget(text: str, base: Experiment, rows: int) -> Budget:
    """The budget that UNIT or UNIT=AMOUNT stands for, as unit and amount.

    Without an amount: the epochs of the config, as many gradients as they take, or one second.
    rows: the training examples.
    """
    unit, equals, value = text.partition("=")
    unit = unit.strip()
    if unit not in BUDGETS:
        raise GdrunError(
            f"{unit!r} is no budget", where=Parameter("budget"), hint=suggestion(unit, BUDGETS)
        )
    if not equals:
        epochs = base.stopping.epochs or DEFAULT_EPOCHS
        usual = {"epochs": epochs, "gradients": epochs * rows, "seconds": DEFAULT_SECONDS}
        if unit not in usual:
            raise GdrunError(
                f"how many {unit}?", where=Parameter("budget"), hint=f"such as {unit}=1000"
            )
        return unit, usual[unit]
    amount: Any = parse_value(value)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not amount > 0:
        raise GdrunError(
            f"{value!r} is no amount", where=Parameter("budget"), hint=f"such as {unit}=1000"
        )
    return unit, amount


def with_budget(candidate: Candidate, budget: Budget) -> Candidate:
    """The candidate with this budget in place of its own."""
    unit, amount = budget
    text = f"{unit}={amount:g}"
    changes = [Override(f"stopping.{each}", None, text) for each in BUDGETS if each != unit]
    changes.append(Override(f"stopping.{unit}", amount, text))
    try:
        return replace(candidate, experiment=load(candidate.experiment, changes))
    except ConfigError as error:
        if unit != "seconds":
            raise
        hint = f'such as {candidate.name}+constant; or `budget="gradients"`'
        problems = [Problem(each.what, each.where, hint) for each in error.problems]
        raise ConfigError(problems) from None
