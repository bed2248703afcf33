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

    lr₀ is the initial rate, P is the length of the current cycle, and s is the time since the start
    of this cycle. The length of the first cycle is period, in epochs (or steps). Each later cycle
    is growth times as long as the cycle before it.

    Source: Loshchilov & Hutter 2016, SGDR, equation 5, where period is called T₀ and growth T_mult.

    Elsewhere: CosineAnnealingWarmRestarts in PyTorch is the same. CosineDecayRestarts in Keras has
    the default growth 2, and can lower the peak of each cycle. sgdr_schedule in optax takes a list
    of cycles.
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
    """Cyclic rate: in each cycle the rate rises linearly from lr₀ / div to lr₀ and falls back.

        c = ⌊1 + t / (2h)⌋,  x = |t/h − 2c + 1|
        u = max(0, 1 − x) · scale
        lr(t) = lr₀/d + (lr₀ − lr₀/d) u

    lr₀ is the option lr of the optimizer, here the highest rate. d is div. h is half_cycle, the
    length of a rise or a fall in epochs (or steps). c is the number of the cycle, from 1. scale
    depends on mode: 1 for triangular, ½^(c − 1) for triangular2, γᵗ for exp_range, where γ is
    gamma.

    Source: Smith 2015, which advises a lowest rate of a third or a quarter of the highest.

    Elsewhere: CyclicLR in PyTorch takes the lowest and the highest rate, and also changes the
    momentum.
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
    """Return the momentum of one_cycle at time t: low while the rate is high.

    Returns None if cycle_momentum is false. The other parameters are those of `one_cycle`.
    """
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

    lr₀ is the option lr of the optimizer, here the highest rate. r is rise, d is div, f is
    final_div; T is the length of the run after warm-up. An arrow is a rise or a fall along half a
    cosine, or along a straight line with anneal: linear. β is the momentum. It falls while the rate
    rises, and rises while the rate falls. β replaces the momentum of the optimizer (its option
    momentum, beta1 or beta). An optimizer without momentum has no β to replace. Three more options
    of the schedule belong to β: beta_low, beta_high and cycle_momentum; with cycle_momentum: false
    the optimizer keeps its own momentum.

    Source: Smith & Topin 2017, with half cosines as in PyTorch and optax.

    Elsewhere: cosine_onecycle_schedule in optax has the same rates, and does not set the momentum.
    OneCycleLR in PyTorch has its peak at step rT − 1 and its end at step T − 1: both are one step
    earlier than here.
    """
    return _up_and_down(t, T, rise, anneal, lr / div, lr, lr / (div * final_div))


def _up_and_down(t: Any, T: Any, rise: Any, anneal: Anneal, first: Any, top: Any, last: Any) -> Any:
    """Return a value that goes from `first` at time 0 to `top` at rise · T, to `last` at T.

    t: the time at which to evaluate. anneal: the form of both parts, half a cosine or a line.
    """
    peak = rise * T
    # `where` evaluates both parts at every t, so each is kept inside its own range.
    up = _between(first, top, minimum(t / peak, 1.0), anneal)
    down = _between(top, last, minimum(maximum(t - peak, 0.0) / (T - peak), 1.0), anneal)
    return where(t < peak, up, down)


def _between(first: Any, last: Any, share: Any, anneal: Anneal) -> Any:
    """Return the value between `first` (where share is 0) and `last` (where share is 1).

    anneal: whether the value follows half a cosine or a straight line.
    """
    weight = share if anneal == "linear" else 0.5 * (1 - cos(pi * share))
    return first + (last - first) * weight


def _cycle(t: Any, period: Any, growth: int) -> tuple[Any, Any]:
    """Return the number of the cycle that contains time t, from 0, and this cycle's start time.

    period: the length of the first cycle. growth: the factor from one length to the next.
    """
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
    """Return the start time of a cycle: the sum of the lengths of the cycles before it.

    cycle: the number of the cycle, from 0. growth: above 1.
    """
    return period * (growth**cycle - 1) / (growth - 1)
