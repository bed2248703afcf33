"""Where each named weight lives in the flat row of a lane.

A lane's parameters are one flat row of length P. A layer from `inputs` to `outputs` takes
outputs × (inputs + 1) places of it, stored output by output, the bias last: as a matrix
(outputs, inputs + 1) it multiplies features that carry a column of ones, so the weights of all
lanes of a linear model are one matrix and one product serves them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Layer:
    """One affine map. `scalar`: a single output whose axis users do not see: w (d,), b ()."""

    inputs: int
    outputs: int
    prefix: str = ""
    bias: bool = True
    scalar: bool = False

    @property
    def columns(self) -> int:
        return self.inputs + self.bias

    @property
    def size(self) -> int:
        return self.outputs * self.columns


@dataclass(frozen=True)
class Layout:
    """The layers of a model in the order of their places in the flat row."""

    layers: tuple[Layer, ...]

    @cached_property
    def size(self) -> int:
        """P, the number of parameters of one lane."""
        return sum(layer.size for layer in self.layers)

    @cached_property
    def penalised(self) -> NDArray[np.bool_]:
        """Which parameters l2 acts on, (P,): the weights, never the biases."""
        marks = []
        for layer in self.layers:
            mark = np.ones((layer.outputs, layer.columns), dtype=bool)
            mark[:, layer.inputs :] = False
            marks.append(mark.ravel())
        return np.concatenate(marks)

    def matrix(self, row: Array, index: int) -> Array:
        """Layer `index` of `row` (..., P) as its matrix (..., outputs, columns): a view."""
        layer = self.layers[index]
        start = sum(earlier.size for earlier in self.layers[:index])
        part = row[..., start : start + layer.size]
        return part.reshape(*row.shape[:-1], layer.outputs, layer.columns)

    def tensor_norm(self, row: Array) -> Array:
        """The L2 norm of the tensor, weights or bias, that each entry of `row` (..., P) is in."""
        norms = np.empty_like(row)
        for index, layer in enumerate(self.layers):
            entries, norm = self.matrix(row, index), self.matrix(norms, index)
            for part in (slice(layer.inputs), slice(layer.inputs, None)):
                tensor = entries[..., part]
                norm[..., part] = np.sqrt((tensor * tensor).sum(axis=(-2, -1), keepdims=True))
        return norms

    def named(self, row: Array) -> dict[str, Array]:
        """Views by name on `row` (..., P): w (..., inputs, outputs) and b (..., outputs)."""
        views: dict[str, Array] = {}
        for index, layer in enumerate(self.layers):
            matrix = self.matrix(row, index)
            w = matrix[..., : layer.inputs].swapaxes(-1, -2)
            views[f"{layer.prefix}w"] = w[..., 0] if layer.scalar else w
            if layer.bias:
                b = matrix[..., layer.inputs]
                views[f"{layer.prefix}b"] = b[..., 0] if layer.scalar else b
        return views
