"""Averages of the weights over the steps: a run evaluates the average in place of the weights.

An average is a function of its previous value `mean`, the weights `w` after step t, and the step
count `t` (1, 2, …, as a float). The function returns the new value of the average. It is
elementwise. At t = 1 it returns w and ignores `mean`, so an average needs no initial value.
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
    """An update rule that also keeps an average of the weights over the steps, as its last slot.

    A slot is an array of state that a rule carries from step to step. function, options: those of
    the update rule without the average. average: the function that computes the average, such as
    `ema`. average_options: the values of its options, which all lanes (runs trained together)
    share.
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
        """Return the weights and the slots after one step; the last slot is the new average.

        w, g and each slot: (lanes, P), with P weights for each lane (run). t: the step count,
        from 1. options: the options of the update rule, numbers or arrays (lanes, 1). norm: the
        function that computes the norm of each weight matrix and bias, for a rule that uses it.
        """
        # `averaged` appends the average to the slots of the rule.
        *own, mean = slots
        new, carried = super().advance(w, g, tuple(own), t, options, norm)
        return new, (*carried, self.average(mean, new, t, **self.average_options))

    @property
    def own_slots(self) -> tuple[str, ...]:
        """The names of the slots that the update rule itself uses, without the average."""
        return self.slots[:-1]


def averaged(rule: Rule, average: Definition, options: Mapping[str, Any]) -> AveragedRule:
    """Return `rule` with one more slot, which holds the average of the weights.

    options: the values of the options of `average`, by option name.
    """
    fields = vars(rule) | {"slots": (*rule.slots, "average"), "starts": (*rule.starts, 0.0)}
    return AveragedRule(**fields, average=average.function, average_options=options)


AVERAGES: dict[str, Definition] = {}
"""Every average of the weights, by name."""


def _average(equation: Callable[..., Any]) -> Callable[..., Any]:
    AVERAGES[equation.__name__] = define(equation)
    return equation


@_average
def polyak(mean: Any, w: Any, t: float, start: Natural = 0) -> Any:
    """Polyak–Ruppert averaging: the mean of all weights after the first `start` steps.

        w̄ ← w                        for t ≤ s + 1
        w̄ ← w̄ + (w − w̄) / (t − s)     after that

    w̄ is the mean, t counts steps from 1, and s is start, in steps. With a start above 0 the
    weights of the first steps are not part of the mean.

    Source: Ruppert 1988; Polyak & Juditsky 1992.

    Elsewhere: AveragedModel in PyTorch computes the same mean, with one value for each call of
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

    w̄ is the average, t counts steps from 1, and δ is decay. w̄ equals m / (1 − δᵗ), where m starts
    at 0 and m ← δ m + (1 − δ) w in each step: this is Adam's bias correction. So w̄ is a weighted
    mean of the weights after each step.

    Source: Kingma & Ba 2014, section 7.2.

    Elsewhere: ema with debias in optax computes the same average. In get_ema_multi_avg_fn of
    PyTorch and ExponentialMovingAverage of TensorFlow the average starts at the first weights, and
    their share of it is δᵗ after t steps.
    """
    # At t = 1 the share is 1, so the first average is w.
    share = (1 - decay) / (1 - decay**t)
    return (1 - share) * mean + share * w
