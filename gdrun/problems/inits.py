"""Initial weights, each with its standard definition; biases start at zero.

An init draws the matrix (outputs, inputs) of one layer. Some inits depend on the activation of the
layer, by its gain: such an init is written for one gain, and its matrix is scaled for a layer with
another gain. For example, he is written for √2, the gain of ReLU; the last layer, which has no
activation, uses it without scaling. The matrix of a skip connection has gain 1. Parameters with a
default are options of the init.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from gdrun.array_types import Numbers
from gdrun.methods.definitions import Definition, Positive, define
from gdrun.methods.randomness import stream
from gdrun.problems.layout import Layer, ParameterLayout

InitFunction = Callable[..., Numbers]


@dataclass(frozen=True)
class Init(Definition):
    """Initial weights of a layer.

    gain: the gain that the function is written for; None if it does not depend on the activation.
    """

    gain: float | None = None

    def matrix(self, draw: np.random.Generator, layer: Layer) -> Numbers:
        """The initial weights (outputs, inputs) of a layer."""
        drawn: Numbers = self.bound(draw, layer.inputs, layer.outputs)
        if layer.gain is None or self.gain is None:
            return drawn
        return drawn * (layer.gain / self.gain)


INITS: dict[str, Init] = {}
"""Every initialisation by name."""


def init(*, gain: float | None = None) -> Callable[[InitFunction], InitFunction]:
    """Register the decorated function of a random generator, inputs and outputs as an init."""

    def register(function: InitFunction) -> InitFunction:
        known = define(function)
        INITS[known.name] = Init(known.name, known.function, known.options, known.doc, gain=gain)
        return function

    return register


@init()
def zeros(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """All zeros. This is right for convex models; the units of a network would all stay equal."""
    return np.zeros((outputs, inputs))


@init()
def normal(
    draw: np.random.Generator, inputs: int, outputs: int, init_std: Positive = 0.01
) -> Numbers:
    """N(0, σ²), where σ is init_std."""
    return draw.normal(0.0, init_std, (outputs, inputs))


@init()
def xavier(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """U(−a, a), a = √(6 / (fan_in + fan_out)). Glorot & Bengio 2010."""
    return _uniform(draw, inputs, outputs, 2 / (inputs + outputs))


@init()
def xavier_normal(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """N(0, 2 / (fan_in + fan_out)). Glorot & Bengio 2010."""
    return draw.normal(0.0, sqrt(2 / (inputs + outputs)), (outputs, inputs))


@init(gain=sqrt(2))
def he(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """N(0, g² / fan_in), which is 2 / fan_in for ReLU. He et al. 2015.

    g is the gain of the layer's activation φ, 1/√E[φ(z)²] for z ∼ N(0, 1). With weights of this
    variance, the outputs of a layer are as large as its inputs. g is √2 for the last layer, which
    has no activation.

    Elsewhere: PyTorch has these gains for ReLU and leaky ReLU, but 5/3 for tanh and 3/4 for selu.
    """
    return draw.normal(0.0, sqrt(2 / inputs), (outputs, inputs))


@init(gain=sqrt(2))
def he_uniform(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """U(−a, a), a = g √(3 / fan_in), which is √(6 / fan_in) for ReLU. He et al. 2015.

    g is the gain of the layer's activation, as for he.
    """
    return _uniform(draw, inputs, outputs, 2 / inputs)


@init()
def lecun(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """N(0, 1 / fan_in). LeCun et al. 1998."""
    return draw.normal(0.0, sqrt(1 / inputs), (outputs, inputs))


@init()
def lecun_uniform(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """U(−a, a), a = √(3 / fan_in). LeCun et al. 1998."""
    return _uniform(draw, inputs, outputs, 1 / inputs)


@init(gain=1.0)
def orthogonal(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """g Q, where Q is a random matrix with orthonormal rows or columns. Saxe et al. 2013.

    g is the gain of the layer's activation, as for he, and 1 for the last layer.
    """
    tall = draw.normal(size=(max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return q if outputs >= inputs else q.T


def initial_row(layout: ParameterLayout, init: Init, seed: int) -> Numbers:
    """The initial weights of a lane with this seed, as a flat row (P,).

    Each layer has its own random stream, so adding a layer does not change the other layers.
    """
    row = np.zeros(layout.size)
    for index, layer in enumerate(layout.layers):
        drawn = init.matrix(stream(seed, "init", index), layer)
        layout.matrix(row, index)[:, : layer.inputs] = drawn
        for vector in layer.ones:
            layout.named(row)[f"{layer.prefix}{vector}"][...] = 1
    return row


def _uniform(draw: np.random.Generator, inputs: int, outputs: int, variance: float) -> Numbers:
    limit = sqrt(3 * variance)
    return draw.uniform(-limit, limit, (outputs, inputs))
