"""Rules that divide each entry of the gradient by the size it has had so far."""

from __future__ import annotations

from numpy import maximum, sqrt

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


@rule(slots="total=initial")
def adagrad(w, g, total, lr: Rate = 0.01, eps: Positive = 1e-10, initial: NonNegative = 0.0):
    """Adagrad: the gradient over the root of the sum of all its squares.

        s ← s + g²
        w ← w − α g / (√s + ε)

    α is lr, ε is eps, outside the root; s, the slot total, starts at initial.

    Source: Duchi, Hazan & Singer 2011, with a diagonal matrix.

    Elsewhere: PyTorch writes the same, with a decay of α as well (here: the schedule inverse_time).
    optax and Keras put ε (1e-7) inside the root and start s at 0.1.
    """
    total = total + g * g
    return w - lr * g / (sqrt(total) + eps), total


@rule(slots="v u")
def adadelta(w, g, v, u, lr: Rate = 1.0, rho: Decay = 0.9, eps: Positive = 1e-6):
    """Adadelta: steps in the units of the weights, from running means of gradients and of steps.

        v ← ρ v + (1 − ρ) g²
        Δ = √(u + ε) / √(v + ε) · g
        u ← ρ u + (1 − ρ) Δ²
        w ← w − α Δ

    α is lr, which the paper does not have (1), ρ is rho, ε is eps, inside both roots; v and u start
    at zero, so the first steps are of the size of √ε.

    Source: Zeiler 2012, Algorithm 1, where ρ is 0.95.

    Elsewhere: PyTorch and optax write the same; Keras too, with α 0.001, ρ 0.95 and ε 1e-7.
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
    """RMSprop: the gradient over a running root mean square of itself.

        v ← β v + (1 − β) g²
        m ← β m + (1 − β) g    (if centered; else 0)
        b ← μ b + g / (√(v − m²) + ε)
        w ← w − α b

    α is lr, β is beta, μ is momentum, ε is eps, outside the root; m is the slot mean. All slots
    start at zero and none is bias-corrected.

    Source: Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013.

    Elsewhere: PyTorch writes the same, with β 0.99. optax puts ε inside the root unless told
    otherwise, and adds up α times the steps in b. Keras has ε 1e-7 inside the root and α 0.001.
    """
    v = beta * v + (1 - beta) * g * g
    spread = v
    if centered:
        mean = beta * mean + (1 - beta) * g
        # v ≥ m² holds exactly; rounding may break it where the gradient hardly varies.
        spread = maximum(v - mean * mean, 0.0)
    b = momentum * b + g / (sqrt(spread) + eps)
    return w - lr * b, v, mean, b
