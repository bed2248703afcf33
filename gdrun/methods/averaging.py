"""Averages of the weights over the steps: a run evaluates the average in place of the weights.

An average is a function of its previous value `mean`, the weights `w` after step t, and the step
count `t` (1, 2, …, as a float). It returns its new value. It is elementwise. At t = 1 it returns w
and ignores `mean`, so it needs no initial value.
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
    """An update rule whose last slot is the average of its weights.

    function and options belong to the rule. average: the equation of the average.
    average_options: the options of the average, which are the same for all lanes.
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
        """Return the weights and the slots after one step, the new average in the last slot.

        w, g and each slot: (lanes, P). t: the step count, from 1.
        """
        # `averaged` appends the average to the slots of the rule.
        *own, mean = slots
        new, carried = super().advance(w, g, tuple(own), t, options, norm)
        return new, (*carried, self.average(mean, new, t, **self.average_options))

    @property
    def own_slots(self) -> tuple[str, ...]:
        """The names of the rule's slots, without the average."""
        return self.slots[:-1]


def averaged(rule: Rule, average: Definition, options: Mapping[str, Any]) -> AveragedRule:
    """The rule, extended by a slot for `average`. options: the options of the average."""
    fields = vars(rule) | {"slots": (*rule.slots, "average"), "starts": (*rule.starts, 0.0)}
    return AveragedRule(**fields, average=average.function, average_options=options)


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

    s is start, in steps. With a start above 0 the first weights are not part of the mean.

    Source: Ruppert 1988; Polyak & Juditsky 1992.

    Elsewhere: AveragedModel in PyTorch computes the same mean, over the calls of
    update_parameters. optax has no such average.
    """
    if t <= start + 1:
        return w
    return mean + (w - mean) / (t - start)


@_average
def ema(mean: Any, w: Any, t: float, decay: Decay = 0.999) -> Any:
    """Exponential moving average with bias correction.

        s = (1 − δ) / (1 − δᵗ)
        w̄ ← (1 − s) w̄ + s w

    δ is decay. The recursion equals m / (1 − δᵗ) with m ← δ m + (1 − δ) w and m = 0 at the start,
    which is Adam's bias correction. The average is a weighted mean of the weights after each step.

    Source: Kingma & Ba 2014, section 7.2.

    Elsewhere: ema with debias in optax computes the same. get_ema_multi_avg_fn in PyTorch and
    ExponentialMovingAverage in TensorFlow start at the first weights, which keep the share δᵗ.
    """
    # At t = 1 the share is 1, so the first average is w.
    share = (1 - decay) / (1 - decay**t)
    return (1 - share) * mean + share * w
