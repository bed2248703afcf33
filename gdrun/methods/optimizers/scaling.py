"""Rules that divide each entry of the gradient by the size of its previous values."""

from __future__ import annotations

from numpy import maximum, sqrt

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


@rule(slots="total=initial")
def adagrad(w, g, total, lr: Rate = 0.01, eps: Positive = 1e-10, initial: NonNegative = 0.0):
    """Adagrad: the gradient divided by the root of the sum of all squared gradients so far.

        s ← s + g²
        w ← w − α g / (√s + ε)

    α is lr, ε is eps, outside the root. s is the slot total, which starts at initial.

    Source: Duchi, Hazan & Singer 2011, in the diagonal form.

    Elsewhere: PyTorch uses the same update and also has a decay of α (here: the schedule
    inverse_time). optax and Keras add ε (1e-7) inside the root and start s at 0.1.
    """
    total = total + g * g
    return w - lr * g / (sqrt(total) + eps), total


@rule(slots="v u")
def adadelta(w, g, v, u, lr: Rate = 1.0, rho: Decay = 0.9, eps: Positive = 1e-6):
    """Adadelta: the gradient scaled by the running sizes of the steps and of the gradients.

        v ← ρ v + (1 − ρ) g²
        Δ = √(u + ε) / √(v + ε) · g
        u ← ρ u + (1 − ρ) Δ²
        w ← w − α Δ

    α is lr (the paper has none, which means 1), ρ is rho, ε is eps, inside both roots. v and u
    start at zero, so the first steps are about √ε.

    Source: Zeiler 2012, Algorithm 1, where ρ is 0.95.

    Elsewhere: PyTorch and optax use the same update. Keras does too, with α 0.001, ρ 0.95 and
    ε 1e-7.
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

    α is lr, β is beta, μ is momentum, ε is eps, outside the root; m is the slot mean. All slots
    start at zero, without bias correction.

    Source: Tieleman & Hinton 2012, lecture 6.5; Graves 2013 for centered.

    Elsewhere: PyTorch uses the same update, with β 0.99. optax adds ε inside the root by default,
    and includes α in b. Keras adds ε (1e-7) inside the root and has α 0.001.
    """
    v = beta * v + (1 - beta) * g * g
    spread = v
    if centered:
        mean = beta * mean + (1 - beta) * g
        # In exact arithmetic v ≥ m²; rounding may make the difference slightly negative.
        spread = maximum(v - mean * mean, 0.0)
    b = momentum * b + g / (sqrt(spread) + eps)
    return w - lr * b, v, mean, b
