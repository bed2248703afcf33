"""Gradient descent, without and with momentum."""

from __future__ import annotations

from gdrun.methods.definitions import Decay, Rate
from gdrun.methods.rules import rule


@rule(aliases="gd sgd")
def vanilla(w, g, lr: Rate = 0.01):
    """Gradient descent without momentum.

        w ← w − α g

    α is lr. g is the mean gradient over the examples that the variant (bgd, sgd or mbgd) chooses.

    Source: Cauchy 1847; Robbins & Monro 1951 for stochastic gradients.

    Elsewhere: this rule is called SGD in PyTorch and Keras, and sgd in optax.
    """
    return w - lr * g


@rule(slots="v")
def momentum(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9, dampening: Decay = 0.0):
    """Heavy-ball momentum.

        v ← β v + (1 − δ) g
        w ← w − α v

    α is lr, β is beta, δ is dampening; v starts at zero. With a constant gradient the steps grow to
    α (1 − δ) g / (1 − β).

    Source: Polyak 1964, in the velocity form of Sutskever et al. 2013.

    Elsewhere: PyTorch does not dampen the first gradient. In Keras v includes α, as v ← β v − α g
    and w ← w + v; the weights are the same while α is constant. optax has no dampening.
    """
    v = beta * v + (1 - dampening) * g
    return w - lr * v, v


@rule(slots="v")
def nesterov(w, g, v, lr: Rate = 0.01, beta: Decay = 0.9):
    """Nesterov's accelerated gradient, with the gradient at the current weights.

        v ← β v + g
        w ← w − α (g + β v)

    α is lr, β is beta; v starts at zero. The original form computes the gradient at a look-ahead
    point, which is w − α β v. Here w stands for this look-ahead point.

    Source: Nesterov 1983, in the form of Bengio et al. 2013.

    Elsewhere: PyTorch and optax use the same update. In Keras v includes α, as in its momentum.
    """
    v = beta * v + g
    return w - lr * (g + beta * v), v
