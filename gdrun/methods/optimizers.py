"""The update rules, each written once, as its source prints it."""

from __future__ import annotations

from numpy import sqrt

from gdrun.methods.definitions import Decay, Positive, Rate
from gdrun.methods.rules import rule


@rule(aliases="gd sgd")
def vanilla(w, g, lr: Rate = 0.01):
    """Gradient descent, the plain rule.

        w ← w − α g

    α is lr. Which examples g averages over is the variant's affair, not the rule's.

    Source: Cauchy 1847; Robbins & Monro 1951 for the stochastic case.
    """
    return w - lr * g


@rule(slots="v")
def momentum(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9):
    """Heavy-ball momentum, undamped.

        v ← β v + g
        w ← w − α v

    α is lr, β is beta; v starts at zero. On a steady gradient the steps grow to α g / (1 − β).

    Source: Polyak 1964, in the velocity form of Sutskever et al. 2013.
    """
    v = beta * v + g
    return w - lr * v, v


@rule(slots="v")
def rmsprop(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9, eps: Positive = 1e-8):
    """RMSprop: the gradient over a running root mean square of itself.

        v ← β v + (1 − β) g²
        w ← w − α g / (√v + ε)

    α is lr, β is beta, ε is eps, outside the root; v starts at zero and is not bias-corrected.

    Source: Tieleman & Hinton 2012, lecture 6.5.
    """
    v = beta * v + (1 - beta) * g * g
    return w - lr * g / (sqrt(v) + eps), v


@rule(slots="m v")
def adam(
    w, g, m, v, t, lr: Rate = 1e-3, beta1: Decay = 0.9, beta2: Decay = 0.999, eps: Positive = 1e-8
):
    """Adam: bias-corrected running means of the gradient and of its square.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        w ← w − α m̂ / (√v̂ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, outside the root; t counts steps from 1.

    Source: Kingma & Ba 2014, Algorithm 1.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps), m, v
