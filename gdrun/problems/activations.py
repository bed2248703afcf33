"""Activations: the output of a hidden unit as a function of its input, and its slope.

An activation is an elementwise equation of one input z: it works on arrays of any shape, and on
single numbers when it is compiled. It returns the value φ(z) and the slope φ'(z). Each equation is
stable for every finite z, and computes in the precision of z. Its parameters with a default are the
options of the activation. A config sets them like the options of a loss, and all lanes (runs that
are trained together) share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np
from numpy import absolute, exp, expm1, maximum, minimum, sign, where

from gdrun.array_types import Array
from gdrun.methods.definitions import Definition, define

Equation = Callable[..., tuple[Array, Array]]


@dataclass(frozen=True)
class Activation(Definition):
    """An activation, and the initial weights that suit a layer with this activation.

    init: the name of the suitable entry of INITS. own_gain: the gain (see `gain`), if it is known
    in closed form or more exactly than `gain` computes it; otherwise None.
    """

    init: str = "xavier"
    own_gain: float | None = None

    @property
    def facts(self) -> dict[str, str]:
        return {
            "Begins with": f"weights from init {self.init}, unless model.init names another",
            "Gain": f"{self.gain:.4g}, used by the inits he, he_uniform and orthogonal",
        }

    @cached_property
    def gain(self) -> float:
        """The gain 1/√E[φ(z)²] of the activation φ, for z ∼ N(0, 1).

        With weights of variance gain²/fan_in, where fan_in is the number of inputs, the outputs of
        a layer have on average the mean square 1/gain², if its inputs have it.
        """
        if self.own_gain is not None:
            return self.own_gain
        z = np.linspace(-12, 12, 24_001)
        value, _ = self.bound(z)
        density = np.exp(-0.5 * z * z) / sqrt(2 * pi)
        return float(1 / np.sqrt(np.trapezoid(value * value * density, z)))

    @cached_property
    def steepest(self) -> float:
        """The largest slope φ'(z) for −8 ≤ z ≤ 8, accurate to about four digits."""
        _, slopes = self.bound(np.linspace(-8, 8, 1601))
        return float(slopes.max())


ACTIVATIONS: dict[str, Activation] = {}
"""Every activation by name."""


def activation(
    *, init: str = "xavier", gain: float | None = None
) -> Callable[[Equation], Equation]:
    """Register the decorated equation as an activation.

    The equation returns φ(z) and the slope φ'(z), and may have options after z. init: the
    name of a suitable entry of INITS, the functions that draw initial weights. gain: 1/√E[φ(z)²]
    for z ∼ N(0, 1); with None the gain is computed from the equation.
    """

    def register(equation: Equation) -> Equation:
        known = define(equation)
        ACTIVATIONS[known.name] = Activation(
            known.name, known.function, known.options, known.doc, init=init, own_gain=gain
        )
        return equation

    return register


@activation(init="he", gain=sqrt(2))
def relu(z: Array) -> tuple[Array, Array]:
    """Rectified linear unit; its slope at zero is taken as 0.

        φ = max(0, z),  φ' = 1 for z > 0, else 0

    z is the input of the unit, φ' the slope.

    Source: Nair & Hinton 2010.
    """
    value = maximum(z, 0)
    return value, sign(value)


LEAK = 0.01


@activation(init="he", gain=sqrt(2 / (1 + LEAK**2)))
def leaky_relu(z: Array) -> tuple[Array, Array]:
    """Rectified linear unit with a small slope below zero.

        φ = z for z > 0, else 0.01 z;  φ' = 1 for z > 0, else 0.01

    z is the input of the unit, φ' the slope.

    Source: Maas, Hannun & Ng 2013.
    """
    slope = LEAK + (1 - LEAK) * sign(maximum(z, 0))
    return slope * z, slope


@activation(init="he", gain=1.2451978)
def elu(z: Array) -> tuple[Array, Array]:
    """Exponential linear unit, with α = 1.

        φ = z for z > 0, else e^z − 1;  φ' = 1 for z > 0, else e^z

    z is the input of the unit, φ' the slope.

    Source: Clevert, Unterthiner & Hochreiter 2015.
    """
    below = expm1(minimum(z, 0))
    return maximum(z, 0) + below, 1 + below


SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


@activation(init="lecun", gain=1.0)
def selu(z: Array) -> tuple[Array, Array]:
    """Scaled exponential linear unit: it keeps the outputs of layers near mean 0 and variance 1.

        φ = λ z for z > 0, else λ α (e^z − 1)
        φ' = λ for z > 0, else λ α e^z

    z is the input of the unit, φ' the slope. λ is 1.0507…, α is 1.6733…: with these numbers, if z
    has mean 0 and variance 1, so has φ(z).

    Source: Klambauer et al. 2017.
    """
    below = SELU_ALPHA * expm1(minimum(z, 0))
    slope = where(z > 0, SELU_SCALE, SELU_SCALE * (SELU_ALPHA + below))
    return SELU_SCALE * (maximum(z, 0) + below), slope


@activation(init="xavier", gain=1.5925374)
def tanh(z: Array) -> tuple[Array, Array]:
    """Hyperbolic tangent.

        φ = tanh z,  φ' = 1 − φ²

    z is the input of the unit, φ' the slope.

    Source: LeCun et al. 1998, section 4.4.
    """
    value = np.tanh(z)
    return value, 1 - value * value


@activation(init="xavier", gain=1.8462285)
def sigmoid(z: Array) -> tuple[Array, Array]:
    """Logistic sigmoid; its slope is at most ¼, so networks with many such layers learn slowly.

        φ = 1 / (1 + e^(−z)),  φ' = φ (1 − φ)

    z is the input of the unit, φ' the slope. φ is computed from e^(−|z|), which cannot overflow. So
    φ is accurate for both signs of z.

    Source: Rumelhart, Hinton & Williams 1986.
    """
    value, rest = _shares(z)
    return value, value * rest


def _shares(z: Array) -> tuple[Array, Array]:
    """Return σ(z) and 1 − σ(z), where σ is the logistic sigmoid."""
    small = exp(-absolute(z))
    larger = 1 / (1 + small)
    smaller = small * larger
    above = z > 0
    return where(above, larger, smaller), where(above, smaller, larger)


NORMAL_ABOVE = (
    3.888348861248533e-06,
    0.00010172801172211277,
    0.0012677926070695873,
    0.00975085797573651,
    0.050457706110069056,
    0.18004598609605382,
    0.43521687217718,
    0.6604948435049388,
    0.5,
)
NORMAL_BELOW = (
    9.746645013633967e-06,
    0.0002549943262694863,
    0.003187630794970471,
    0.024696787429960065,
    0.1296367906891564,
    0.47524461016014025,
    1.2110969752923042,
    2.0610507929669275,
    2.118874247812743,
    1.0,
)
"""Coefficients of P and Q in e^(a²/2) Φ(−a) = P(a) / Q(a) for a ≥ 0, the highest power first.

Φ is the normal distribution function. The coefficients were found by interpolation in 60 digits at
17 Chebyshev nodes of (a − 5) / (a + 5) from a = 0 to 9, with the exact value ½ at 0. The relative
error of P(a) / Q(a) is below 3e-17 for a ≤ 9, and 1e-12 for a = 12. No coefficient is negative, so
that nothing cancels in the sums.
"""


@activation(init="he", gain=1.5335304)
def gelu(z: Array) -> tuple[Array, Array]:
    """Gaussian error linear unit: z times the probability that a standard normal number is below z.

        φ = z Φ(z),  φ' = Φ(z) + z n(z)

    z is the input of the unit, φ' the slope. Φ is the normal distribution function, and
    n(z) = e^(−z²/2) / √(2π) is its density. Φ is accurate to the precision of the run, for both
    signs of z.

    Source: Hendrycks & Gimpel 2016.

    Elsewhere: PyTorch and Keras compute the same. JAX does so with approximate=False. By default
    JAX computes ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))), which differs by at most 5e-4.
    """
    size = minimum(absolute(z), 40.0)  # for larger a, e^(−a²/2) is 0
    bell = exp(-0.5 * size * size)
    tail = _polynomial(NORMAL_ABOVE, size)
    tail /= _polynomial(NORMAL_BELOW, size)
    tail *= bell
    share = where(z > 0, 1 - tail, tail)
    return z * share, share + (1 / sqrt(2 * pi)) * z * bell


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Return the polynomial Σ cₖ xᵏ at x, by Horner's rule.

    coefficients: cₖ, the one of the highest power first.
    """
    total = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total


@activation(init="he", gain=1.6765324)
def silu(z: Array) -> tuple[Array, Array]:
    """Sigmoid linear unit, also called swish.

        φ = z σ(z),  φ' = σ(z) (1 + z (1 − σ(z)))

    z is the input of the unit, φ' the slope. σ(z) = 1 / (1 + e^(−z)) is the sigmoid.

    Source: Elfwing, Uchibe & Doya 2017.
    """
    share, rest = _shares(z)
    return z * share, share * (1 + z * rest)


@activation(init="xavier", gain=1.0)
def identity(z: Array) -> tuple[Array, Array]:
    """No activation: a network of such layers is one linear map.

        φ = z,  φ' = 1

    z is the input of the unit, φ' the slope.
    """
    return z, 1 + 0 * z
