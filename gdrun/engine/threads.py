"""Threads of a network's matrix products: one where the products are small.

A second thread makes a product of 128 × 128 × 128 a quarter faster on an idle machine, and hundreds
of times slower on a busy one, where the threads wait for each other by spinning.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

SMALL = 2**23
"""Multiplications of one product, up to which threads gain less than they may cost."""


def threads_for(multiplications: int) -> AbstractContextManager[object]:
    """A context for products of this size; without threadpoolctl it changes nothing."""
    if multiplications > SMALL or (blas := _blas()) is None:
        return nullcontext()
    limited: AbstractContextManager[object] = blas.limit(limits=1, user_api="blas")
    return limited


@cache
def _blas() -> Any:
    try:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # has none
    except ImportError:
        return None
    return ThreadpoolController()
