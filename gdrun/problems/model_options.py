"""The options that the section model of a config has with every model."""

from __future__ import annotations

from typing import Annotated

from gdrun.methods.definitions import AUTO, Choice, NonNegative, options_of
from gdrun.problems.inits import INITS


def _common(l2: NonNegative = 0.0, init: Annotated[str, Choice(INITS, auto=True)] = AUTO) -> None:
    """Options of every model: l2, the factor of the penalty, and init, the initial weights."""


COMMON_OPTIONS = options_of(_common)
