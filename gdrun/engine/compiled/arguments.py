"""The arguments of the C kernels: arrays as pointers, grouped as the structs in sums.h and steps.h.

A C struct holds addresses only, so each Python object also keeps a reference to its arrays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from gdrun.array_types import Array, Counts, Numbers

Pointer = ctypes.c_void_p
Whole = ctypes.c_int64
Number = ctypes.c_double
Flag = ctypes.c_int


def address(array: Array | None) -> int | None:
    """The memory address of a contiguous array; None, which C reads as NULL, without an array."""
    if array is None:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data


class Examples(ctypes.Structure):
    """The examples that a kernel works on: X (N, D), y (N,), and the order of their use."""

    _fields_ = (
        ("X", Pointer),
        ("y", Pointer),
        ("order", Pointer),
        ("extra", Pointer),
        ("rows", Whole),
        ("places", Whole),
        ("columns", Whole),
        ("outputs", Whole),
        ("block", Whole),
    )

    def __init__(
        self, X: Array, y: Array, order: Counts | None, extra: Numbers, outputs: int, block: int
    ) -> None:
        """order: the indices of the rows to use, in order; None for all. extra: loss options."""
        self.arrays = (X, y, order, extra)
        places = len(X) if order is None else len(order)
        pointers = map(address, self.arrays)
        super().__init__(*pointers, len(X), places, X.shape[1], outputs, block)


class Steps(ctypes.Structure):
    """The arrays that the steps of a chunk read and write, for L lanes of P parameters."""

    _fields_ = (
        ("W", Pointer),
        ("slots", Pointer),
        ("options", Pointer),
        ("decay", Pointer),
        ("bounds", Pointer),
        ("limit", Pointer),
        ("rates", Pointer),
        ("betas", Pointer),
        ("measures", Pointer),
        ("before", Number),
        ("steps", Whole),
        ("lanes", Whole),
        ("parameters", Whole),
        ("cycled", Whole),
    )

    def __init__(
        self,
        W: Array,
        slots: Array,
        options: Numbers,
        decay: Array,
        bounds: Numbers,
        limit: Numbers,
        rates: Numbers,
        betas: Numbers | None,
        measures: Numbers,
        *,
        before: float,
        cycled: int,
    ) -> None:
        """The kernel overwrites W (L, P) and slots (L, K, P), and fills measures (5, steps, L).

        options (L, n), decay (L, P), bounds (L, 2), limit (L,), rates and betas (steps, L): see
        steps.h. before: the number of earlier steps. cycled: the index of the option that betas
        replace.
        """
        self.arrays = (W, slots, options, decay, bounds, limit, rates, betas, measures)
        super().__init__(*map(address, self.arrays), before, len(rates), *W.shape, cycled)


def kernel(library: ctypes.CDLL, name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    """The function of a library, with the types of its result and parameters."""
    function: Any = getattr(library, name)
    function.restype, function.argtypes = result, parameters
    found: Callable[..., Any] = function
    return found
