"""The form of a schedule: lr(t), with t counted from 0 in epochs, or in steps with `per: step`.

The time t is the number of epochs (or steps) completed before the current one. The first epoch has
t = 0 and the last has t = T − 1. So a schedule with a certain value at T does not reach it: its
last epoch (or step) is T − 1. With `per: epoch` the rate is constant within an epoch.

A schedule takes the time `t`, the initial rate `lr` and, if it has an end, the length `T`: the
epochs (or steps) of the budget after warm-up. A schedule that depends on the validation loss takes
`drops` instead of t, the number of times that the rate has dropped. The equation is elementwise:
t may have shape (times, 1) and lr (lanes,).

    @schedule
    def exponential(t, lr, decay: NonNegative = 0.05):
        return lr * exp(-decay * t)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

import numpy as np
from numpy import maximum

from gdrun.array_types import Counts, Numbers
from gdrun.errors import GdrunError
from gdrun.methods.definitions import (
    Check,
    Definition,
    define,
    inputs_of,
    option_names,
    options_of,
)

Equation = TypeVar("Equation", bound=Callable[..., Any])
WarmupStart = Literal["zero", "one"]


@dataclass(frozen=True)
class Schedule(Definition):
    """A schedule, with two further functions that some schedules have and that use its options.

    beta: the momentum at time t, for a schedule that also sets it. watch: the function that counts
    the drops, for a schedule that depends on the validation loss.
    """

    beta: Callable[..., Any] | None = None
    watch: Callable[..., Any] | None = None

    @property
    def uses_drops(self) -> bool:
        """Whether the rate depends on the validation loss instead of the time."""
        return self.watch is not None

    def watched(self, memory: Any, loss: Numbers, options: Mapping[str, Any]) -> Any:
        """The memory of `watch` after one more evaluation with the losses `loss` (lanes,).

        A schedule without `watch` returns the memory unchanged.
        """
        if self.watch is None:
            return memory
        return self.watch(memory, loss, **_own(self.watch, options))


SCHEDULES: dict[str, Schedule] = {}
"""All schedules by name."""


@overload
def schedule(equation: Equation) -> Equation: ...
@overload
def schedule(
    *,
    beta: Callable[..., Any] | None = None,
    watch: Callable[..., Any] | None = None,
    check: Check | None = None,
) -> Callable[[Equation], Equation]: ...
def schedule(
    equation: Equation | None = None,
    *,
    beta: Callable[..., Any] | None = None,
    watch: Callable[..., Any] | None = None,
    check: Check | None = None,
) -> Equation | Callable[[Equation], Equation]:
    """Register the decorated equation as a schedule.

    beta: a function of (t, T) that returns the momentum. watch: a function of (memory, loss) that
    returns the new memory with the number of drops, for an equation that takes `drops`. check:
    finds contradictions between options.
    Raises GdrunError if the parameters are not (t, lr), (t, T, lr) or (drops, lr) followed by
    options with defaults, if an equation takes `drops` without a watch, or has a watch without
    drops, and if a schedule of another module has the same name.
    """

    def register(equation: Equation) -> Equation:
        definition, inputs = define(equation), inputs_of(equation)
        name = definition.name
        if inputs not in (("t", "lr"), ("t", "T", "lr"), ("drops", "lr")):
            raise GdrunError(
                f"schedule {name} has the parameters ({', '.join(inputs)})",
                hint="its parameters must be (t, lr), (t, T, lr) or (drops, lr), then options "
                "with defaults",
            )
        if ("drops" in inputs) != (watch is not None):
            hint = "use both: watch counts the drops, and the equation takes drops"
            raise GdrunError(f"schedule {name} has only one of drops and watch", hint=hint)
        known = SCHEDULES.get(name)
        # The same module may define a schedule again: a notebook does so each time a cell runs.
        if known is not None and known.function.__module__ != equation.__module__:
            hint = "choose another name"
            raise GdrunError(f"another schedule is called {name}", hint=hint)
        options = dict(definition.options)
        for function in filter(None, (beta, watch)):
            options |= options_of(function)
        SCHEDULES[name] = Schedule(
            name, equation, options, definition.doc, check, beta=beta, watch=watch
        )
        return equation

    return register if equation is None else register(equation)


def needs_length(definition: Definition) -> bool:
    """Whether the schedule needs the length T of the run, which comes from the budget."""
    return "T" in inputs_of(definition.function)


def rates(
    definition: Schedule,
    t: Numbers,
    lr: Numbers,
    *,
    length: float | None = None,
    options: Mapping[str, Any],
    warmup: float = 0.0,
    warmup_start: WarmupStart = "zero",
    drops: Counts | None = None,
) -> Numbers:
    """The learning rates of all lanes at times `t`: (K, lanes).

        lr(t) = lr₀ · t/n            for t < n, or lr₀ · (t+1)/n with warmup_start "one"
        lr(t) = schedule(t − n)      for t ≥ n, with T = length − n

    t: (K,), in epochs (or steps). lr: the initial rates lr₀, (lanes,). length: the length of the
    run, in the unit of t. options: floats or arrays (lanes,). n is warmup. drops: (lanes,), the
    number of drops so far, for a schedule that depends on the validation loss.
    Raises ValueError if the schedule needs `length` or `drops` and it is None.
    """
    times = t[:, None]
    after, T = _after(times, warmup), _left(length, warmup)
    planned = value_at(definition.function, options, t=after, T=T, lr=lr, drops=drops)
    # Without warm-up the ramp would divide by 0.
    if warmup:
        planned = np.where(times < warmup, ramp(times, lr, warmup, warmup_start), planned)
    # A schedule of drops does not depend on t, and a schedule of t may not depend on the lane.
    return np.broadcast_to(planned, (len(t), len(lr)))


def ramp(t: Numbers, lr: Numbers, warmup: float, warmup_start: WarmupStart = "zero") -> Numbers:
    """Linear warm-up: the rate rises along a straight line before the schedule begins.

        zero: lr(t) = lr₀ · t/n           for t < n
        one:  lr(t) = lr₀ · (t + 1)/n     for t < n

    n is warmup, in epochs (or steps); zero and one are the values of warmup_start. From t = n on
    the schedule runs with the time t − n. With zero, the rate of the first epoch (or step) is 0, so
    it changes no weights. With one, the last epoch (or step) of the warm-up has the rate lr₀.

    Source: Goyal et al. 2017, section 2.2.

    Elsewhere: optax starts as zero does, so its step 0 changes no weights, and its warmup_cosine
    includes the warm-up in decay_steps. LinearLR in PyTorch starts at lr₀ / 3 by default.
    CosineDecay in Keras rises from its initial rate by step/n.
    """
    rising: Numbers = lr * ((t + (warmup_start == "one")) / warmup)
    return rising


def betas(
    definition: Schedule,
    t: Numbers,
    *,
    length: float | None = None,
    options: Mapping[str, Any],
    warmup: float = 0.0,
) -> Numbers | None:
    """The momentum at times `t` (K,): (K, 1) or (K, lanes); None if the schedule does not set it.

    It replaces the momentum option of the optimizer. During warm-up it is β(0).
    Raises ValueError if the schedule needs `length` and it is None.
    """
    if definition.beta is None:
        return None
    after, T = _after(t[:, None], warmup), _left(length, warmup)
    momentum: Numbers | None = value_at(definition.beta, options, t=after, T=T)
    return momentum


def value_at(function: Callable[..., Any], options: Mapping[str, Any], **given: Any) -> Any:
    """The value of an equation, called with the inputs and options that it takes.

    Raises ValueError if an input that it takes is None.
    """
    for name in inputs_of(function):
        if given[name] is None:
            raise ValueError(f"schedule {function.__name__} needs {name}")
    inputs = (given[name] for name in inputs_of(function))
    return function(*inputs, **_own(function, options))


def _own(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in option_names(function)}


def _after(times: Any, warmup: float) -> Any:
    return maximum(times - warmup, 0.0)


def _left(length: float | None, warmup: float) -> float | None:
    # At least 1, so that an equation which divides by T never divides by 0.
    return None if length is None else max(length - warmup, 1.0)
