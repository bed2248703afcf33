"""Initial weights, each with its standard definition; biases start at zero.

An init is a function that draws the weight matrix (outputs, inputs) of one layer. Some inits depend
on the gain of the layer's activation (see `Activation.gain`). Such an init is written for one gain,
and the matrix is scaled for a layer with another gain. For example, he is written for √2, the gain
of ReLU. The last layer has no activation, so its matrix is not scaled. The matrix of a skip
connection has gain 1. Parameters with a default are options of the init.
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
    """A function that draws the initial weights of a layer, as an entry of INITS.

    gain: the gain of the activation that the function is written for; None if the weights do not
    depend on the activation.
    """

    gain: float | None = None

    def matrix(self, draw: np.random.Generator, layer: Layer) -> Numbers:
        """Return the initial weights (outputs, inputs) of a layer, scaled for its activation.

        draw: the random number generator.
        """
        drawn: Numbers = self.bound(draw, layer.inputs, layer.outputs)
        if layer.gain is None or self.gain is None:
            return drawn
        return drawn * (layer.gain / self.gain)


INITS: dict[str, Init] = {}
"""Every init (a function that draws initial weights), by name."""


def init(*, gain: float | None = None) -> Callable[[InitFunction], InitFunction]:
    """Register the decorated function as an init, which draws the initial weights of a layer.

    The function takes a random number generator, the number of inputs and the number of outputs.
    gain: the gain of the activation for which the function is written; None if the weights do not
    depend on the activation.
    """

    def register(function: InitFunction) -> InitFunction:
        known = define(function)
        INITS[known.name] = Init(known.name, known.function, known.options, known.doc, gain=gain)
        return function

    return register


@init()
def zeros(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """All weights zero: good for linear models, but the units of a network would stay equal."""
    return np.zeros((outputs, inputs))


@init()
def normal(
    draw: np.random.Generator, inputs: int, outputs: int, init_std: Positive = 0.01
) -> Numbers:
    """Weights from N(0, σ²), where σ is init_std."""
    return draw.normal(0.0, init_std, (outputs, inputs))


@init()
def xavier(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from U(−a, a), a = √(6 / (fan_in + fan_out)). Glorot & Bengio 2010.

    fan_in is the number of inputs of the layer, and fan_out the number of outputs.
    """
    return _uniform(draw, inputs, outputs, 2 / (inputs + outputs))


@init()
def xavier_normal(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from N(0, 2 / (fan_in + fan_out)). Glorot & Bengio 2010.

    fan_in is the number of inputs of the layer, and fan_out the number of outputs.
    """
    return draw.normal(0.0, sqrt(2 / (inputs + outputs)), (outputs, inputs))


@init(gain=sqrt(2))
def he(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from N(0, g² / fan_in); for ReLU the variance is 2 / fan_in. He et al. 2015.

    fan_in is the number of inputs of the layer. g is the gain of the layer's activation φ, which is
    1/√E[φ(z)²] for z ∼ N(0, 1). If the inputs of a hidden layer have the mean square 1/g², so have
    its outputs, on average. The last layer has no activation, and its g is √2. The function draws
    with g = √2; the network multiplies its weights by g/√2.

    Elsewhere: PyTorch has these gains for ReLU and leaky ReLU, but 5/3 for tanh and 3/4 for selu.
    """
    return draw.normal(0.0, sqrt(2 / inputs), (outputs, inputs))


@init(gain=sqrt(2))
def he_uniform(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from U(−a, a), a = g √(3 / fan_in); for ReLU a is √(6 / fan_in). He et al. 2015.

    fan_in is the number of inputs of the layer. g is the gain of the layer's activation φ, which is
    1/√E[φ(z)²] for z ∼ N(0, 1), and √2 for the last layer, which has no activation. The function
    draws with g = √2; the network multiplies its weights by g/√2.
    """
    return _uniform(draw, inputs, outputs, 2 / inputs)


@init()
def lecun(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from N(0, 1 / fan_in). LeCun et al. 1998.

    fan_in is the number of inputs of the layer.
    """
    return draw.normal(0.0, sqrt(1 / inputs), (outputs, inputs))


@init()
def lecun_uniform(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights from U(−a, a), a = √(3 / fan_in). LeCun et al. 1998.

    fan_in is the number of inputs of the layer.
    """
    return _uniform(draw, inputs, outputs, 1 / inputs)


@init(gain=1.0)
def orthogonal(draw: np.random.Generator, inputs: int, outputs: int) -> Numbers:
    """Weights g Q, with a random matrix Q of orthonormal rows or columns. Saxe et al. 2013.

    g is the gain of the layer's activation φ, which is 1/√E[φ(z)²] for z ∼ N(0, 1), and 1 for the
    last layer, which has no activation.
    """
    tall = draw.normal(size=(max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return q if outputs >= inputs else q.T


def initial_row(layout: ParameterLayout, init: Init, seed: int) -> Numbers:
    """Return all initial weights of a run with this seed, as a flat row (P,).

    Layer k has the random stream k, so a further layer does not change the weights of the layers
    before it.
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
