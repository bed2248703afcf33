"""The form of a schedule: lr(t), with t counted from 0 in epochs, or in steps with `per: step`.

The time t is the number of epochs (or steps) completed before the current one. The first epoch has
t = 0 and the last has t = T − 1. So no epoch (or step) has the rate lr(T). With `per: epoch` the
rate is constant within an epoch.

A schedule is a function of the time `t`, the initial rate `lr` and, if the equation needs it, the
length `T`: the number of epochs (or steps) in the budget after warm-up. A schedule that depends on
the validation loss takes `drops` instead of t: the number of times that the rate has dropped. The
equation is elementwise: t may have shape (times, 1), and lr shape (lanes,), one rate for each lane
(each run that is trained together with others).

    @schedule
    def exponential(t, lr, decay: NonNegative = 0.05):
        return lr * exp(-decay * t)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, TypeVar, overload

import numpy as np
from numpy import maximum

from gdrun.array_types import Flags, Integers, Numbers
from gdrun.errors import GdrunError
from gdrun.methods.definitions import (
    Check,
    Definition,
    NonNegative,
    Option,
    define,
    inputs_of,
    option_names,
    options_of,
    options_when_used,
)

Equation = TypeVar("Equation", bound=Callable[..., Any])
WarmupStart = Literal["zero", "one"]


@dataclass(frozen=True)
class Schedule(Definition):
    """A learning-rate schedule: its equation, and two more functions that some schedules have.

    beta: the function that returns the momentum at time t; None if the schedule sets only the rate.
    watch: the function that counts the drops of the rate; None if the schedule does not depend on
    the validation loss. Both take options of the schedule.
    """

    beta: Callable[..., Any] | None = None
    watch: Callable[..., Any] | None = None

    @property
    def uses_drops(self) -> bool:
        """Whether the rate depends on the validation loss instead of the time."""
        return self.watch is not None

    def watched(
        self, memory: Any, loss: Numbers, options: Mapping[str, Any], moved: Flags | None = None
    ) -> Any:
        """Return the state of the schedule after one more evaluation.

        memory: the state before, a `Memory`. loss: the validation losses of the evaluation,
        (lanes,), one for each run. options: the options of the schedule. moved (lanes,): whether
        the rate was above zero since the evaluation before; None means that it was above zero in
        all lanes. If the schedule does not depend on the validation loss, `memory` is returned.
        """
        if self.watch is None:
            return memory
        moved = np.ones(len(loss), dtype=bool) if moved is None else moved
        return self.watch(memory, loss, moved, **_own(self.watch, options))


SCHEDULES: dict[str, Schedule] = {}
"""All learning-rate schedules by name."""


def _common(
    per: Literal["epoch", "step"] = "epoch",
    warmup: NonNegative = 0.0,
    warmup_start: WarmupStart = "zero",
) -> None:
    """The options of all schedules. Only the signature is used; this function is never called."""


COMMON_OPTIONS = options_of(_common)


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

    beta: a function of (t, T) and options that returns the momentum; None if the schedule sets only
    the rate. watch: a function of (memory, loss, moved) and options that returns the next memory, a
    `Memory`, which counts the drops of the rate; loss and moved are as in `Schedule.watched`. An
    equation that takes `drops` needs watch, and no other equation may have it. check: a function
    from the option values by name to a pair (option name, message) for each contradiction.

    The parameters must be (t, lr), (t, T, lr) or (drops, lr), then options with defaults. t starts
    at 0 after the warm-up, and counts epochs, or steps with `per: step`. No option may be called
    name, per, warmup or warmup_start: every schedule has these keys already. Raises GdrunError if
    the parameters are different, if only one of `drops` and `watch` is used, or if a schedule of
    another module has the same name.
    """

    def register(equation: Equation) -> Equation:
        definition, inputs = define(equation), inputs_of(equation)
        name = definition.name
        if inputs not in (("t", "lr"), ("t", "T", "lr"), ("drops", "lr")):
            raise GdrunError(
                f"schedule {name} takes ({', '.join(inputs)}), which gdrun cannot pass",
                hint="use the parameters (t, lr), (t, T, lr) or (drops, lr), then options with "
                "defaults; t is the time in epochs or steps, T the length of the run after "
                "warm-up, and drops the number of times that the rate has dropped",
            )
        if ("drops" in inputs) != (watch is not None):
            hint = "use both or neither: watch counts the drops that the equation takes"
            what = f"schedule {name} has the parameter drops or the function watch, but not both"
            raise GdrunError(what, hint=hint)
        known = SCHEDULES.get(name)
        # The same module may define a schedule again: a notebook does so each time a cell runs.
        if known is not None and known.function.__module__ != equation.__module__:
            what = f"there is already a schedule with the name {name}"
            raise GdrunError(what, hint="choose another name")

        functions: list[Callable[..., Any]] = [equation, *filter(None, (beta, watch))]

        def read() -> dict[str, Option]:
            return dict(chain.from_iterable(options_of(each).items() for each in functions))

        options = options_when_used(functions, read)
        SCHEDULES[name] = Schedule(
            name, equation, options, definition.doc, check, beta=beta, watch=watch
        )
        return equation

    return register if equation is None else register(equation)


def needs_length(definition: Definition) -> bool:
    """Return whether the schedule takes T, the length of the run after warm-up.

    Its rate or its momentum may depend on T.
    """
    beta = getattr(definition, "beta", None)
    return any("T" in inputs_of(each) for each in (definition.function, beta) if each is not None)


def rates(
    definition: Schedule,
    t: Numbers,
    lr: Numbers,
    *,
    length: float | None = None,
    options: Mapping[str, Any],
    warmup: float = 0.0,
    warmup_start: WarmupStart = "zero",
    drops: Integers | None = None,
) -> Numbers:
    """Return the learning rates at K times `t` in all lanes (runs trained together): (K, lanes).

        lr(t) = lr₀ · t/n            for t < n, or lr₀ · (t+1)/n with warmup_start "one"
        lr(t) = schedule(t − n)      for t ≥ n, with T = max(length − n, 1)

    t: (K,), in epochs (or steps). lr: the initial rates lr₀, (lanes,). length: the length of the
    run with warm-up, in the unit of t. options: the option values by name, floats or arrays
    (lanes,). warmup: the length n of the warm-up, in the unit of t. drops: (lanes,), how often the
    rate has dropped so far, for a schedule that depends on the validation loss.
    Raises ValueError if `length` or `drops` is None and the schedule needs this value.
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
    the rate is that of the schedule at time t − n. With zero, the rate of the first epoch (or step)
    is 0, so this epoch (or step) changes no weights. With one, the last epoch (or step) of the
    warm-up has the rate lr₀.

    Source: Goyal et al. 2017, section 2.2.

    Elsewhere: in optax the warm-up is that of zero: step 0 changes no weights. The decay_steps of
    its warmup_cosine include the warm-up. LinearLR in PyTorch starts at lr₀ / 3 by default. In
    CosineDecay of Keras the rate rises from its initial rate in proportion to step/n.
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
    """Return the momentum that the schedule sets at K times `t`: (K, lanes).

    It is (K, 1) if the options on which it depends are floats, the same in all lanes.

    This momentum replaces the momentum option of the optimizer. During warm-up it has its value at
    time 0. Returns None if the schedule does not set the momentum.

    t: (K,), in epochs (or steps). length: the length of the run with warm-up, in the unit of t.
    options: the option values by name, floats or arrays (lanes,). warmup: the length of the
    warm-up, in the unit of t.
    Raises ValueError if `length` is None and the schedule needs it.
    """
    if definition.beta is None:
        return None
    after, T = _after(t[:, None], warmup), _left(length, warmup)
    momentum: Numbers | None = value_at(definition.beta, options, t=after, T=T)
    return momentum


def value_at(function: Callable[..., Any], options: Mapping[str, Any], **given: Any) -> Any:
    """Call `function`, an equation of a schedule, with the inputs and options that it takes.

    given: the inputs by name, such as t and lr; those that the equation does not take are ignored.
    Raises ValueError if an input that the equation takes is None.
    """
    for name in inputs_of(function):
        if given[name] is None:
            raise ValueError(f"schedule {function.__name__} needs a value for {name}, got None")
    inputs = (given[name] for name in inputs_of(function))
    return function(*inputs, **_own(function, options))


def _own(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in option_names(function)}


def _after(times: Any, warmup: float) -> Any:
    return maximum(times - warmup, 0.0)


def _left(length: float | None, warmup: float) -> float | None:
    # At least 1, so that an equation which divides by T never divides by 0.
    return None if length is None else max(length - warmup, 1.0)
