"""The form of an optimizer: one pure function, the update as its paper prints it.

A rule takes the weights `w`, their gradient `g`, its own slots (arrays like `w` that it carries
from step to step) and, where the equation needs them, the step count `t` (1, 2, …, as a float) and
the layer norm `norm`. It returns the new weights, then the new slots. Everything is elementwise, so
the same function serves arrays of any shape: one run, or hundreds of lanes `(lanes, P)` with
hyperparameters `(lanes, 1)`.

    @rule(slots="v")
    def momentum(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9):
        v = beta * v + g
        return w - lr * v, v

A layer-wise rule is elementwise but for `norm(a)`, which the program hands in: for an array like
`w` it gives, at every entry, the L2 norm of the tensor (a weight matrix, or a bias) that the entry
belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np

from gdrun.array_types import Array
from gdrun.errors import GdrunError
from gdrun.methods.definitions import (
    Check,
    Definition,
    Option,
    Rate,
    define,
    inputs_of,
    options_of,
)

Equation = TypeVar("Equation", bound=Callable[..., Any])
Norm = Callable[[Any], Any]


@dataclass(frozen=True)
class Rule(Definition):
    """An optimizer.

    slots: the names of its carried arrays. starts: what each slot holds before the first step, a
    number or the name of an option. uses_t: whether it counts steps. uses_norm: whether it asks for
    layer norms.
    """

    slots: tuple[str, ...] = ()
    starts: tuple[float | str, ...] = ()
    uses_t: bool = False
    uses_norm: bool = False

    @property
    def momentum(self) -> str | None:
        """The option that is the rule's momentum, which a schedule may cycle; None without one."""
        return next((name for name in _MOMENTA if name in self.options), None)

    @property
    def own_slots(self) -> tuple[str, ...]:
        """The slots that the equation itself takes and returns."""
        return self.slots

    def start(self, w: Array, options: Mapping[str, Any]) -> tuple[Array, ...]:
        """The slots before the first step, each like w. options: numbers or (lanes, 1), with lr."""
        values = (options[at] if isinstance(at, str) else at for at in self.starts)
        return tuple(np.full_like(w, value) for value in values)

    def advance(
        self,
        w: Array,
        g: Array,
        slots: tuple[Array, ...],
        t: float,
        options: Mapping[str, Any],
        norm: Norm | None = None,
    ) -> tuple[Array, tuple[Array, ...]]:
        """One step: the new weights, and the new slots."""
        inputs = (*slots, *((t,) if self.uses_t else ()), *((norm,) if self.uses_norm else ()))
        result = self.function(w, g, *inputs, **options)
        return (result[0], tuple(result[1:])) if self.own_slots else (result, ())


OPTIMIZERS: dict[str, Rule] = {}
"""Every update rule by name."""

OPTIMIZER_ALIASES: dict[str, str] = {}
"""Other names under which a rule is accepted."""


@overload
def rule(equation: Equation) -> Equation: ...
@overload
def rule(
    *, slots: str = "", aliases: str = "", check: Check | None = None
) -> Callable[[Equation], Equation]: ...
def rule(
    equation: Equation | None = None,
    *,
    slots: str = "",
    aliases: str = "",
    check: Check | None = None,
) -> Equation | Callable[[Equation], Equation]:
    """Register the decorated equation as an optimizer.

    slots: names of the carried arrays, separated by blanks. A slot starts at zero, or at what
    follows its name: a number (`product=1`) or an option (`total=initial`).
    aliases: other names, separated by blanks. check: finds contradictions between options.
    Raises GdrunError where the signature is not (w, g, *slots[, t][, norm]), then options with
    defaults, among them `lr`; and where another module's rule has the name.
    """

    def register(equation: Equation) -> Equation:
        name = equation.__name__
        names, starts = _parsed(slots)
        form, inputs = ("w", "g", *names), inputs_of(equation)
        extras = inputs[len(form) :]
        if inputs[: len(form)] != form or extras not in ((), ("t",), ("norm",), ("t", "norm")):
            raise GdrunError(
                f"rule {name} takes ({', '.join(inputs)}), and its slots are {slots!r}",
                hint=f"let it take ({', '.join(form)}), then t, norm or both where it needs them, "
                "then options with defaults",
            )
        options = options_of(equation)
        for missing in {"lr", *(at for at in starts if isinstance(at, str))} - set(options):
            raise GdrunError(f"rule {name} has no option {missing}", hint="give it a default")
        for called in (name, *aliases.split()):
            _refuse_taken(called, equation)
        known = define(equation, check=check)
        OPTIMIZERS[name] = Rule(
            name,
            known.function,
            {**known.options, "lr": _rate(known.options["lr"])},
            known.doc,
            check,
            slots=names,
            starts=starts,
            uses_t="t" in extras,
            uses_norm="norm" in extras,
        )
        OPTIMIZER_ALIASES.update(dict.fromkeys(aliases.split(), name))
        return equation

    return register if equation is None else register(equation)


def _rate(option: Option) -> Option:
    """The rate of a rule: positive, and no whole number, also where its author does not say so."""
    if option.annotation in (int, float):
        return replace(option, annotation=Rate, default=float(option.default))
    return option


def _refuse_taken(name: str, equation: Callable[..., Any]) -> None:
    """A name has one owner, which alone may define it anew (as a notebook's cell does)."""
    known = OPTIMIZERS.get(OPTIMIZER_ALIASES.get(name, name))
    if known is not None and known.function.__module__ != equation.__module__:
        raise GdrunError(f"an optimizer is called {name} already", hint="choose another name")


_MOMENTA = ("momentum", "beta1", "beta")


def _parsed(slots: str) -> tuple[tuple[str, ...], tuple[float | str, ...]]:
    """The names in `slots`, and what each starts at."""
    parts = [part.partition("=") for part in slots.split()]
    starts = tuple(_number(start) if equals else 0.0 for _, equals, start in parts)
    return tuple(name for name, _, _ in parts), starts


def _number(text: str) -> float | str:
    """The number that the text writes, or else the text: the name of an option."""
    try:
        return float(text)
    except ValueError:
        return text
