"""Learning-rate schedules: lr(t), with t counted from 0 in epochs, or in steps with `per: step`.

A schedule takes the time `t`, the starting rate `lr` and, where its form has an end, the length
`T`: the epochs (or steps) that the budget leaves after warm-up. Everything is elementwise: `t` may
be a column of times against a row of lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np
from numpy import cos, exp, floor, maximum, minimum, pi
from numpy.typing import NDArray

from gdrun.methods.definitions import Definition, Fraction, NonNegative, Positive, define, inputs_of

Equation = TypeVar("Equation", bound=Callable[..., Any])
WarmupStart = Literal["zero", "one"]

SCHEDULES: dict[str, Definition] = {}
"""Every schedule by name."""


def schedule(equation: Equation) -> Equation:
    """Register the decorated equation as a schedule; it must take (t, lr) or (t, T, lr)."""
    inputs = inputs_of(equation)
    if inputs not in (("t", "lr"), ("t", "T", "lr")):
        raise TypeError(
            f"schedule {equation.__name__} takes ({', '.join(inputs)}); "
            "it must take (t, lr) or (t, T, lr), then options with defaults"
        )
    SCHEDULES[equation.__name__] = define(equation)
    return equation


@schedule
def constant(t, lr):
    """The same rate throughout.

    lr(t) = lr₀
    """
    return lr + 0 * t


@schedule
def step(t, lr, gamma: Fraction = 0.5, drop_every: Positive = 10.0):
    """A drop by a constant factor, every so often.

        lr(t) = lr₀ · γ^⌊t / drop_every⌋

    γ is gamma; drop_every counts epochs (or steps).
    """
    return lr * gamma ** floor(t / drop_every)


@schedule
def exponential(t, lr, decay: NonNegative = 0.05):
    """Exponential decay.

        lr(t) = lr₀ · e^(−λ t)

    λ is decay, per epoch (or step): the rate halves every ln 2 / λ.
    """
    return lr * exp(-decay * t)


@schedule
def polynomial(t, T, lr, power: Positive = 1.0):
    """Polynomial decay to zero; a straight line at power 1.

        lr(t) = lr₀ · (1 − t/T)^p

    p is power; T is the length of the run after warm-up.
    """
    return lr * (1 - minimum(t, T) / T) ** power


@schedule
def cosine(t, T, lr, lr_min: NonNegative = 0.0):
    """Half a cosine, from lr₀ down to lr_min.

        lr(t) = lr_min + ½ (lr₀ − lr_min) (1 + cos(π t/T))

    T is the length of the run after warm-up.

    Source: Loshchilov & Hutter 2016, without restarts.
    """
    return lr_min + 0.5 * (lr - lr_min) * (1 + cos(pi * minimum(t, T) / T))


def needs_length(definition: Definition) -> bool:
    """Whether the schedule's form has an end, so that the budget must give its length T."""
    return "T" in inputs_of(definition.function)


def rates(
    definition: Definition,
    t: NDArray[np.float64],
    lr: NDArray[np.float64],
    *,
    length: float | None = None,
    options: dict[str, Any],
    warmup: float = 0.0,
    warmup_start: WarmupStart = "zero",
) -> NDArray[np.float64]:
    """The learning rates at times `t` (K,) for lanes with starting rates `lr` (lanes,): (K, lanes).

        lr(t) = lr₀ · t/n            for t < n, or lr₀ · (t+1)/n with warmup_start "one"
        lr(t) = schedule(t − n)      from n on, with T = length − n

    n is warmup; options holds floats or rows (lanes,). length is the run's own, in the unit of t.
    """
    times = t[:, None]
    after = maximum(times - warmup, 0.0)
    if needs_length(definition):
        if length is None:
            raise ValueError(f"schedule {definition.name} needs a length")
        planned = definition.function(after, max(length - warmup, 1.0), lr, **options)
    else:
        planned = definition.function(after, lr, **options)
    if warmup:
        ramp = lr * ((times + (warmup_start == "one")) / warmup)
        planned = np.where(times < warmup, ramp, planned)
    return np.broadcast_to(planned, (len(t), len(lr)))
