"""Rules that use only the sign of the gradient or of the momentum, not its size."""

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
    """Rprop: each weight has a step size, which grows until the sign of its gradient changes.

        Δ ← min(η₊ Δ, Δmax)           (the sign of g is the same as before)
        Δ ← max(η₋ Δ, Δmin), g ← 0    (the sign of g has changed)
        w ← w − sign(g) Δ

    Δ is the step size of each weight. It starts at lr, and a schedule does not change it. η₋ is
    eta_minus, η₊ is eta_plus, Δmin is step_min, Δmax is step_max. Δ and the last sign(g) are kept
    from step to step in the slots size and last. Rprop needs full batches: with small batches the
    noise changes the signs.

    Source: Riedmiller & Braun 1993, in the form without weight-backtracking (iRprop−) of Igel &
    Hüsken 2000.

    Elsewhere: PyTorch uses the same update. optax 0.2 makes each step one iteration later. Keras
    does not have Rprop.
    """
    agreement = sign(g) * last
    grown, shrunk = minimum(size * eta_plus, step_max), maximum(size * eta_minus, step_min)
    size = where(agreement > 0, grown, where(agreement < 0, shrunk, size))
    # After a change of sign, g counts as 0: the weight stays, and the next step keeps the size.
    last = where(agreement < 0, 0.0, sign(g))
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
    """Lion: a step of constant size along the sign of an interpolated momentum.

        c = β₁ m + (1 − β₁) g
        w ← w − α (sign(c) + λ w)
        m ← β₂ m + (1 − β₂) g

    α is lr, β₁ is beta1, β₂ is beta2, λ is weight_decay (decoupled). Without weight decay every
    weight changes by α in every step, so a good α is a third to a tenth of a good rate for Adam.

    Source: Chen et al. 2023, Program 1.

    Elsewhere: optax uses the same update, with the default λ 1e-3. So does Keras, with the default
    α 0.001. PyTorch does not have Lion.
    """
    c = beta1 * m + (1 - beta1) * g
    return w - lr * (sign(c) + weight_decay * w), beta2 * m + (1 - beta2) * g
