"""The kernel of the steps of a plain network: its C text, and its compiled functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref
from functools import cached_property

from gdrun.array_types import Array, Counts, Numbers
from gdrun.engine.cohort import Cohort
from gdrun.engine.compiled.arguments import Pointer, Steps, Whole, address, kernel
from gdrun.engine.compiled.compiler import library
from gdrun.engine.compiled.units import StepForm, network_text
from gdrun.engine.contract import NotCompilableError
from gdrun.problems.network import Network
from gdrun.problems.rows import MappedRows

MOST_LAYERS = 64
"""The most layers for which network.c has memory."""


class NetworkArguments(ctypes.Structure):
    """The network and the batches of a chunk, as the C struct Network in network.c."""

    _fields_ = (
        ("X", Pointer),
        ("y", Pointer),
        ("orders", Pointer),
        ("extra", Pointer),
        ("starts", Pointer),
        ("widths", Pointer),
        ("begins", Pointer),
        ("before", Pointer),
        ("streams", Whole),
        ("places", Whole),
        ("layers", Whole),
        ("size", Whole),
        ("threads", Whole),
    )

    def __init__(
        self,
        X: Array,
        y: Array,
        orders: Counts,
        extra: Numbers,
        shape: tuple[Counts, Counts, Counts],
        before: Array,
        *,
        size: int,
        threads: int,
    ) -> None:
        """orders (S, places): the rows that each of S index streams uses, `size` for each step.

        shape: the first lane of each stream (S + 1,), the widths of the layers (layers + 1,), and
        the index of the first parameter of each layer (layers + 1,). before (L, P): receives W
        before the last step.
        """
        self.arrays = (X, y, orders, extra, *shape, before)
        counts = (*orders.shape, len(shape[1]) - 1, size, threads)
        super().__init__(*map(address, self.arrays), *counts)


class NetworkKernel:
    """The compiled steps of one kind of network under one rule."""

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, cohort: Cohort) -> NetworkKernel:
        """The kernel of a cohort. Raises NotCompilableError if it has none."""
        network = cohort.model
        if not isinstance(network, Network):
            raise NotCompilableError("the model is not a network")
        if network.batch_norm or network.residual or cohort.numbers.dropout.any():
            raise NotCompilableError("batch_norm, residual and dropout have no C form")
        if cohort.batching.whole or isinstance(cohort.data.train.X, MappedRows):
            raise NotCompilableError("full batches and rows on disk have no C form for networks")
        if len(network.hidden) >= MOST_LAYERS:
            raise NotCompilableError(f"the network has more than {MOST_LAYERS - 1} hidden layers")
        return cls(network_text(network.loss, network.activation, StepForm.of(cohort)))

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

    @contextmanager
    def workspace(self, arguments: NetworkArguments, lanes: int) -> Iterator[int]:
        """The address of the buffers that the threads of a chunk share; freed at the end."""
        found = self._prepare(byref(arguments), lanes)
        if found is None:
            raise MemoryError("no memory for the layers of a network")
        try:
            yield found
        finally:
            self._release(found)

    def advance(self, workspace: int, steps: Steps, thread: int) -> int:
        """Compute one thread's part of the steps. Returns how many steps stayed finite."""
        return int(self._advance(workspace, byref(steps), thread))
