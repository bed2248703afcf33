"""Schedules that only ever lower the rate (or keep it): functions of the time alone."""

from __future__ import annotations

from numpy import cos, exp, floor, minimum, pi

from gdrun.methods.definitions import Fraction, NonNegative, Positive
from gdrun.methods.schedules.form import schedule


@schedule
def constant(t, lr):
    """The same rate throughout.

    lr(t) = lr₀

    Source: common practice.
    """
    return lr + 0 * t


@schedule
def step(t, lr, gamma: Fraction = 0.5, drop_every: Positive = 10.0):
    """A drop by a constant factor, every so often.

        lr(t) = lr₀ · γ^⌊t / drop_every⌋

    γ is gamma; drop_every counts epochs (or steps).

    Source: common practice, as in Krizhevsky, Sutskever & Hinton 2012.

    Elsewhere: StepLR in PyTorch, where γ is 0.1; exponential_decay with staircase in optax, and
    ExponentialDecay with staircase in Keras.
    """
    return lr * gamma ** floor(t / drop_every)


@schedule
def multistep(t, lr, gamma: Fraction = 0.1, milestones: tuple[Positive, ...] = (30.0, 60.0, 90.0)):
    """A drop by a constant factor at each milestone.

        lr(t) = lr₀ · γ^#{k : mₖ ≤ t}

    γ is gamma; mₖ are the milestones, in epochs (or steps): the first epoch with the lower rate is
    the one that mₖ epochs lie behind.

    Source: He et al. 2015, for residual networks.

    Elsewhere: MultiStepLR in PyTorch and piecewise_constant_schedule in optax do the same;
    PiecewiseConstantDecay in Keras drops one step later.
    """
    return lr * gamma ** sum(1.0 * (t >= milestone) for milestone in milestones)


@schedule
def exponential(t, lr, decay: NonNegative = 0.05):
    """Exponential decay.

        lr(t) = lr₀ · e^(−λ t)

    λ is decay, per epoch (or step): the rate halves every ln 2 / λ.

    Source: common practice.

    Elsewhere: ExponentialLR in PyTorch and exponential_decay in optax multiply by a factor γ
    instead, which is e^(−λ) here; so does ExponentialDecay in Keras.
    """
    return lr * exp(-decay * t)


@schedule
def polynomial(t, T, lr, power: Positive = 1.0):
    """Polynomial decay to zero; a straight line at power 1.

        lr(t) = lr₀ · (1 − t/T)^p

    p is power; T is the length of the run after warm-up.

    Source: common practice, as in Chen et al. 2016 for segmentation (the poly rate, p 0.9).

    Elsewhere: PolynomialLR in PyTorch, over total_iters; polynomial_schedule in optax and
    PolynomialDecay in Keras may end above zero.
    """
    return lr * (1 - minimum(t, T) / T) ** power


@schedule
def linear(t, T, lr, start: NonNegative = 1.0, end: NonNegative = 0.0):
    """A straight line between two shares of the rate.

        lr(t) = lr₀ · (a + (b − a) t/T)

    a is start, b is end; T is the length of the run after warm-up.

    Source: common practice.

    Elsewhere: LinearLR in PyTorch is a warm-up, from 1/3 to 1 over 5 epochs; linear_schedule in
    optax takes the two rates themselves.
    """
    return lr * (start + (end - start) * minimum(t, T) / T)


@schedule
def cosine(t, T, lr, lr_min: NonNegative = 0.0):
    """Half a cosine, from lr₀ down to lr_min.

        lr(t) = lr_min + ½ (lr₀ − lr_min) (1 + cos(π t/T))

    T is the length of the run after warm-up.

    Source: Loshchilov & Hutter 2016, without restarts.

    Elsewhere: CosineAnnealingLR in PyTorch is the same up to T, and rises again after it.
    cosine_decay_schedule in optax and CosineDecay in Keras take lr_min as a share of lr₀.
    """
    return lr_min + 0.5 * (lr - lr_min) * (1 + cos(pi * minimum(t, T) / T))


@schedule
def inverse_time(t, lr, decay: NonNegative = 0.1, power: Positive = 1.0):
    """Decay with the inverse of time: at powers above ½ up to 1, steps that converge under noise.

        lr(t) = lr₀ / (1 + λ t)^p

    λ is decay, per epoch (or step), p is power. For ½ < p ≤ 1 the rates sum to infinity and their
    squares do not, which is what stochastic approximation asks for.

    Source: Robbins & Monro 1951; in this form, Bottou 2012.

    Elsewhere: InverseTimeDecay in Keras is the same at p 1; PyTorch and optax have none by name.
    scikit-learn's invscaling is lr₀ / t^p.
    """
    return lr / (1 + decay * t) ** power


@schedule
def inverse_sqrt(t, lr, timescale: Positive = 1.0):
    """Decay with the inverse root of time.

        lr(t) = lr₀ / √(1 + t/τ)

    τ is timescale, in epochs (or steps). With τ equal to the warm-up n, this is lr₀ √(n / t) for
    a t that counts the warm-up in, as for the Transformer.

    Source: Zinkevich 2003, for online convex problems; Vaswani et al. 2017.

    Elsewhere: no library's core has it by name; in the Transformer's own formula the peak follows
    from the width of the model, and here it is lr₀.
    """
    return lr / (1 + t / timescale) ** 0.5
