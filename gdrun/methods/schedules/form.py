"""The form of a schedule: lr(t), with t counted from 0 in epochs, or in steps with `per: step`.

Time is what lies behind: t is the number of epochs, or of steps, completed before the one whose
rate is asked for. The first has t = 0 and the last t = T − 1, so a schedule that is said to end at
T comes within one unit of its end. Within an epoch the rate of `per: epoch` is constant.

A schedule takes the time `t`, the starting rate `lr` and, where its form has an end, the length
`T`: the epochs (or steps) that the budget leaves after warm-up. One that follows the validation
loss takes the number of `drops` so far in place of t. Everything is elementwise: `t` may be a
column of times against a row of lanes.

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
    """A schedule, and the companions that some have, which share its options.

    beta: what it makes of the rule's momentum at the same times. watch: what counts its drops, from
    each validation loss.
    """

    beta: Callable[..., Any] | None = None
    watch: Callable[..., Any] | None = None

    @property
    def uses_drops(self) -> bool:
        """Whether the rate follows the validation loss, and not the time."""
        return self.watch is not None

    def watched(self, memory: Any, loss: Numbers, options: Mapping[str, Any]) -> Any:
        """The memory after one more evaluation with these losses (lanes,)."""
        if self.watch is None:
            return memory
        return self.watch(memory, loss, **_own(self.watch, options))


SCHEDULES: dict[str, Schedule] = {}
"""Every schedule by name."""


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

    beta: a companion that gives the momentum, from (t, T). watch: a companion that takes (memory,
    loss) and returns the memory, for an equation of `drops`. check: finds contradictions between
    options.
    Raises GdrunError where the equation does not take (t, lr), (t, T, lr) or (drops, lr), then
    options with defaults; and where another module's schedule has the name.
    """

    def register(equation: Equation) -> Equation:
        known, inputs = define(equation), inputs_of(equation)
        if inputs not in (("t", "lr"), ("t", "T", "lr"), ("drops", "lr")):
            raise GdrunError(
                f"schedule {known.name} takes ({', '.join(inputs)})",
                hint="let it take (t, lr), (t, T, lr) or (drops, lr), then options with defaults",
            )
        if ("drops" in inputs) != (watch is not None):
            hint = "an equation of drops needs a watch that counts them, and no other has one"
            raise GdrunError(f"schedule {known.name} has one of drops and watch", hint=hint)
        taken = SCHEDULES.get(known.name)
        if taken is not None and taken.function.__module__ != equation.__module__:
            hint = "choose another name"
            raise GdrunError(f"a schedule is called {known.name} already", hint=hint)
        options = dict(known.options)
        for companion in filter(None, (beta, watch)):
            options |= options_of(companion)
        SCHEDULES[known.name] = Schedule(
            known.name, equation, options, known.doc, check, beta=beta, watch=watch
        )
        return equation

    return register if equation is None else register(equation)


def needs_length(definition: Definition) -> bool:
    """Whether the schedule's form has an end, so that the budget must give its length T."""
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
    """The learning rates at times `t` (K,) for lanes with starting rates `lr` (lanes,): (K, lanes).

        lr(t) = lr₀ · t/n            for t < n, or lr₀ · (t+1)/n with warmup_start "one"
        lr(t) = schedule(t − n)      from n on, with T = length − n

    n is warmup; options holds floats or rows (lanes,). length is the run's own, in the unit of t.
    drops (lanes,): how often a schedule that watches the validation loss has dropped by now.
    """
    times = t[:, None]
    after, T = _after(times, warmup), _left(length, warmup)
    planned = value_at(definition.function, options, t=after, T=T, lr=lr, drops=drops)
    if warmup:
        planned = np.where(times < warmup, ramp(times, lr, warmup, warmup_start), planned)
    return np.broadcast_to(planned, (len(t), len(lr)))


def ramp(t: Numbers, lr: Numbers, warmup: float, warmup_start: WarmupStart = "zero") -> Numbers:
    """Warm-up: the rate rises in a straight line before the schedule begins.

        zero: lr(t) = lr₀ · t/n           for t < n
        one:  lr(t) = lr₀ · (t + 1)/n     for t < n

    n is warmup, in epochs (or steps); zero and one are the values of warmup_start. From n on the
    schedule runs from its own time 0. With zero the first epoch (or step) has rate 0 and moves
    nothing; with one it moves, and the last of the warm-up has lr₀ already.

    Source: Goyal et al. 2017, section 2.2.

    Elsewhere: optax counts as zero does, so its step 0 does nothing, and warmup_cosine counts the
    warm-up within decay_steps. LinearLR in PyTorch begins at a third of lr₀ unless told otherwise.
    Keras's CosineDecay rises from its initial rate by step/n.
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
    """The momentum at times `t` (K,): (K, 1) or (K, lanes); None where the schedule leaves it be.

    It takes the place of the rule's own momentum option. Until the warm-up n is over it is β(0).
    """
    if definition.beta is None:
        return None
    after, T = _after(t[:, None], warmup), _left(length, warmup)
    found: Numbers | None = value_at(definition.beta, options, t=after, T=T)
    return found


def value_at(function: Callable[..., Any], options: Mapping[str, Any], **given: Any) -> Any:
    """What an equation makes of those inputs and options that it names."""
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
    return None if length is None else max(length - warmup, 1.0)
