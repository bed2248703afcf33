"""Rules that heed the gradient's signs and not its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy import maximum, minimum, sign, where

from gdrun.methods.definitions import Decay, Growth, NonNegative, Positive, Rate, Shrinkage
from gdrun.methods.rules import rule


def _ordered_steps(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if options["step_min"] > options["step_max"]:
        yield "step_min", f"must be ≤ step_max ({options['step_max']:g})"


@rule(slots="size=lr last", check=_ordered_steps)
def rprop(
    w,
    g,
    size,
    last,
    lr: Rate = 0.01,
    eta_minus: Shrinkage = 0.5,
    eta_plus: Growth = 1.2,
    step_min: Positive = 1e-6,
    step_max: Positive = 50.0,
):
    """Rprop: each weight has a step size of its own, which grows until its gradient turns.

        Δ ← min(η₊ Δ, Δmax)           (g kept its sign)
        Δ ← max(η₋ Δ, Δmin), g ← 0    (g turned)
        w ← w − sign(g) Δ

    Δ, the slot size, starts at lr; a schedule of the rate does not act on it. η₋ is eta_minus, η₊
    is eta_plus, Δmin is step_min, Δmax is step_max; the slot last holds sign(g). Made for full
    batches: the noise of small ones turns signs.

    Source: Riedmiller & Braun 1993, in the form without weight-backtracking (iRprop−) of Igel &
    Hüsken 2000.

    Elsewhere: PyTorch writes the same; optax 0.2 takes each step one iteration late; Keras has
    none.
    """
    turn = sign(g) * last
    grown, shrunk = minimum(size * eta_plus, step_max), maximum(size * eta_minus, step_min)
    size = where(turn > 0, grown, where(turn < 0, shrunk, size))
    last = where(turn < 0, 0.0, sign(g))
    return w - last * size, size, last


@rule(slots="m")
def lion(
    w,
    g,
    m,
    lr: Rate = 1e-4,
    beta1: Decay = 0.9,
    beta2: Decay = 0.99,
    weight_decay: NonNegative = 0.0,
):
    """Lion: the sign of a momentum that looks ahead.

        c = β₁ m + (1 − β₁) g
        w ← w − α (sign(c) + λ w)
        m ← β₂ m + (1 − β₂) g

    α is lr, β₁ is beta1, β₂ is beta2, λ is weight_decay, decoupled. Every weight moves by α in
    every step, so α is a third to a tenth of Adam's.

    Source: Chen et al. 2023, Program 1.

    Elsewhere: optax writes the same, with λ 1e-3; Keras too, with α 0.001; PyTorch has none.
    """
    c = beta1 * m + (1 - beta1) * g
    return w - lr * (sign(c) + weight_decay * w), beta2 * m + (1 - beta2) * g
