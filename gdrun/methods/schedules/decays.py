"""Decay schedules: functions of the time alone that lower the rate or keep it constant."""

from __future__ import annotations

from numpy import cos, exp, floor, minimum, pi

from gdrun.methods.definitions import Fraction, NonNegative, Positive
from gdrun.methods.schedules.form import schedule


@schedule
def constant(t, lr):
    """Constant rate.

        lr(t) = lr₀

    lr₀ is the initial rate.

    Source: common practice.
    """
    # Adding 0 · t broadcasts the result to the shape of t and lr.
    return lr + 0 * t


@schedule
def step(t, lr, gamma: Fraction = 0.5, drop_every: Positive = 10.0):
    """Step decay: the rate drops by a constant factor at regular intervals.

        lr(t) = lr₀ · γ^⌊t / drop_every⌋

    lr₀ is the initial rate, γ is gamma; drop_every is the interval between drops, in epochs (or
    steps).

    Source: common practice, as in Krizhevsky, Sutskever & Hinton 2012.

    Elsewhere: the same schedule is StepLR in PyTorch (γ 0.1), exponential_decay with staircase in
    optax, and ExponentialDecay with staircase in Keras.
    """
    return lr * gamma ** floor(t / drop_every)


@schedule
def multistep(t, lr, gamma: Fraction = 0.1, milestones: tuple[Positive, ...] = (30.0, 60.0, 90.0)):
    """Multi-step decay: the rate drops by a constant factor at each milestone.

        lr(t) = lr₀ · γ^#{k : mₖ ≤ t}

    lr₀ is the initial rate, γ is gamma; mₖ are the milestones, in epochs (or steps). The exponent
    is the number of milestones reached, so with the milestone 30 the rate drops after 30 complete
    epochs.

    Source: He et al. 2015, for residual networks.

    Elsewhere: MultiStepLR in PyTorch and piecewise_constant_schedule in optax have the same rates.
    PiecewiseConstantDecay in Keras drops the rate one step later.
    """
    # The factor 1.0 turns a truth value into a number, which may be the exponent of an array.
    return lr * gamma ** sum(1.0 * (t >= milestone) for milestone in milestones)


@schedule
def exponential(t, lr, decay: NonNegative = 0.05):
    """Exponential decay.

        lr(t) = lr₀ · e^(−λ t)

    lr₀ is the initial rate, λ is decay, per epoch (or step). The rate falls to half in every
    ln 2 / λ epochs (or steps).

    Source: common practice.

    Elsewhere: ExponentialLR in PyTorch, exponential_decay in optax and ExponentialDecay in Keras
    take a factor γ instead of λ, where γ = e^(−λ).
    """
    return lr * exp(-decay * t)


@schedule
def polynomial(t, T, lr, power: Positive = 1.0):
    """Polynomial decay to zero; with power 1 the decay is linear.

        lr(t) = lr₀ · (1 − t/T)^p

    lr₀ is the initial rate, p is power; T is the length of the run after warm-up.

    Source: common practice, as in Chen et al. 2016 for segmentation (the poly rate, p 0.9).

    Elsewhere: PolynomialLR in PyTorch is the same; its total_iters is T. polynomial_schedule in
    optax and PolynomialDecay in Keras can end at a rate above zero.
    """
    # Beyond T the base would be negative, and its power not a real number.
    return lr * (1 - minimum(t, T) / T) ** power


@schedule
def linear(t, T, lr, start: NonNegative = 1.0, end: NonNegative = 0.0):
    """Linear schedule: the rate changes along a straight line from start · lr₀ to end · lr₀.

        lr(t) = lr₀ · (a + (b − a) t/T)

    lr₀ is the initial rate, a is start, b is end; T is the length of the run after warm-up.

    Source: common practice.

    Elsewhere: LinearLR in PyTorch is a warm-up, by default from 1/3 to 1 over 5 epochs.
    linear_schedule in optax takes the first and the last rate instead of factors of lr₀.
    """
    return lr * (start + (end - start) * minimum(t, T) / T)


@schedule
def cosine(t, T, lr, lr_min: NonNegative = 0.0):
    """Cosine decay: the rate falls from lr₀ to lr_min along half a cosine.

        lr(t) = lr_min + ½ (lr₀ − lr_min) (1 + cos(π t/T))

    lr₀ is the initial rate; T is the length of the run after warm-up.

    Source: Loshchilov & Hutter 2016, without restarts.

    Elsewhere: CosineAnnealingLR in PyTorch is the same up to T, and its rate rises again after T.
    cosine_decay_schedule in optax and CosineDecay in Keras take lr_min / lr₀ instead of lr_min.
    """
    return lr_min + 0.5 * (lr - lr_min) * (1 + cos(pi * minimum(t, T) / T))


@schedule
def inverse_time(t, lr, decay: NonNegative = 0.1, power: Positive = 1.0):
    """Inverse time decay; with a power above ½ and up to 1, SGD converges despite its noise.

        lr(t) = lr₀ / (1 + λ t)^p

    lr₀ is the initial rate, λ is decay, per epoch (or step); p is power. For ½ < p ≤ 1 the sum of
    the rates is infinite and the sum of their squares is finite. These are the Robbins–Monro
    conditions for convergence.

    Source: Robbins & Monro 1951; Bottou 2012 for this form.

    Elsewhere: InverseTimeDecay in Keras is the same with p = 1. PyTorch and optax have no schedule
    of this name. invscaling in scikit-learn is lr₀ / t^p.
    """
    return lr / (1 + decay * t) ** power


@schedule
def inverse_sqrt(t, lr, timescale: Positive = 1.0):
    """Inverse square root decay.

        lr(t) = lr₀ / √(1 + t/τ)

    lr₀ is the initial rate, τ is timescale, in epochs (or steps). If τ is the length n of the
    warm-up, the rate is lr₀ √(n / s), where s = t + n is the time since the start of the warm-up.
    This is the schedule of the Transformer.

    Source: Zinkevich 2003, for online convex problems; Vaswani et al. 2017.

    Elsewhere: PyTorch, optax and Keras have no schedule of this name. In the formula of the
    Transformer the width of the model sets the peak; here the peak is lr₀.
    """
    return lr / (1 + t / timescale) ** 0.5
