"""Batch normalisation, between an affine map and its activation (Ioffe & Szegedy 2015).

    x̂ = (z − μ) / √(σ² + ε),  y = γ x̂ + β

In training μ and σ² are the mean and variance of each unit over the batch; in evaluation they are
running means of those, r ← 0.9 r + 0.1 s, with s the batch's mean or its unbiased variance. γ and β
are learned, and named scale and shift. Arrays are (..., units, B); vectors are (..., units).

Weights that no batch was computed with, such as an average of a path, have no running means of
their own: theirs are the moments of the whole training part (Izmailov et al. 2018, section 3.2;
PyTorch's update_bn with a single batch). To average the running means along with the weights would
cost nothing and be wrong: z is linear in the weights, so its mean would come out right, but in its
variance the spread of the path would count as a spread of the examples.
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
    """x̂ and 1 / √(σ² + ε) for the backward pass; mean and variance for the running statistics."""

    units: Array
    inverse: Array
    mean: Array
    variance: Array


def statistics_layer(units: int, prefix: str) -> Layer:
    """The place of a layer's running statistics among those of a lane."""
    return Layer(0, units, prefix, bias=False, more=STATISTICS, ones=STATISTICS[1:])


def normalise(z: Array) -> Normalised:
    """Normalise each unit over the batch; z is written over."""
    mean = z.mean(axis=-1)
    z -= mean[..., None]
    variance = np.vecdot(z, z) / z.shape[-1]
    inverse = 1 / np.sqrt(variance + EPS)
    z *= inverse[..., None]
    return Normalised(z, inverse, mean, variance)


def normalise_by(z: Array, running_stats: Array) -> Array:
    """Normalise by running statistics (..., units, 2); z is overwritten."""
    z -= running_stats[..., :1]
    z /= np.sqrt(running_stats[..., 1:] + EPS)
    return z


def back(g: Array, normal: Normalised, scale: Array) -> tuple[Array, Array, Array]:
    """From dL/dy to dL/dz, dL/dγ and dL/dβ; g is overwritten.

    dL/dz = γ / √(σ² + ε) · (g − mean(g) − x̂ mean(g x̂))
    """
    rows = g.shape[-1]
    to_scale, to_shift = np.vecdot(g, normal.units), g.sum(axis=-1)
    g -= normal.units * (to_scale / rows)[..., None]
    g -= (to_shift / rows)[..., None]
    g *= (scale * normal.inverse)[..., None]
    return g, to_scale, to_shift


def next_running_stats(running_stats: Array, normal: Normalised) -> Array:
    """The running statistics (..., units, 2) after one more batch."""
    rows = normal.units.shape[-1]
    unbiased = normal.variance * (rows / max(rows - 1, 1))
    batch = np.stack([normal.mean, unbiased], axis=-1)
    return running_stats + MOMENTUM * (batch - running_stats)


def moments(blocks: Iterable[Array]) -> tuple[Array, Array]:
    """Mean and variance (..., units) of each unit over all blocks of z, one after the other.

    Each block has at least one row.
    """
    found = no_rows()
    for z in blocks:
        mean = z.mean(axis=-1, dtype=np.float64)
        around = z - mean[..., None]
        found = found.joined(Moments(z.shape[-1], mean, np.vecdot(around, around)))
    return found.mean, found.variance
