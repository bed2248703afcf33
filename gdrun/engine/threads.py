"""Threads: pools that live as long as the process, and how many a matrix product uses.

Products that are small keep to one thread. A second one makes a product of 128 × 128 × 128 a
quarter faster on an idle machine, and hundreds of times slower on a busy one, where the threads
wait for each other by spinning.
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
"""Multiplications of one product, up to which threads gain less than they may cost."""

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""What libraries read, when they load, for the number of their threads."""


@cache
def pool(name: str, threads: int = 1) -> ThreadPoolExecutor:
    """The pool of that name, whose threads are started as they are needed."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"gdrun-{name}")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads do not survive a fork


@cache
def thread_count() -> int:
    """How many threads compiled loops use: NUMBA_NUM_THREADS, or the cores of this process."""
    import numba

    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set on import


def shares(length: int, parts: int) -> list[tuple[int, int]]:
    """`length` things cut into at most `parts` runs of nearly equal length, as (first, last)."""
    parts = max(min(parts, length), 1)
    bounds = [length * k // parts for k in range(parts + 1)]
    return list(pairwise(bounds))


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results of all tasks, run at once; the first runs on the calling thread."""
    workers = pool("loops", max(thread_count() - 1, 1))
    waiting = [workers.submit(task) for task in tasks[1:]]
    return [tasks[0](), *(future.result() for future in waiting)]


def threads_for(multiplications: int) -> AbstractContextManager[object]:
    """A context for one product of this size: one thread where it is small."""
    return nullcontext() if multiplications > SMALL else blas_threads(1)


def blas_threads(count: int) -> AbstractContextManager[object]:
    """A context in which a product uses so many threads; without threadpoolctl it does nothing."""
    if (blas := _blas()) is None:
        return nullcontext()
    limited: AbstractContextManager[object] = blas.limit(limits=count, user_api="blas")
    return limited


@contextmanager
def threads_of_new_processes(count: int) -> Iterator[None]:
    """Processes that are started in this context have so many threads each."""
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
    """A context in which each matrix product of the compiled loops uses only its own thread.

    The loops divide the work between the cores themselves. For a tenth of a second after a product,
    the threads of BLAS spin on these cores while they wait for the next one.
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
    # Only libraries that are loaded can be limited, and Numba's products are those of SciPy's.
    import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401  # has no types
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
