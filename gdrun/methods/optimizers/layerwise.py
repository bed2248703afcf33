"""Rules for large batches: the step length is proportional to the norm of each layer's weights."""

from __future__ import annotations

from typing import Any

from numpy import sqrt, where

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


@rule(slots="v")
def lars(
    w, g, v, norm, lr: Rate = 1.0, beta: Decay = 0.9, trust: Positive = 1e-3, eps: NonNegative = 0.0
):
    """LARS: momentum with steps that are, in each layer, proportional to the norm of the weights.

        λ = η ‖w‖ / (‖g‖ + ε)
        v ← β v + α λ g
        w ← w − v

    α is lr, β is beta, η is trust, ε is eps. ‖·‖ is the norm of the tensor (weight matrix or bias)
    to which an entry belongs, and λ is 1 where ‖w‖ or ‖g‖ is zero. The steps do not become smaller
    when g does, so a schedule must reduce the rate.

    Source: You, Gitman & Ginsburg 2017, Algorithm 1. The weight decay of the paper is here the
    option l2 of the model, so g includes it.

    Elsewhere: optax uses the same update. PyTorch and Keras do not have LARS.
    """
    v = beta * v + lr * _ratio(trust * norm(w), norm(g), eps) * g
    return w - v, v


@rule(slots="m v")
def lamb(
    w,
    g,
    m,
    v,
    t,
    norm,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Positive = 1e-6,
    weight_decay: NonNegative = 0.0,
):
    """LAMB: Adam with steps that are, in each layer, proportional to the norm of the weights.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        r = m̂ / (√v̂ + ε) + λ w
        w ← w − α ‖w‖ / ‖r‖ · r

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, λ is weight_decay (decoupled); t counts steps from
    1. ‖·‖ is the norm of the tensor (weight matrix or bias) to which an entry belongs, and
    ‖w‖ / ‖r‖ is 1 where one of the norms is zero.

    Source: You et al. 2019, Algorithm 2, with φ(x) = x and the authors' ε 1e-6.

    Elsewhere: optax uses the same update. So does Keras, with the default ε 1e-7. PyTorch does not
    have LAMB.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    r = (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * w
    return w - lr * _ratio(norm(w), norm(r)) * r, m, v


def _ratio(above: Any, below: Any, eps: Any = 0.0) -> Any:
    """Return above / (below + eps), elementwise, or 1 where `above` or `below` is zero."""
    # The inner where keeps a zero out of the divisor: the outer one evaluates both branches.
    return where((above > 0) & (below > 0), above / where(below > 0, below + eps, 1.0), 1.0)
