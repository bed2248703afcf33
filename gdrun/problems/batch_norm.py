"""Batch normalisation, between an affine map and its activation (Ioffe & Szegedy 2015).

    x̂ = (z − μ) / √(σ² + ε),  y = γ x̂ + β

z is the output of the affine map, y is the input of the activation, γ (scale) and β (shift) are
learned vectors, and ε is a small constant. In training μ and σ² are the mean and variance of each
unit over the batch. In evaluation μ and σ² are running statistics: each is a number r that a step
changes to 0.9 r + 0.1 s, where s is the mean, or the unbiased variance, of the batch. Arrays are
(..., units, B) for B examples; vectors are (..., units).

Averaged weights (see `methods.averaging`) have no running statistics, because no batch was computed
with these weights. In evaluation they use the mean and variance over the whole training part
(Izmailov et al. 2018, section 3.2; PyTorch's update_bn with a single batch). Averaging the running
statistics like the weights was rejected: z is linear in the weights, so the mean would be right,
but the variance would include the changes of the weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array
from gdrun.moments import Moments, no_rows
from gdrun.problems.layout import Layer

EPS = 1e-5
MOMENTUM = 0.1

PARAMETERS = ("scale", "shift")
STATISTICS = ("running_mean", "running_variance")


@dataclass(frozen=True)
class Normalised:
    """The result of normalising a batch of B examples.

    units (..., U, B): the normalised values x̂ of the U units, with the leading axes of the batch,
    such as one for the lanes. mean, variance (..., U): the mean μ and the variance σ² of each unit
    over the batch. inverse (..., U): 1 / √(σ² + ε), where ε is EPS.
    """

    units: Array
    inverse: Array
    mean: Array
    variance: Array


def statistics_layer(units: int, prefix: str) -> Layer:
    """Return the names and shapes of the running statistics of one layer, in the form of a Layer.

    A ParameterLayout of such Layers has the positions of all statistics in one row. units: the
    width of the layer. prefix: the first part of the names of its statistics.
    """
    return Layer(0, units, prefix, bias=False, more=STATISTICS, ones=STATISTICS[1:])


def normalise(z: Array) -> Normalised:
    """Normalise each unit of z (..., units, B) over the batch; z is overwritten with the result."""
    mean = z.mean(axis=-1)
    z -= mean[..., None]
    variance = np.vecdot(z, z) / z.shape[-1]
    inverse = 1 / np.sqrt(variance + EPS)
    z *= inverse[..., None]
    return Normalised(z, inverse, mean, variance)


def normalise_by(z: Array, running_stats: Array) -> Array:
    """Normalise z (..., units, B) with running statistics; z is overwritten with the result.

    running_stats (..., units, 2): the running mean and variance of each unit.
    """
    z -= running_stats[..., :1]
    z /= np.sqrt(running_stats[..., 1:] + EPS)
    return z


def back(g: Array, normal: Normalised, scale: Array) -> tuple[Array, Array, Array]:
    """Return dL/dz, dL/dγ and dL/dβ from g = dL/dy; g is overwritten with dL/dz.

    dL/dz = γ / √(σ² + ε) · (g − mean(g) − x̂ mean(g x̂))

    y = γ x̂ + β is the output. normal: what `normalise` returned for this batch, such as x̂ and the
    variance σ². scale: γ, (..., units). ε is EPS, and mean is over the batch.
    """
    rows = g.shape[-1]
    to_scale, to_shift = np.vecdot(g, normal.units), g.sum(axis=-1)
    g -= normal.units * (to_scale / rows)[..., None]
    g -= (to_shift / rows)[..., None]
    g *= (scale * normal.inverse)[..., None]
    return g, to_scale, to_shift


def next_running_stats(running_stats: Array, normal: Normalised) -> Array:
    """Return the running statistics (..., units, 2) after one more batch.

    running_stats: the statistics before the batch. normal: what `normalise` returned for the batch.
    """
    rows = normal.units.shape[-1]
    unbiased = normal.variance * (rows / max(rows - 1, 1))
    batch = np.stack([normal.mean, unbiased], axis=-1)
    return running_stats + MOMENTUM * (batch - running_stats)


def moments(blocks: Iterable[Array]) -> tuple[Array, Array]:
    """Return the mean and the variance, each (..., units), of every unit over all blocks.

    blocks: z of consecutive examples, each (..., units, B) with B ≥ 1.
    """
    found = no_rows()
    for z in blocks:
        mean = z.mean(axis=-1, dtype=np.float64)
        around = z - mean[..., None]
        found = found.joined(Moments(z.shape[-1], mean, np.vecdot(around, around)))
    return found.mean, found.variance
