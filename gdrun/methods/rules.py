"""Update rules: an optimizer is one pure function, its update equation as printed in its paper.

A rule takes the weights `w`, their gradient `g`, and its slots: arrays of the shape of `w` that are
kept from step to step, such as a momentum. If the equation needs them, it also takes the step count
`t` (1, 2, …, as a float) and the function `norm`. The rule returns the new weights, then the new
slots. The equation is elementwise, so it works on arrays of any shape: the weights of one run, or
of many runs together, `(lanes, P)` with options `(lanes, 1)`, where each run is a lane.

    @rule(slots="v")
    def momentum(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9):
        v = beta * v + g
        return w - lr * v, v

A layer-wise rule also takes the input `norm`, a function that the program passes: norm(a) has the
shape of `a`, and each entry is the L2 norm of the tensor (a weight matrix or a bias) to which this
entry belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike

from gdrun.array_types import Array
from gdrun.errors import GdrunError
from gdrun.methods.definitions import (
    Check,
    Definition,
    Nested,
    Option,
    Rate,
    define,
    inputs_of,
    option_names,
    options_of,
    options_when_used,
)

Equation = TypeVar("Equation", bound=Callable[..., Any])
Norm = Callable[[Any], Any]
Words = str | Sequence[str]
"""Names: a text with spaces between them, or a list."""


@dataclass(frozen=True)
class Rule(Definition):
    """An update rule with its options and its documentation.

    slots: the names of the slots (arrays of state that a rule carries from step to step). starts:
    the value of each slot before the first step, a number or the name of an option that holds it.
    uses_t: whether the equation takes the step count t. uses_norm: whether the equation takes the
    function norm, which computes the norm of each weight matrix and bias.
    """

    slots: tuple[str, ...] = ()
    starts: tuple[float | str, ...] = ()
    uses_t: bool = False
    uses_norm: bool = False

    @property
    def momentum(self) -> str | None:
        """The name of the option that is the momentum, such as beta1; None without momentum.

        A schedule may set this option.
        """
        return next((name for name in _MOMENTA if name in self.options), None)

    @property
    def own_slots(self) -> tuple[str, ...]:
        """The names of the slots that the equation itself takes and returns.

        For a Rule these are all slots; an AveragedRule has one more, the average of the weights.
        """
        return self.slots

    def start(self, w: Array, options: Mapping[str, Any]) -> tuple[Array, ...]:
        """Return the initial slots (arrays of state), each with the shape and dtype of w.

        w: the weights (lanes, P), P for each lane (run). options: every option by name, a number or
        an array (lanes, 1).
        """
        values = (options[at] if isinstance(at, str) else at for at in self.starts)
        # full_like keeps the dtype of w, and broadcasts a value (lanes, 1) over the weights.
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
        """Return the weights and the slots (arrays of state) after one step.

        w, g and each slot: (lanes, P), with P weights for each lane (run). t: the step count,
        from 1. options: every option by name, a number or an array (lanes, 1). norm: the function
        that computes the norm of each weight matrix and bias, for a rule that uses it. The results
        have the dtype of w, even if the equation computes in float64, as with np.sqrt of a number.
        """
        inputs = (*slots, *((t,) if self.uses_t else ()), *((norm,) if self.uses_norm else ()))
        result = self.function(w, g, *inputs, **options)
        # A rule without slots returns the weights alone, not a tuple.
        new, *kept = result if self.own_slots else (result,)
        return _real(new, w.dtype), tuple(_real(slot, w.dtype) for slot in kept)


def _real(values: Array, dtype: DTypeLike) -> Array:
    """The values with this dtype, NaN in place of complex numbers.

    Python's power of a negative number, (−2) ** 0.5, is complex. That of NumPy and of C is NaN.
    """
    if values.dtype.kind == "c":
        values = np.where(values.imag == 0, values.real, np.nan)
    return values.astype(dtype, copy=False)


OPTIMIZERS: dict[str, Rule] = {}
"""All update rules by name."""

OPTIMIZER_ALIASES: dict[str, str] = {}
"""Other names that a config may use for a rule: the name of the rule by its alias."""


def _common(average: Annotated[Any, Nested("average")] = None) -> None:
    """The options of all optimizers. average: the average to evaluate in place of the weights.

    Only the signature is used; this function is never called.
    """


COMMON_OPTIONS = options_of(_common)


@overload
def rule(equation: Equation) -> Equation: ...
@overload
def rule(
    *, slots: Words = "", aliases: Words = "", check: Check | None = None
) -> Callable[[Equation], Equation]: ...
def rule(
    equation: Equation | None = None,
    *,
    slots: Words = "",
    aliases: Words = "",
    check: Check | None = None,
) -> Equation | Callable[[Equation], Equation]:
    """Register the decorated equation as an optimizer.

    slots: the names of the slots, as a text with spaces between them, or as a list. A slot starts
    at zero, or at the value after its name: a number (`product=1`) or an option (`total=initial`).
    aliases: other names of the rule, as a text or a list. check: a function from the
    option values by name to a pair (option name, message) for each contradiction.

    The signature must be (w, g, *slots[, t][, norm]), then options with defaults, among them `lr`.
    t is the step count, from 1; norm is the function that computes the norm of each weight matrix
    and bias. No option may be called name or average: every optimizer has these keys already. The
    equation returns the new w, or a tuple of the new w and the new slots. Raises GdrunError if the
    signature is different, if names are separated by commas, or if a rule of another module has the
    same name.
    """

    def register(equation: Equation) -> Equation:
        name = equation.__name__
        names, starts = _parsed(_words(slots, "slots", name))
        other_names = _words(aliases, "aliases", name)
        form, inputs = ("w", "g", *names), inputs_of(equation)
        extras = inputs[len(form) :]
        if inputs[: len(form)] != form or extras not in ((), ("t",), ("norm",), ("t", "norm")):
            raise _wrong_inputs(name, inputs, names)
        options = set(option_names(equation))
        for missing in {"lr", *(at for at in starts if isinstance(at, str))} - options:
            hint = f"add the parameter {missing} with a default, such as {missing}=0.01"
            raise GdrunError(f"rule {name} has no option {missing}", hint=hint)
        for called in (name, *other_names):
            _require_free_name(called, equation)
        definition = define(equation, check=check)
        OPTIMIZERS[name] = Rule(
            name,
            definition.function,
            options_when_used([equation], lambda: _with_rate(definition.options)),
            definition.doc,
            check,
            slots=names,
            starts=starts,
            uses_t="t" in extras,
            uses_norm="norm" in extras,
        )
        OPTIMIZER_ALIASES.update(dict.fromkeys(other_names, name))
        return equation

    return register if equation is None else register(equation)


def _wrong_inputs(name: str, inputs: Sequence[str], slots: Sequence[str]) -> GdrunError:
    """The error for an equation whose parameters without a default, `inputs`, are not as required.

    name: the name of the rule. slots: the names of its slots.
    """
    form = ("w", "g", *slots)
    surplus = [each for each in inputs if each not in (*form, "t", "norm", "lr")]
    if tuple(inputs[:2]) == ("w", "g") and not slots and surplus:
        these = " ".join(surplus)
        return GdrunError(
            f"rule {name} takes ({', '.join(inputs)}), but has no slots",
            hint=f'for arrays that are kept from step to step, write @rule(slots="{these}"); '
            f"for an option, write a default, such as {surplus[0]}=0.9",
        )
    if tuple(inputs[: len(form)]) == form and "lr" in inputs:
        return GdrunError(
            f"the option lr of rule {name} has no default",
            hint="write a default for each option, such as lr=0.01",
        )
    return GdrunError(
        f"rule {name} takes ({', '.join(inputs)}), which does not match its slots "
        f"{' '.join(slots)!r}",
        hint=f"use the parameters ({', '.join(form)}), then t or norm or both if the "
        "equation needs them, then options with defaults",
    )


def _with_rate(options: Mapping[str, Option]) -> dict[str, Option]:
    return {**options, "lr": _rate(options["lr"])}


def _rate(option: Option) -> Option:
    """Return the option lr with the type Rate.

    This is needed if the author of the rule wrote lr=1 or lr: float.
    """
    # Lanes may differ only in real numbers; with an int each rate would need its own cohort.
    if option.annotation in (int, float):
        return replace(option, annotation=Rate, default=float(option.default))
    return option


def _require_free_name(name: str, equation: Callable[..., Any]) -> None:
    """Raise GdrunError if `name` is already the name or an alias of a rule of another module.

    equation: the function to be registered under `name`.
    """
    known = OPTIMIZERS.get(OPTIMIZER_ALIASES.get(name, name))
    # The same module may define a rule again: a notebook does so each time a cell runs.
    if known is not None and known.function.__module__ != equation.__module__:
        what = f"there is already an optimizer with the name {name}"
        raise GdrunError(what, hint="choose another name")


# The order matters: in rmsprop, beta averages the squared gradient and momentum is the momentum.
_MOMENTA = ("momentum", "beta1", "beta")


def _words(given: Words, parameter: str, name: str) -> list[str]:
    """The words of a text or a list. Raises GdrunError if commas separate them.

    parameter, name: the parameter of `rule`, and the name of the rule, for the error.
    """
    words = given.split() if isinstance(given, str) else list(given)
    if any("," in word for word in words):
        right = " ".join(" ".join(words).replace(",", " ").split())
        hint = f'separate the names by spaces: {parameter}="{right}"'
        raise GdrunError(f"rule {name} has commas in its {parameter}", hint=hint)
    return words


def _parsed(slots: Sequence[str]) -> tuple[tuple[str, ...], tuple[float | str, ...]]:
    """Return the name of each slot, and its initial value.

    A value is a number, or the name of the option that holds it.
    """
    parts = [part.partition("=") for part in slots]
    starts = tuple(_number(start) if equals else 0.0 for _, equals, start in parts)
    return tuple(name for name, _, _ in parts), starts


def _number(text: str) -> float | str:
    """Return `text` as a number, or unchanged if it is not a number but the name of an option."""
    try:
        return float(text)
    except ValueError:
        return text
