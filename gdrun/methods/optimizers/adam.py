"""Adam, and the rules that mend it."""

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

    Elsewhere: PyTorch and optax write the same. Keras adds ε (1e-7) to √v before the correction,
    the paper's ε̂.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps), m, v


@rule(slots="m u")
def adamax(
    w, g, m, u, t, lr: Rate = 2e-3, beta1: Decay = 0.9, beta2: Decay = 0.999, eps: Positive = 1e-8
):
    """Adamax: Adam with a decaying largest gradient in place of the root mean square.

        m ← β₁ m + (1 − β₁) g
        u ← max(β₂ u, |g| + ε)
        w ← w − α / (1 − β₁ᵗ) · m / u

    α is lr, β₁ is beta1, β₂ is beta2; t counts steps from 1. ε is eps, which keeps u from zero and
    which the paper does not have.

    Source: Kingma & Ba 2014, Algorithm 2.

    Elsewhere: PyTorch and optax write the same; Keras adds ε (1e-7) to u in the step, and has
    α 0.001.
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
    """Nadam: Adam with Nesterov's momentum, which warms up.

        μₜ = β₁ (1 − ½ · 0.96^(ψ t)),  pₜ = μ₁ μ₂ … μₜ
        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = μₜ₊₁ m / (1 − pₜ₊₁) + (1 − μₜ) g / (1 − pₜ)
        w ← w − α m̂ / (√(v / (1 − β₂ᵗ)) + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, ψ is momentum_decay; t counts steps from 1, and p
    is the slot product. A large ψ takes the warm-up away: μ = β₁ from the first step.

    Source: Dozat 2016, Algorithm 2 and its schedule of μ; m as in the libraries, where the
    algorithm prints μₜ for β₁, and v̂ without the algorithm's further factor β₂.

    Elsewhere: PyTorch writes the same; Keras too, with ψ 1, ε 1e-7 and α 0.001. optax has no
    warm-up.
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
    """AMSGrad: Adam whose divisor never shrinks, but for the bias correction.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        z ← max(z, v)
        m̂ = m / (1 − β₁ᵗ),  ẑ = z / (1 − β₂ᵗ)
        w ← w − α m̂ / (√ẑ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps; t counts steps from 1, and z is the slot top.

    Source: Reddi, Kale & Kumar 2018, Algorithm 2, with Adam's bias correction, which it leaves out.

    Elsewhere: PyTorch writes the same (Adam with amsgrad). optax takes the largest of the
    corrected v̂. Keras has it as an option of its Adam, with the same ε̂.
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

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, λ is weight_decay, which acts on every parameter,
    biases too; t counts steps from 1. For the penalty inside the gradient, use the model's l2.

    Source: Loshchilov & Hutter 2017, Algorithm 2, where λ is multiplied by the schedule's factor
    rather than by α.

    Elsewhere: PyTorch and optax write the same, optax with λ 1e-4; Keras has λ 0.004 and ε 1e-7 on
    the uncorrected root.
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
    """Rectified Adam: plain momentum until the divisor's variance is known to be bounded.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        ρ∞ = 2 / (1 − β₂) − 1
        ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ))
        w ← w − α m̂ r √(1 − β₂ᵗ) / (√v + ε)  (ρ > θ)
        w ← w − α m̂                          (ρ ≤ θ)

    m̂ = m / (1 − β₁ᵗ). α is lr, β₁ is beta1, β₂ is beta2 (above 0.6, where ρ∞ is 4), ε is eps, θ is
    threshold; t counts steps from 1. The first five steps of the defaults are plain.

    Source: Liu et al. 2019, Algorithm 2, which asks for ρ > 4; 5 is its authors' own code.

    Elsewhere: PyTorch writes the same. optax adds ε to the corrected root, and rectifies at
    ρ = threshold too. Keras has none.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / (1 - beta2**t)
    ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    # Only a short length makes the ratio negative, and then the step is plain.
    rectified = (abs(ratio) * (1 - beta2**t)) ** 0.5 / (sqrt(v) + eps)
    return w - lr * (m / (1 - beta1**t)) * where(length > threshold, rectified, 1.0), m, v


@rule(slots="m s")
def adabelief(
    w, g, m, s, t, lr: Rate = 1e-3, beta1: Decay = 0.9, beta2: Decay = 0.999, eps: Positive = 1e-16
):
    """AdaBelief: steps are long where the gradient is as its running mean foretold.

        m ← β₁ m + (1 − β₁) g
        s ← β₂ s + (1 − β₂) (g − m)² + ε
        m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ)
        w ← w − α m̂ / (√ŝ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps, in both places; t counts steps from 1. On a steady
    gradient s falls towards zero and the steps grow.

    Source: Zhuang et al. 2020, Algorithm 2, where ε is 1e-16 as in its authors' code.

    Elsewhere: optax writes the same; PyTorch and Keras have none.
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
    """Yogi: Adam whose divisor moves by steps of the squared gradient's own size.

        m ← β₁ m + (1 − β₁) g
        v ← v − (1 − β₂) sign(v − g²) g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        w ← w − α m̂ / (√v̂ + ε)

    α is lr, β₁ is beta1, β₂ is beta2, ε is eps; t counts steps from 1, and v starts at initial.

    Source: Zaheer et al. 2018, Algorithm 2, with Adam's bias correction, which it leaves out.

    Elsewhere: optax writes the same, but starts m at initial too; PyTorch and Keras have none.
    """
    m = beta1 * m + (1 - beta1) * g
    v = v - (1 - beta2) * sign(v - g * g) * g * g
    return w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps), m, v
