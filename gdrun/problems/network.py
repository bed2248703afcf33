"""A network of affine maps with activations between them.

All lanes (runs that are trained together) are computed together. Inside the network the last axis
holds the examples: the input of a layer is (..., inputs, B). So the product of the layer's matrix
(..., outputs, inputs) and this input needs no transposition, and the numbers of a unit are
contiguous. Arrays are overwritten when they are not needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from gdrun.array_types import Array
from gdrun.problems import batch_norm
from gdrun.problems.activations import Activation
from gdrun.problems.batch_norm import Normalised
from gdrun.problems.dropout import Dropout
from gdrun.problems.layout import Layer, ParameterLayout
from gdrun.problems.losses import Loss
from gdrun.problems.predictor import Predictor
from gdrun.problems.rows import Examples, contiguous, rows_of

BLOCK_ENTRIES = 2**19
"""The largest size of a layer's output in one block of a long sum over rows.

The size is the number of entries: units of the widest layer × rows of the block × lanes.
"""


@dataclass(frozen=True)
class Passed:
    """The arrays of one hidden layer that the backward pass needs.

    B is the number of examples; the leading axes are those of the weights (..., P), such as one for
    the lanes. entered (..., inputs, B): the input of the layer. left (..., units, B): its output.
    slope (..., units, B): the slope of the activation. normal: the result of batch normalisation,
    or None without it. mask: the mask of dropout, or None without it.
    """

    entered: Array
    left: Array
    slope: Array
    normal: Normalised | None
    mask: Array | None


@dataclass(frozen=True)
class Network(Predictor):
    """A network and its loss.

    features: the number of inputs. hidden: the widths of the hidden layers. outputs: the number of
    scores of an example, which is 1 or the number of classes C. residual: whether h ← h + φ(…) for
    each hidden layer except the first (a skip connection); if the widths differ, the added h is
    multiplied by a matrix. Dropout acts on φ(…) and not on the skip connection, where the masks of
    all layers would multiply (He et al. 2016, Identity mappings, section 3.1). running_stats
    (..., L, Q): the Q statistics that batch normalisation uses in evaluations, for L lanes; None if
    there are none.
    """

    features: int
    hidden: tuple[int, ...]
    outputs: int
    activation: Activation
    loss: Loss
    batch_norm: bool = False
    residual: bool = False
    running_stats: Array | None = None

    @cached_property
    def layout(self) -> ParameterLayout:
        widths = (self.features, *self.hidden)
        vectors = batch_norm.PARAMETERS if self.batch_norm else ()
        layers = [
            Layer(
                inputs,
                units,
                f"layer{number}.",
                bias=not self.batch_norm,  # the shift of batch normalisation replaces it
                more=vectors,
                ones=vectors[:1],
                gain=self.activation.gain,
            )
            for number, (inputs, units) in enumerate(pairwise(widths), start=1)
        ]
        layers.append(Layer(widths[-1], self.outputs, f"layer{self.depth + 1}."))
        layers += [
            # With a gain of 1 the skip connection keeps the size of its input.
            Layer(widths[k], widths[k + 1], f"projection{k + 1}.", bias=False, gain=1.0)
            for k in self._projections
        ]
        return ParameterLayout(tuple(layers))

    @cached_property
    def stats_layout(self) -> ParameterLayout:
        """The positions of the Q running statistics in a row (Q,); Q is 0 without batch_norm."""
        normalised = self.hidden if self.batch_norm else ()
        return ParameterLayout(
            tuple(
                batch_norm.statistics_layer(units, f"layer{k}.")
                for k, units in enumerate(normalised, start=1)
            )
        )

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        return len(self.hidden)

    def with_running_stats(self, running_stats: Array) -> Network:
        """Return the network with these running statistics for evaluations.

        running_stats: (..., L, Q) for L lanes; Q: the statistics of all layers in a row.
        """
        return replace(self, running_stats=running_stats)

    def rows_at_once(self, lanes: int) -> int:
        """Return the number of rows in one block of a sum over many rows.

        lanes: the number of lanes, which are computed together.
        """
        return max(BLOCK_ENTRIES // (lanes * max((self.features, *self.hidden))), 64)

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        return contiguous(X)

    def scores(self, W: Array, X: Array) -> Array:
        return self._as_scores(self._before(W, X, self.depth))

    def _before(self, W: Array, X: Array, layer: int) -> Array:
        """Return z, the output of the affine map of a layer, for the rows of X.

        layer: the number of the layer, from 0. With batch_norm, the hidden layers before this layer
        are normalised by running statistics.
        """
        h = _examples_last(X)
        for k in range(layer):
            z = self._affine(W, k, h)
            if self.batch_norm:
                assert self.running_stats is not None, "an evaluation has no running statistics"
                z = batch_norm.normalise_by(z, self.stats_layout.matrix(self.running_stats, k))
                z = self._scaled(W, k, z)
            value, _ = self.activation.bound(z)
            h = value if not self._skips(k) else value + self._skipped(W, k, h)
        return self._affine(W, layer, h)

    def statistics_over(self, W: Array, X: Examples) -> Array:
        """Return the mean and variance of each unit over all rows of X, as running statistics.

        W: the weights (lanes, P) for P parameters. Returns (lanes, Q) for Q statistics. Each pass
        over all blocks of rows measures one layer. In the next pass, that layer is normalised by
        the measured statistics. So the result does not depend on the size of the blocks.
        """
        found = np.zeros((len(W), self.stats_layout.size), W.dtype)
        known, rows, block = self.with_running_stats(found), len(X), self.rows_at_once(len(W))
        parts = [slice(start, start + block) for start in range(0, rows, block)]
        for k in range(self.depth):
            mean, variance = batch_norm.moments(
                known._before(W, rows_of(X, part), k) for part in parts
            )
            self.stats_layout.matrix(found, k)[...] = np.stack([mean, variance], axis=-1)
        for k in range(self.depth):
            # The unbiased variance, as in the running statistics.
            self.stats_layout.matrix(found, k)[..., 1] *= rows / max(rows - 1, 1)
        return found

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        values, gradient, _ = self.training_sums(W, X, y)
        return values, gradient

    def training_sums(
        self, W: Array, X: Array, y: Array, dropout: Dropout | None = None
    ) -> tuple[Array, Array, list[Passed]]:
        """Return Σ ℓ and Σ ∇ℓ over the rows of X, and each hidden layer's arrays.

        Σ ℓ is (..., lanes), Σ ∇ℓ is (..., lanes, P) for P parameters. Batch normalisation uses the
        statistics of these rows. dropout: the dropout of the step, or None.
        """
        passed = self._forward(W, X, dropout)
        last = passed[-1].left if passed else _examples_last(X)
        scores = self._affine(W, self.depth, last)
        values, slopes = self.loss.bound(self._as_scores(scores), y)
        return values.sum(axis=X.ndim - 2), self._backward(W, last, passed, slopes), passed

    def next_running_stats(self, running_stats: Array, passed: list[Passed]) -> Array:
        """Return the running statistics after one more batch.

        running_stats (..., L, Q): the Q statistics of each of L lanes before the batch. passed: the
        arrays of the hidden layers in the batch.
        """
        found = np.empty_like(running_stats)
        for k, layer in enumerate(passed):
            if layer.normal is not None:
                before, after = (self.stats_layout.matrix(row, k) for row in (running_stats, found))
                after[...] = batch_norm.next_running_stats(before, layer.normal)
        return found

    def _forward(self, W: Array, X: Array, dropout: Dropout | None) -> list[Passed]:
        h, passed = _examples_last(X), []
        for k, units in enumerate(self.hidden):
            z, normal, mask = self._affine(W, k, h), None, None
            if self.batch_norm:
                normal = batch_norm.normalise(z)
                z = self._scaled(W, k, normal.units)
            left, slope = self.activation.bound(z)
            if dropout is not None:
                mask = dropout.mask(units, X.shape[-2], W.dtype)
                left = left * mask
            if self._skips(k):
                left = left + self._skipped(W, k, h)
            passed.append(Passed(h, left, slope, normal, mask))
            h = left
        return passed

    def _backward(self, W: Array, last: Array, passed: list[Passed], slopes: Array) -> Array:
        G = np.empty_like(W)
        g, skipped = self._from_slopes(slopes), None
        self._affine_gradient(G, self.depth, g, last)
        for k in reversed(range(self.depth)):
            g = self._weights(W, k + 1).swapaxes(-1, -2) @ g
            if skipped is not None:
                g += skipped
            g, skipped = self._back_through(W, G, k, g, passed[k])
        return G

    def _back_through(
        self, W: Array, G: Array, k: int, g: Array, layer: Passed
    ) -> tuple[Array, Array | None]:
        """Compute the gradients of hidden layer k from g = dL/dh, where h is the layer's output.

        Writes the gradient of the layer's parameters to G. Returns dL/dz, and the part of the input
        gradient that comes through the skip connection, or None without a skip connection.
        """
        skipped = self._skip_back(W, G, k, g, layer.entered) if self._skips(k) else None
        g = np.multiply(g, layer.slope, out=None if skipped is g else g)
        if layer.mask is not None:
            g *= layer.mask
        if layer.normal is not None:
            vectors = self._vectors(W, k)
            g, *to_vectors = batch_norm.back(g, layer.normal, vectors[..., 0])
            np.stack(to_vectors, axis=-1, out=self._vectors(G, k))
        self._affine_gradient(G, k, g, layer.entered)
        return g, skipped

    def _skip_back(self, W: Array, G: Array, k: int, g: Array, entered: Array) -> Array:
        if k not in self._projections:
            return g
        place = self.depth + 1 + self._projections.index(k)
        self._affine_gradient(G, place, g, entered)
        back: Array = self._weights(W, place).swapaxes(-1, -2) @ g
        return back

    def _skipped(self, W: Array, k: int, h: Array) -> Array:
        """Return what the skip connection of hidden layer k adds. h: the input of the layer."""
        if k not in self._projections:
            return h
        return self._affine(W, self.depth + 1 + self._projections.index(k), h)

    def _skips(self, k: int) -> bool:
        return self.residual and k > 0

    def _affine(self, W: Array, index: int, h: Array) -> Array:
        z: Array = self._weights(W, index) @ h
        if self.layout.layers[index].bias:
            z += self._vectors(W, index)
        return z

    def _affine_gradient(self, G: Array, index: int, g: Array, h: Array) -> None:
        np.matmul(g, h.swapaxes(-1, -2), out=self._weights(G, index))
        if self.layout.layers[index].bias:
            np.sum(g, axis=-1, keepdims=True, out=self._vectors(G, index))

    def _scaled(self, W: Array, k: int, units: Array) -> Array:
        """Return γ x̂ + β for hidden layer k with batch_norm. units: x̂, the normalised values."""
        vectors = self._vectors(W, k)
        y: Array = units * vectors[..., :1]
        y += vectors[..., 1:]
        return y

    def _weights(self, row: Array, index: int) -> Array:
        return self.layout.matrix(row, index)[..., : self.layout.layers[index].inputs]

    def _vectors(self, row: Array, index: int) -> Array:
        return self.layout.matrix(row, index)[..., self.layout.layers[index].inputs :]

    def _as_scores(self, last: Array) -> Array:
        """Return `last` (..., L, C, B), the output of the last layer, in the shape of scores.

        Scores are (..., B, L, C) with a score for each class, otherwise (..., B, L). B: the
        examples, L: the lanes, C: the scores of an example.
        """
        if self.by_class:
            return last.swapaxes(-1, -2).swapaxes(-2, -3)
        return last[..., 0, :].swapaxes(-1, -2)

    def _from_slopes(self, slopes: Array) -> Array:
        """Return slopes of a loss, (..., B, L, C) or (..., B, L), in the shape (..., L, C, B).

        B: the examples, L: the lanes, C: the scores of an example.
        """
        if self.by_class:
            return slopes.swapaxes(-2, -3).swapaxes(-1, -2)
        return slopes.swapaxes(-1, -2)[..., None, :]

    @cached_property
    def _projections(self) -> tuple[int, ...]:
        """The numbers of the hidden layers, from 0, whose skip connection has a matrix.

        It has one if the layer's input and output differ in width.
        """
        if not self.residual:
            return ()
        return tuple(k for k in range(1, self.depth) if self.hidden[k] != self.hidden[k - 1])


def _examples_last(X: Array) -> Array:
    """Return features X (..., B, d) as a layer input for all lanes: (..., 1, d, B).

    B: the number of examples. d: the number of features.
    """
    return X.swapaxes(-1, -2)[..., None, :, :]
