"""Threads: pools that live as long as the process, and those of a network's matrix products.

Products that are small keep to one thread. A second one makes a product of 128 × 128 × 128 a
quarter faster on an idle machine, and hundreds of times slower on a busy one, where the threads
wait for each other by spinning.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any


@cache
def pool(name: str, threads: int = 1) -> ThreadPoolExecutor:
    """The pool of that name, whose threads are started as they are needed."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"gdrun-{name}")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads do not survive a fork

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
