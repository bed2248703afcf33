"""Averages of the weights along the path, which are evaluated in place of the weights.

An average takes its last value `mean`, the weights `w` after step t, and `t` (1, 2, …, as a float),
and returns its new value. It is elementwise, and at t = 1 it is w whatever mean was, so it needs no
value to start from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gdrun.array_types import Array
from gdrun.methods.definitions import Decay, Definition, Natural, define
from gdrun.methods.rules import Norm, Rule


@dataclass(frozen=True)
class AveragedRule(Rule):
    """A rule that carries the average of its weights as one more slot, the last.

    function and options are those of the rule itself. average: the equation of the average, and
    average_options its own: numbers, which lanes do not differ in.
    """

    average: Callable[..., Any] = field(kw_only=True)
    average_options: Mapping[str, Any] = field(kw_only=True)

    def advance(
        self,
        w: Array,
        g: Array,
        slots: tuple[Array, ...],
        t: float,
        options: Mapping[str, Any],
        norm: Norm | None = None,
    ) -> tuple[Array, tuple[Array, ...]]:
        """One step of the rule, and the average of the weights up to it."""
        *own, mean = slots
        new, carried = super().advance(w, g, tuple(own), t, options, norm)
        return new, (*carried, self.average(mean, new, t, **self.average_options))

    @property
    def own_slots(self) -> tuple[str, ...]:
        """All but the average."""
        return self.slots[:-1]


def averaged(rule: Rule, average: Definition, options: Mapping[str, Any]) -> AveragedRule:
    """The rule with this average, under these options of it."""
    known = vars(rule) | {"slots": (*rule.slots, "average"), "starts": (*rule.starts, 0.0)}
    return AveragedRule(**known, average=average.function, average_options=options)


AVERAGES: dict[str, Definition] = {}
"""Every average by name."""


def _average(equation: Callable[..., Any]) -> Callable[..., Any]:
    AVERAGES[equation.__name__] = define(equation)
    return equation


@_average
def polyak(mean: Any, w: Any, t: float, start: Natural = 0) -> Any:
    """Polyak–Ruppert averaging: the mean of all weights after the first `start` steps.

        w̄ ← w                        for t ≤ s + 1
        w̄ ← w̄ + (w − w̄) / (t − s)     after that

    s is start, in steps: leaving the first ones out forgets the way from the initial weights.

    Source: Ruppert 1988; Polyak & Juditsky 1992.

    Elsewhere: AveragedModel in PyTorch is the same, over the calls that it gets; optax has none.
    """
    if t <= start + 1:
        return w
    return mean + (w - mean) / (t - start)


@_average
def ema(mean: Any, w: Any, t: float, decay: Decay = 0.999) -> Any:
    """Exponential moving average, free of bias from the first step on.

        s = (1 − δ) / (1 − δᵗ)
        w̄ ← (1 − s) w̄ + s w

    δ is decay. This is m / (1 − δᵗ) for m ← δ m + (1 − δ) w from m = 0, Adam's correction, written
    as one recursion: a weighted mean of the weights so far, which never holds the zero it began at.

    Source: Kingma & Ba 2014, section 7.2.

    Elsewhere: optax's ema with debias is the same; get_ema_multi_avg_fn in PyTorch and
    ExponentialMovingAverage in TensorFlow start at the first weights and keep δᵗ of them.
    """
    share = (1 - decay) / (1 - decay**t)
    return (1 - share) * mean + share * w
