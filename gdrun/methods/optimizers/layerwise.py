"""Rules whose step length follows the norm of each layer's weights: made for large batches."""

from __future__ import annotations

from typing import Any

from numpy import sqrt, where

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


@rule(slots="v")
def lars(
    w, g, v, norm, lr: Rate = 1.0, beta: Decay = 0.9, trust: Positive = 1e-3, eps: NonNegative = 0.0
):
    """LARS: momentum on steps that are, in each layer, a share of the weights' norm.

        λ = η ‖w‖ / (‖g‖ + ε)
        v ← β v + α λ g
        w ← w − v

    α is lr, β is beta, η is trust, ε is eps; ‖·‖ is over the tensor (weight matrix or bias) that an
    entry belongs to, and λ is 1 where ‖w‖ or ‖g‖ is zero. Steps stay a share of ‖w‖ however small g
    is, so a schedule must end them.

    Source: You, Gitman & Ginsburg 2017, Algorithm 1; its weight decay is the model's l2 here, which
    g holds before ‖g‖ is taken.

    Elsewhere: optax writes the same; PyTorch and Keras have none.
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
    """LAMB: Adam's direction, with a step that is, in each layer, a share of the weights' norm.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        r = m̂ / (√v̂ + ε) + λ w
        w ← w − α ‖w‖ / ‖r‖ · r

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, λ is weight_decay, decoupled; ‖·‖ is over the
    tensor (weight matrix or bias) that an entry belongs to, and ‖w‖ / ‖r‖ is 1 where either is
    zero; t counts steps from 1.

    Source: You et al. 2019, Algorithm 2, with φ(x) = x; ε 1e-6 is its authors' own.

    Elsewhere: optax writes the same; Keras too, with ε 1e-7; PyTorch has none.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    r = (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * w
    return w - lr * _ratio(norm(w), norm(r)) * r, m, v


def _ratio(above: Any, below: Any, eps: Any = 0.0) -> Any:
    """above / (below + eps), or 1 where either is zero."""
    return where((above > 0) & (below > 0), above / where(below > 0, below + eps, 1.0), 1.0)
