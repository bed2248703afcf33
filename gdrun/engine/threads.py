"""Threads: pools that last as long as the process, and limits on the threads of matrix products.

Small products use one thread. A second thread makes a product of 128 × 128 × 128 a quarter faster
on an idle machine. On a busy machine it makes it hundreds of times slower, because the threads spin
while they wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

Result = TypeVar("Result")

SMALL = 2**23
"""A product with at most this many multiplications is small, and uses one thread."""

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""The environment variables from which libraries read their number of threads when they load."""


@cache
def pool(name: str, threads: int = 1) -> ThreadPoolExecutor:
    """The pool of this name, which starts its threads when they are needed."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"gdrun-{name}")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads do not survive a fork


@cache
def thread_count() -> int:
    """The threads that compiled loops use: NUMBA_NUM_THREADS, or the cores of this process."""
    import numba

    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set on import


def shares(length: int, parts: int) -> list[tuple[int, int]]:
    """Split range(length) into at most `parts` ranges of nearly equal length, as (start, end)."""
    parts = max(min(parts, length), 1)
    bounds = [length * k // parts for k in range(parts + 1)]
    return list(pairwise(bounds))


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run all tasks in parallel, the first one on the calling thread. Returns their results."""
    workers = pool("loops", max(thread_count() - 1, 1))
    waiting = [workers.submit(task) for task in tasks[1:]]
    return [tasks[0](), *(future.result() for future in waiting)]


def threads_for(multiplications: int) -> AbstractContextManager[object]:
    """A context that limits a product of this size to one thread if it is small."""
    return nullcontext() if multiplications > SMALL else blas_threads(1)


def blas_threads(count: int) -> AbstractContextManager[object]:
    """A context in which products use `count` threads. Without threadpoolctl it does nothing."""
    if (blas := _blas()) is None:
        return nullcontext()
    limited: AbstractContextManager[object] = blas.limit(limits=count, user_api="blas")
    return limited


@contextmanager
def threads_of_new_processes(count: int) -> Iterator[None]:
    """A context in which new processes are started with `count` threads each."""
    earlier = {name: os.environ.get(name) for name in VARIABLES}
    os.environ |= dict.fromkeys(VARIABLES, str(count))
    try:
        yield
    finally:
        for name, value in earlier.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which the matrix products of compiled loops use only the calling thread.

    The loops use all cores themselves. After a product, threads of BLAS would spin on these cores
    for a tenth of a second, waiting for the next one.
    """
    limited: AbstractContextManager[object] = _blas_of_loops().limit(limits=1, user_api="blas")
    return limited


@cache
def _blas() -> Any:
    try:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # has none
    except ImportError:
        return None
    return ThreadpoolController()


@cache
def _blas_of_loops() -> Any:
    # Only loaded libraries can be limited. Numba uses the BLAS of SciPy, so load it first.
    import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401  # has no types
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
