"""Schedules that raise the rate again: warm restarts, cyclic rates, and one cycle."""

from __future__ import annotations

from typing import Any, Literal

from numpy import absolute, cos, floor, log, maximum, minimum, pi, where

from gdrun.methods.definitions import (
    Count,
    Decay,
    Divisor,
    Fraction,
    NonNegative,
    Positive,
    Shrinkage,
)
from gdrun.methods.schedules.form import schedule


@schedule
def cosine_restarts(t, lr, period: Positive = 10.0, growth: Count = 1, lr_min: NonNegative = 0.0):
    """Cosine decay with warm restarts: in each cycle the rate falls from lr₀ along half a cosine.

        lr(t) = lr_min + ½ (lr₀ − lr_min) (1 + cos(π s/P))

    P is the length of the current cycle, and s is the time since its start. The first cycle has
    period epochs (or steps), and each later one is growth times as long as the one before it.

    Source: Loshchilov & Hutter 2016, SGDR, equation 5; period is its T₀, growth its T_mult.

    Elsewhere: CosineAnnealingWarmRestarts in PyTorch is the same. CosineDecayRestarts in Keras has
    growth 2 and can lower the peaks. sgdr_schedule in optax takes a list of cycles.
    """
    cycle, start = _cycle(t, period, growth)
    elapsed = (t - start) / (period * growth**cycle)
    return lr_min + 0.5 * (lr - lr_min) * (1 + cos(pi * elapsed))


@schedule
def cyclic(
    t,
    lr,
    div: Divisor = 4.0,
    half_cycle: Positive = 4.0,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: Fraction = 0.99,
):
    """Cyclic rate: it rises linearly from lr₀ / div to lr₀ and falls back, again and again.

        c = ⌊1 + t / (2h)⌋,  x = |t/h − 2c + 1|
        u = max(0, 1 − x) · scale
        lr(t) = lr₀/d + (lr₀ − lr₀/d) u

    d is div. h is half_cycle, the length of a rise or a fall in epochs (or steps). c counts the
    cycles from 1. scale depends on mode: 1 for triangular, ½^(c − 1) for triangular2, γᵗ for
    exp_range, where γ is gamma.

    Source: Smith 2015, which advises a lower bound of a third or a quarter of the upper one.

    Elsewhere: CyclicLR in PyTorch takes both bounds as rates, and also changes the momentum.
    """
    cycle = floor(1 + t / (2 * half_cycle))
    # 1 at the peak and 0 at both ends of a cycle; maximum removes rounding errors below 0.
    height = maximum(0.0, 1 - absolute(t / half_cycle - 2 * cycle + 1))
    scale = {"triangular": 1.0, "triangular2": 0.5 ** (cycle - 1), "exp_range": gamma**t}[mode]
    return lr / div + (lr - lr / div) * height * scale


Anneal = Literal["cosine", "linear"]


def _cycled_momentum(
    t,
    T,
    rise: Shrinkage = 0.3,
    anneal: Anneal = "cosine",
    beta_low: Decay = 0.85,
    beta_high: Decay = 0.95,
    cycle_momentum: bool = True,
):
    """The momentum of one_cycle: it is low while the rate is high. None without cycle_momentum."""
    if not cycle_momentum:
        return None
    return _up_and_down(t, T, rise, anneal, beta_high, beta_low, beta_high)


@schedule(beta=_cycled_momentum)
def one_cycle(
    t,
    T,
    lr,
    rise: Shrinkage = 0.3,
    div: Divisor = 25.0,
    final_div: Divisor = 1e4,
    anneal: Anneal = "cosine",
):
    """One cycle: the rate rises to lr₀ and then falls almost to 0; the momentum does the opposite.

        lr(t) = lr₀/d ↗ lr₀        (t < rT)
        lr(t) = lr₀ ↘ lr₀/(d f)    (rT ≤ t)
        β(t)  = beta_high ↘ beta_low ↗ beta_high

    r is rise, d is div, f is final_div; T is the length of the run after warm-up. Each part is half
    a cosine, or a straight line with anneal: linear. β replaces the momentum of the optimizer
    (momentum, beta1 or beta) unless cycle_momentum is false. An optimizer without momentum is not
    changed.

    Source: Smith & Topin 2017, with half cosines as in PyTorch and optax.

    Elsewhere: cosine_onecycle_schedule in optax has the same rates, and does not set the momentum.
    OneCycleLR in PyTorch has its peak at step rT − 1 and its end at step T − 1, which is one step
    earlier.
    """
    return _up_and_down(t, T, rise, anneal, lr / div, lr, lr / (div * final_div))


def _up_and_down(t: Any, T: Any, rise: Any, anneal: Anneal, first: Any, top: Any, last: Any) -> Any:
    """The value at t on the way from `first` to `top` at rise · T, and on to `last` at T."""
    peak = rise * T
    # `where` evaluates both parts at every t, so each is kept inside its own range.
    up = _between(first, top, minimum(t / peak, 1.0), anneal)
    down = _between(top, last, minimum(maximum(t - peak, 0.0) / (T - peak), 1.0), anneal)
    return where(t < peak, up, down)


def _between(first: Any, last: Any, share: Any, anneal: Anneal) -> Any:
    """The value after a share (0 to 1) of the way from `first` to `last`."""
    weight = share if anneal == "linear" else 0.5 * (1 - cos(pi * share))
    return first + (last - first) * weight


def _cycle(t: Any, period: Any, growth: int) -> tuple[Any, Any]:
    """The number of the cycle at time t, counted from 0, and the time of its start."""
    # The formula below divides by growth − 1 and by its logarithm.
    if growth == 1:
        cycle = floor(t / period)
        return cycle, cycle * period
    cycle = floor(log(1 + t * (growth - 1) / period) / log(growth))
    # At the start of a cycle the exact logarithm is a whole number, but the computed one may be
    # slightly smaller. The comparison with the exact starts corrects this.
    cycle = cycle + (t >= _start(cycle + 1, period, growth)) - (t < _start(cycle, period, growth))
    return cycle, _start(cycle, period, growth)


def _start(cycle: Any, period: Any, growth: int) -> Any:
    """The start of a cycle: the sum of the lengths of the cycles before it."""
    return period * (growth**cycle - 1) / (growth - 1)
