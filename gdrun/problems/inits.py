"""Initial weights, each with its field-standard definition; biases start at zero.

Two of them follow the activation of the layer by its gain g: orthogonal, and he, for which g = √2
belongs to ReLU, and to the last layer, which has no activation. A matrix around a residual layer
has g = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Literal

import numpy as np

from gdrun.array_types import Numbers
from gdrun.methods.randomness import stream
from gdrun.problems.layout import ParameterLayout

InitName = Literal[
    "zeros",
    "normal",
    "xavier",
    "xavier_normal",
    "he",
    "he_uniform",
    "lecun",
    "lecun_uniform",
    "orthogonal",
]
Init = Callable[[np.random.Generator, int, int, float], Numbers]


def zeros(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """All zeros: right for convex models, where no symmetry needs breaking."""
    return np.zeros((outputs, inputs))


def normal(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """N(0, std²), with std from init_std."""
    return draw.normal(0.0, std, (outputs, inputs))


def xavier(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """U(−a, a), a = √(6 / (fan_in + fan_out)). Glorot & Bengio 2010."""
    return _uniform(draw, inputs, outputs, 2 / (inputs + outputs))


def xavier_normal(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """N(0, 2 / (fan_in + fan_out)). Glorot & Bengio 2010."""
    return draw.normal(0.0, sqrt(2 / (inputs + outputs)), (outputs, inputs))


def he(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """N(0, g² / fan_in), which is 2 / fan_in for ReLU. He et al. 2015.

    g is the gain of the layer's activation, 1/√E[φ(z)²] for z ∼ N(0, 1): weights of this variance
    keep the size of what passes through. The last layer, which has none, takes √2.

    Elsewhere: PyTorch has these gains for ReLU and leaky ReLU, but 5/3 for tanh and 3/4 for selu.
    """
    return draw.normal(0.0, sqrt(2 / inputs), (outputs, inputs))


def he_uniform(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """U(−a, a), a = g √(3 / fan_in), which is √(6 / fan_in) for ReLU. He et al. 2015.

    g is the gain of the layer's activation, as for he.
    """
    return _uniform(draw, inputs, outputs, 2 / inputs)


def lecun(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """N(0, 1 / fan_in). LeCun et al. 1998."""
    return draw.normal(0.0, sqrt(1 / inputs), (outputs, inputs))


def lecun_uniform(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """U(−a, a), a = √(3 / fan_in). LeCun et al. 1998."""
    return _uniform(draw, inputs, outputs, 1 / inputs)


def orthogonal(draw: np.random.Generator, inputs: int, outputs: int, std: float) -> Numbers:
    """g Q, with orthonormal rows or columns of Q, uniformly drawn. Saxe et al. 2013.

    g is the gain of the layer's activation, as for he, and 1 for the last layer.
    """
    tall = draw.normal(size=(max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return q if outputs >= inputs else q.T


INITS: dict[str, Init] = {
    init.__name__: init
    for init in (
        zeros,
        normal,
        xavier,
        xavier_normal,
        he,
        he_uniform,
        lecun,
        lecun_uniform,
        orthogonal,
    )
}
"""Every initialisation by name."""


_GAINS = {"he": sqrt(2), "he_uniform": sqrt(2), "orthogonal": 1.0}
"""The inits that follow the activation, each with the gain that it has as it is written above."""


def initial_row(layout: ParameterLayout, name: str, seed: int, std: float) -> Numbers:
    """The flat row (P,) that a lane with this seed starts from.

    Each layer has a stream of its own, so adding a layer leaves the others as they were.
    """
    row = np.zeros(layout.size)
    for index, layer in enumerate(layout.layers):
        drawn = INITS[name](stream(seed, "init", index), layer.inputs, layer.outputs, std)
        if layer.gain is not None and name in _GAINS:
            drawn = drawn * (layer.gain / _GAINS[name])
        layout.matrix(row, index)[:, : layer.inputs] = drawn
        for vector in layer.ones:
            layout.named(row)[f"{layer.prefix}{vector}"][...] = 1
    return row


def _uniform(draw: np.random.Generator, inputs: int, outputs: int, variance: float) -> Numbers:
    limit = sqrt(3 * variance)
    return draw.uniform(-limit, limit, (outputs, inputs))
