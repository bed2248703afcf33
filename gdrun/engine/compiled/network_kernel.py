"""The kernel of a plain network: its C text, its arguments, and its compiled functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.engine.cohort import Cohort
from gdrun.engine.compiled.arguments import Flag, Pointer, Steps, Whole, address, kernel
from gdrun.engine.compiled.compiler import library
from gdrun.engine.compiled.units import StepForm, network_text, option_numbers
from gdrun.engine.contract import NotCompilableError
from gdrun.problems.network import Network
from gdrun.problems.rows import MappedRows

MOST_LAYERS = 64
"""The most layers for which workspace.h has memory."""


class LayerArguments(ctypes.Structure):
    """The layers of a network, as the C struct Layers in layers.h."""

    _fields_ = (
        ("extra", Pointer),
        ("widths", Pointer),
        ("begins", Pointer),
        ("count", Whole),
    )

    def __init__(self, network: Network) -> None:
        sizes = [layer.size for layer in network.layout.layers]
        self.arrays = (
            option_numbers(network.loss, network.activation),
            np.array([network.features, *network.hidden, network.outputs]),
            np.array([0, *accumulate(sizes)]),
        )
        super().__init__(*map(address, self.arrays), len(sizes))


class NetworkArguments(ctypes.Structure):
    """The network and the batches of a chunk, as the C struct Network in workspace.h."""

    _fields_ = (
        ("layers", LayerArguments),
        ("X", Pointer),
        ("y", Pointer),
        ("orders", Pointer),
        ("starts", Pointer),
        ("before", Pointer),
        ("streams", Whole),
        ("places", Whole),
        ("size", Whole),
        ("threads", Whole),
    )

    def __init__(
        self,
        layers: LayerArguments,
        X: Array,
        y: Array,
        orders: Integers,
        starts: Integers,
        before: Array,
        *,
        size: int,
        threads: int,
    ) -> None:
        """orders (S, n): the n rows that each of S index streams uses in this chunk of steps.

        An index stream is the sequence of row indices that a seed draws. size: the number of rows
        of one step; the last step may have fewer. starts (S + 1,): the first lane (run) of each
        stream, and the number of lanes. before (L, P): receives the P weights of each of L lanes
        before the last step. X (N, D), y (N,): the training part. threads: the number of threads.
        """
        self.layers_kept, self.arrays = layers, (X, y, orders, starts, before)
        super().__init__(layers, *map(address, self.arrays), *orders.shape, size, threads)


class EvaluationArguments(ctypes.Structure):
    """Rows of data and the weights to evaluate, as the C struct Evaluation in evaluation.c."""

    _fields_ = (
        ("layers", LayerArguments),
        ("X", Pointer),
        ("y", Pointer),
        ("W", Pointer),
        ("losses", Pointer),
        ("rights", Pointer),
        ("rows", Whole),
        ("lanes", Whole),
        ("block", Whole),
    )

    def __init__(
        self, layers: LayerArguments, X: Array, y: Array, W: Array, sums: Numbers, *, block: int
    ) -> None:
        """X (N, D), y (N,): N examples with D features. block: the number of rows of a block.

        W (L, P): the P weights of each of L lanes. sums (2, L, blocks): receives the sum of the
        losses and the number of correct predictions of each block.
        """
        self.layers_kept, self.arrays = layers, (X, y, W, *sums)
        super().__init__(layers, *map(address, self.arrays), *X.shape[:1], len(W), block)


class NetworkKernel:
    """The compiled steps and evaluations of one kind of network under one rule.

    dtype: the number type.
    """

    def __init__(self, text: str, dtype: np.dtype[Any]) -> None:
        self._text, self.dtype = text, dtype

    @classmethod
    def of(cls, cohort: Cohort) -> NetworkKernel:
        """The kernel of a cohort. Raises NotCompilableError if its steps cannot be written in C."""
        network = cohort.model
        if not isinstance(network, Network):
            raise NotCompilableError("the model is not a network, so it has no network kernel")
        if network.batch_norm or network.residual or cohort.numbers.dropout.any():
            raise NotCompilableError(
                "network kernels do not support batch_norm, residual or dropout"
            )
        if cohort.batching.whole or isinstance(cohort.data.train.X, MappedRows):
            raise NotCompilableError("network kernels do not support full batches or rows on disk")
        if len(network.hidden) >= MOST_LAYERS:
            most = MOST_LAYERS - 1
            raise NotCompilableError(f"network kernels support at most {most} hidden layers")
        text = network_text(network.loss, network.activation, StepForm.of(cohort))
        return cls(text, cohort.dtype)

    @property
    def text(self) -> str:
        """The C text of the kernel."""
        return self._text

    def compile(self) -> None:
        """Compile the kernel. Raises NotCompilableError if that fails."""
        _ = self._library

    @cached_property
    def _library(self) -> ctypes.CDLL:
        return library(self._text)

    @cached_property
    def _prepare(self) -> Callable[..., int | None]:
        return kernel(self._library, "prepare_network", Pointer, Pointer, Whole)

    @cached_property
    def _release(self) -> Callable[..., None]:
        return kernel(self._library, "release_network", None, Pointer)

    @cached_property
    def _advance(self) -> Callable[..., int]:
        return kernel(self._library, "advance_network", Whole, Pointer, Pointer, Whole)

    @cached_property
    def _evaluate(self) -> Callable[..., int]:
        return kernel(self._library, "evaluate_network", Flag, Pointer, Whole, Whole)

    @contextmanager
    def workspace(self, arguments: NetworkArguments, lanes: int) -> Iterator[int]:
        """A context with the address of the buffers that the threads of a chunk share.

        The buffers are freed at the end of the context. lanes: the number of lanes.
        """
        found = self._prepare(byref(arguments), lanes)
        if found is None:
            raise MemoryError("not enough memory for the layers of a network")
        try:
            yield found
        finally:
            self._release(found)

    def advance(self, workspace: int, steps: Steps, thread: int) -> int:
        """Compute the part of the steps that belongs to one thread.

        workspace: the address that the context `workspace` gives, of buffers that all threads
        share. thread: the index of this thread, from 0. Returns the number of steps before the
        first one at which a lane diverges.
        """
        return int(self._advance(workspace, byref(steps), thread))

    def evaluate(self, given: EvaluationArguments, first: int, last: int) -> None:
        """Write the sums of some blocks of rows to the array `sums` of the arguments `given`.

        first, last: the index of the first block, and of the one after the last. Raises MemoryError
        if the buffers do not fit.
        """
        if not self._evaluate(byref(given), first, last):
            raise MemoryError("not enough memory for the layers of a network")
