"""Adam and its variants."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt, Lt
from numpy import absolute, maximum, sign, sqrt, where

from gdrun.methods.definitions import Decay, NonNegative, Positive, Rate
from gdrun.methods.rules import rule


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

    Elsewhere: PyTorch and optax use the same update. Keras adds ε (1e-7) to √v before the bias
    correction; the paper calls this number ε̂.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps), m, v


@rule(slots="m u")
def adamax(
    w, g, m, u, t, lr: Rate = 2e-3, beta1: Decay = 0.9, beta2: Decay = 0.999, eps: Positive = 1e-8
):
    """Adamax: Adam that divides by a decaying maximum of |g| instead of the root mean square.

        m ← β₁ m + (1 − β₁) g
        u ← max(β₂ u, |g| + ε)
        w ← w − α / (1 − β₁ᵗ) · m / u

    α is lr, β₁ is beta1, β₂ is beta2; t counts steps from 1. ε is eps, which keeps u above zero.
    The paper has no ε.

    Source: Kingma & Ba 2014, Algorithm 2.

    Elsewhere: PyTorch and optax use the same update. Keras divides by u + ε (1e-7) instead, with u
    without ε, and has the default α 0.001.
    """
    m = beta1 * m + (1 - beta1) * g
    u = maximum(beta2 * u, absolute(g) + eps)
    return w - lr / (1 - beta1**t) * m / u, m, u


@rule(slots="m v product=1")
def nadam(
    w,
    g,
    m,
    v,
    product,
    t,
    lr: Rate = 2e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Positive = 1e-8,
    momentum_decay: NonNegative = 0.004,
):
    """Nadam: Adam with Nesterov momentum, which increases during the first steps.

        μₜ = β₁ (1 − ½ · 0.96^(ψ t)),  pₜ = μ₁ μ₂ … μₜ
        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = μₜ₊₁ m / (1 − pₜ₊₁) + (1 − μₜ) g / (1 − pₜ)
        w ← w − α m̂ / (√(v / (1 − β₂ᵗ)) + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, ψ is momentum_decay; t counts steps from 1. p is
    kept from step to step in the slot product. With a large ψ the momentum does not increase:
    μ = β₁ from the first step.

    Source: Dozat 2016, Algorithm 2, with the schedule of μ in that paper. As in the libraries, m
    uses β₁ where the algorithm prints μₜ, and v̂ does not have the additional factor β₂ of the
    algorithm.

    Elsewhere: PyTorch uses the same update. So does Keras, with the defaults ψ 1, ε 1e-7 and
    α 0.001. In optax the momentum is constant.
    """
    mu = beta1 * (1 - 0.5 * 0.96 ** (momentum_decay * t))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** (momentum_decay * (t + 1)))
    product = product * mu
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
    return w - lr * m_hat / (sqrt(v / (1 - beta2**t)) + eps), m, v, product


@rule(slots="m v top")
def amsgrad(
    w,
    g,
    m,
    v,
    top,
    t,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Positive = 1e-8,
):
    """AMSGrad: Adam that divides by the root of the largest second moment so far.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        z ← max(z, v)
        m̂ = m / (1 − β₁ᵗ),  ẑ = z / (1 − β₂ᵗ)
        w ← w − α m̂ / (√ẑ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps; t counts steps from 1. z is kept from step to step
    in the slot top.

    Source: Reddi, Kale & Kumar 2018, Algorithm 2, with Adam's bias correction, which the algorithm
    does not have.

    Elsewhere: PyTorch uses the same update (Adam with amsgrad). optax takes the maximum of the
    corrected v̂. In Keras AMSGrad is an option of Adam, with ε added as in the Adam of Keras.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    top = maximum(top, v)
    return w - lr * (m / (1 - beta1**t)) / (sqrt(top / (1 - beta2**t)) + eps), m, v, top


@rule(slots="m v")
def adamw(
    w,
    g,
    m,
    v,
    t,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Positive = 1e-8,
    weight_decay: NonNegative = 0.01,
):
    """AdamW: Adam with decoupled weight decay.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        w ← w − α (m̂ / (√v̂ + ε) + λ w)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps; t counts steps from 1. λ is weight_decay, which
    shrinks all parameters, including biases. For a penalty that is part of the gradient, use the
    option l2 of the model.

    Source: Loshchilov & Hutter 2017, Algorithm 2. There λ w is multiplied by the factor of the
    schedule only; here it is multiplied by α, the rate that the schedule sets.

    Elsewhere: PyTorch uses the same update, and so does optax, with the default λ 1e-4. Keras has
    the default λ 0.004, and adds ε (1e-7) to √v before the bias correction.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    step = (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)
    return w - lr * (step + weight_decay * w), m, v


@rule(slots="m v")
def radam(
    w,
    g,
    m,
    v,
    t,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Annotated[float, Gt(0.6), Lt(1)] = 0.999,
    eps: Positive = 1e-8,
    threshold: Annotated[float, Gt(4)] = 5.0,
):
    """RAdam (rectified Adam): the first steps omit Adam's divisor, whose variance is too large.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        ρ∞ = 2 / (1 − β₂) − 1
        ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ))
        w ← w − α m̂ r √(1 − β₂ᵗ) / (√v + ε)  (ρ > θ)
        w ← w − α m̂                          (ρ ≤ θ)

    m̂ = m / (1 − β₁ᵗ). α is lr, β₁ is beta1, ε is eps, θ is threshold; t counts steps from 1. β₂ is
    beta2, which must be above 0.6, so that ρ∞ is above 4. With the default options the first five
    steps have no divisor.

    Source: Liu et al. 2019, Algorithm 2, where θ is 4. In the code of the authors it is 5.

    Elsewhere: PyTorch uses the same update. optax adds ε after the bias correction, to
    √(v / (1 − β₂ᵗ)), and also divides when ρ = θ. Keras does not have RAdam.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / (1 - beta2**t)
    ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    # The ratio is negative only where length ≤ threshold, and there the root is not used.
    rectified = (abs(ratio) * (1 - beta2**t)) ** 0.5 / (sqrt(v) + eps)
    return w - lr * (m / (1 - beta1**t)) * where(length > threshold, rectified, 1.0), m, v


@rule(slots="m s")
def adabelief(
    w, g, m, s, t, lr: Rate = 1e-3, beta1: Decay = 0.9, beta2: Decay = 0.999, eps: Positive = 1e-16
):
    """AdaBelief: Adam that divides by the deviation of g from its running mean.

        m ← β₁ m + (1 − β₁) g
        s ← β₂ s + (1 − β₂) (g − m)² + ε
        m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ)
        w ← w − α m̂ / (√ŝ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps (in both equations); t counts steps from 1. Where
    the gradient hardly changes, s falls towards zero and the steps become larger.

    Source: Zhuang et al. 2020, Algorithm 2, with ε 1e-16 as in the authors' code.

    Elsewhere: optax uses the same update. PyTorch and Keras do not have AdaBelief.
    """
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * (g - m) * (g - m) + eps
    return w - lr * (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + eps), m, s


@rule(slots="m v=initial")
def yogi(
    w,
    g,
    m,
    v,
    t,
    lr: Rate = 0.01,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Positive = 1e-3,
    initial: NonNegative = 1e-6,
):
    """Yogi: Adam whose second moment v changes by at most (1 − β₂) g² in a step.

        m ← β₁ m + (1 − β₁) g
        v ← v − (1 − β₂) sign(v − g²) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        w ← w − α m̂ / (√v̂ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps; t counts steps from 1. v starts at the value of
    the option initial.

    Source: Zaheer et al. 2018, Algorithm 2, with Adam's bias correction, which the algorithm does
    not have.

    Elsewhere: optax uses the same update, but there m starts at initial too. PyTorch and Keras do
    not have Yogi.
    """
    m = beta1 * m + (1 - beta1) * g
    v = v - (1 - beta2) * sign(v - g * g) * g * g
    return w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps), m, v
