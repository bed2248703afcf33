"""The arguments of the C kernels: arrays as pointers, grouped as the structs in sums.h and steps.h.

A C struct holds only addresses of arrays, so each Python object also keeps references to the arrays
themselves; otherwise Python could free their memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from gdrun.array_types import Array, Integers, Numbers

Pointer = ctypes.c_void_p
Whole = ctypes.c_int64
Number = ctypes.c_double
Flag = ctypes.c_int


def address(array: Array | None) -> int | None:
    """Return the memory address of a contiguous array; for None return None, which is NULL in C."""
    if array is None:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data


class Examples(ctypes.Structure):
    """N examples with D features, as a C struct: X (N, D), y (N,), and the order of the rows."""

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
        self, X: Array, y: Array, order: Integers | None, extra: Numbers, outputs: int, block: int
    ) -> None:
        """Make the struct.

        order: the row numbers in the order of use; None means all rows in order. extra: the option
        values of the loss. outputs: the number of scores of an example. block: the number of rows
        that a kernel computes at once.
        """
        self.arrays = (X, y, order, extra)
        places = len(X) if order is None else len(order)
        pointers = map(address, self.arrays)
        super().__init__(*pointers, len(X), places, X.shape[1], outputs, block)


class Steps(ctypes.Structure):
    """The arrays that a chunk of steps reads and writes, as a C struct, for L lanes (runs)."""

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
        """Make the struct for L lanes with P parameters and K slots (arrays of a rule's state).

        The kernel overwrites W (L, P) and slots (L, K, P), may overwrite options, and fills
        measures. options (L, n): the options of the rule, the learning rate first. decay (L, P):
        the l2 of each parameter. bounds (L, 2): the limits of the gradient's norm and of its
        entries. limit (L,): the loss above which a lane has diverged. rates, betas (steps, L): the
        learning rate and the momentum of each step; betas is None if the momentum is constant.
        measures (5, steps, L): the loss, the norms of the gradient, the update and the weights, and
        whether the gradient was clipped. before: the number of steps before this chunk. cycled: the
        column of options with the momentum, which betas replace; −1 for a rule without momentum.
        """
        self.arrays = (W, slots, options, decay, bounds, limit, rates, betas, measures)
        super().__init__(*map(address, self.arrays), before, len(rates), *W.shape, cycled)


def kernel(library: ctypes.CDLL, name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    """Return the function `name` of a library, with the types of its result and parameters set."""
    function: Any = getattr(library, name)
    function.restype, function.argtypes = result, parameters
    found: Callable[..., Any] = function
    return found
