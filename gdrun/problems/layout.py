"""The position of each named parameter in the flat row of a lane.

A lane is one of several runs that train together. Its parameters are one flat row of length P. In
this row, a layer from `inputs` to `outputs` has outputs × (inputs + 1) entries: for each output the
weights, then the bias. These entries form a matrix (outputs, inputs + 1), which is multiplied with
features that have a column of ones appended. So the weights of a linear model in all lanes form one
matrix, and one product computes the scores of all lanes. Other vectors of a layer, with one number
for each output, are additional columns of its matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from gdrun.array_types import Array, Flags


@dataclass(frozen=True)
class Layer:
    """The shapes and names of the parameters of one affine map.

    With 0 inputs there is no weight matrix, only vectors. prefix: the first part of the parameter
    names, such as `layer1.`. scalar: whether the parameters are shown without the axis of the only
    output: w (d,), b (). more: the names of additional vectors (outputs,). ones: the names of those
    vectors that start at one; the others start at zero. gain: the gain 1/√E[φ(z)²], for z ∼ N(0,
    1), of the activation φ after the map; None without an activation.
    """

    inputs: int
    outputs: int
    prefix: str = ""
    bias: bool = True
    scalar: bool = False
    more: tuple[str, ...] = ()
    ones: tuple[str, ...] = ()
    gain: float | None = None

    @property
    def vectors(self) -> tuple[str, ...]:
        """The names of the layer's vectors (outputs,), such as b for the bias.

        They are the last columns of the layer's matrix, after one column for each input.
        """
        return (*(("b",) if self.bias else ()), *self.more)

    @property
    def columns(self) -> int:
        return self.inputs + len(self.vectors)

    @property
    def size(self) -> int:
        return self.outputs * self.columns


@dataclass(frozen=True)
class ParameterLayout:
    """The layers of a model, in the order in which their parameters follow in a row (P,)."""

    layers: tuple[Layer, ...]

    @cached_property
    def size(self) -> int:
        """P, the number of parameters of one lane (one run)."""
        return sum(layer.size for layer in self.layers)

    @cached_property
    def penalised(self) -> Flags:
        """Whether each parameter has an l2 penalty, (P,): weight matrices do, vectors do not."""
        marks = []
        for layer in self.layers:
            mark = np.ones((layer.outputs, layer.columns), dtype=bool)
            mark[:, layer.inputs :] = False
            marks.append(mark.ravel())
        return np.concatenate(marks)

    def matrix(self, row: Array, index: int) -> Array:
        """Return the entries of one layer in `row` as a matrix (..., outputs, columns).

        It has a column for each input, then one for each vector, such as the bias. row: (..., P)
        for P parameters. index: the number of the layer, from 0. The matrix is a view of `row`.
        """
        place, shape = self._places[index]
        return row[..., place].reshape(*row.shape[:-1], *shape)

    @cached_property
    def _places(self) -> list[tuple[slice, tuple[int, int]]]:
        """For each layer, the slice of the row with its entries, and the shape of its matrix."""
        ends = list(accumulate(layer.size for layer in self.layers))
        return [
            (slice(end - layer.size, end), (layer.outputs, layer.columns))
            for layer, end in zip(self.layers, ends, strict=True)
        ]

    def tensor_norm(self, row: Array) -> Array:
        """Return, for each entry of `row`, the L2 norm of the tensor that contains it.

        row: (..., P) for P parameters. A tensor is a layer's weight matrix, its bias, or another
        vector of the layer.
        """
        norms = np.empty_like(row)
        for index, layer in enumerate(self.layers):
            entries, norm = self.matrix(row, index), self.matrix(norms, index)
            vectors = range(layer.inputs, layer.columns)
            for part in (slice(layer.inputs), *(slice(k, k + 1) for k in vectors)):
                tensor = entries[..., part]
                norm[..., part] = np.sqrt((tensor * tensor).sum(axis=(-2, -1), keepdims=True))
        return norms

    def named(self, row: Array) -> dict[str, Array]:
        """Return views of the tensors in `row` by name, such as w and b.

        row: (..., P) for P parameters. w: (..., inputs, outputs). b: (..., outputs). The tensors of
        a scalar layer do not have the axis of the outputs.
        """
        views: dict[str, Array] = {}
        for index, layer in enumerate(self.layers):
            matrix = self.matrix(row, index)
            if layer.inputs:
                w = matrix[..., : layer.inputs].swapaxes(-1, -2)
                views[f"{layer.prefix}w"] = w[..., 0] if layer.scalar else w
            for column, name in enumerate(layer.vectors, start=layer.inputs):
                vector = matrix[..., column]
                views[f"{layer.prefix}{name}"] = vector[..., 0] if layer.scalar else vector
        return views
