"""Rules that divide each entry of the gradient by a measure of the size of its past values."""

from __future__ import annotations

from numpy import maximum, sqrt

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


@rule(slots="total=initial")
def adagrad(w, g, total, lr: Rate = 0.01, eps: Positive = 1e-10, initial: NonNegative = 0.0):
    """Adagrad: the gradient divided by the root of the sum of all squared gradients so far.

        s ← s + g²
        w ← w − α g / (√s + ε)

    α is lr, ε is eps, outside the root. s is kept from step to step in the slot total, and starts
    at the value of the option initial.

    Source: Duchi, Hazan & Singer 2011, in the diagonal form.

    Elsewhere: PyTorch uses the same update and also has a decay of α (here this is the schedule
    inverse_time). In optax and Keras ε (1e-7) is inside the root, and s starts at 0.1.
    """
    total = total + g * g
    return w - lr * g / (sqrt(total) + eps), total


@rule(slots="v u")
def adadelta(w, g, v, u, lr: Rate = 1.0, rho: Decay = 0.9, eps: Positive = 1e-6):
    """Adadelta: the gradient times the ratio of the running sizes of steps and gradients.

        v ← ρ v + (1 − ρ) g²
        Δ = √(u + ε) / √(v + ε) · g
        u ← ρ u + (1 − ρ) Δ²
        w ← w − α Δ

    α is lr (the paper has no α, as if it were 1), ρ is rho, ε is eps, inside both roots. v and u
    start at zero, so the size of the first steps is about √ε.

    Source: Zeiler 2012, Algorithm 1, where ρ is 0.95.

    Elsewhere: PyTorch and optax use the same update. So does Keras, with the defaults α 0.001,
    ρ 0.95 and ε 1e-7.
    """
    v = rho * v + (1 - rho) * g * g
    delta = sqrt(u + eps) / sqrt(v + eps) * g
    u = rho * u + (1 - rho) * delta * delta
    return w - lr * delta, v, u


@rule(slots="v mean b")
def rmsprop(
    w,
    g,
    v,
    mean,
    b,
    lr: Rate = 0.01,
    beta: Decay = 0.9,
    eps: Positive = 1e-8,
    momentum: Decay = 0.0,
    centered: bool = False,
):
    """RMSprop: the gradient divided by its running root mean square.

        v ← β v + (1 − β) g²
        m ← β m + (1 − β) g    (if centered; else 0)
        b ← μ b + g / (√(v − m²) + ε)
        w ← w − α b

    α is lr, β is beta, μ is momentum, ε is eps, outside the root. v, m and b are kept from step to
    step, m in the slot mean. They start at zero, and there is no bias correction.

    Source: Tieleman & Hinton 2012, lecture 6.5; Graves 2013 for centered.

    Elsewhere: PyTorch uses the same update, with the default β 0.99. In optax ε is inside the root
    by default, and b includes α. In Keras ε (1e-7) is inside the root, and the default α is 0.001.
    """
    v = beta * v + (1 - beta) * g * g
    spread = v
    if centered:
        mean = beta * mean + (1 - beta) * g
        # In exact arithmetic v ≥ m²; rounding may make the difference slightly negative.
        spread = maximum(v - mean * mean, 0.0)
    b = momentum * b + g / (sqrt(spread) + eps)
    return w - lr * b, v, mean, b
