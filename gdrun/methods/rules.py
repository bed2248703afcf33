"""The form of an optimizer: one pure function, the update as its paper prints it.

A rule takes the weights `w`, their gradient `g`, its own slots (arrays like `w` that it carries
from step to step) and, where the equation needs it, the step count `t` (1, 2, …, as a float). It
returns the new weights, then the new slots. Everything is elementwise, so the same function serves
arrays of any shape: one run, or hundreds of lanes `(lanes, P)` with hyperparameters `(lanes, 1)`.

    @rule(slots="v")
    def momentum(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9):
        v = beta * v + g
        return w - lr * v, v
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gdrun.methods.definitions import Definition, define, inputs_of

Equation = TypeVar("Equation", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule(Definition):
    """An optimizer. `slots` names its carried arrays; `uses_t` says whether it counts steps."""

    slots: tuple[str, ...] = ()
    uses_t: bool = False


OPTIMIZERS: dict[str, Rule] = {}
"""Every update rule by name."""

OPTIMIZER_ALIASES: dict[str, str] = {}
"""Other names under which a rule is accepted."""


def rule(*, slots: str = "", aliases: str = "") -> Callable[[Equation], Equation]:
    """Register the decorated equation as an optimizer.

    slots: names of the carried arrays, separated by blanks; they start at zero.
    aliases: other names, separated by blanks.
    Raises TypeError where the signature is not (w, g, *slots[, t]), then options with defaults,
    among them `lr`.
    """

    def register(equation: Equation) -> Equation:
        names = tuple(slots.split())
        inputs = inputs_of(equation)
        if inputs not in ((form := ("w", "g", *names)), (*form, "t")):
            wanted = ", ".join(form)
            raise TypeError(
                f"rule {equation.__name__} takes ({', '.join(inputs)}); "
                f"with slots={slots!r} it must take ({wanted}) or ({wanted}, t)"
            )
        known = define(equation)
        if "lr" not in known.options:
            raise TypeError(f"rule {equation.__name__} has no option lr")
        OPTIMIZERS[known.name] = Rule(
            known.name,
            known.function,
            known.options,
            known.doc,
            slots=names,
            uses_t=inputs[-1] == "t",
        )
        OPTIMIZER_ALIASES.update(dict.fromkeys(aliases.split(), known.name))
        return equation

    return register
