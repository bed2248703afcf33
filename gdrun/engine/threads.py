"""Threads: pools that live as long as the process, and how many a matrix product uses.

In a training each matrix product of BLAS uses one thread. The threads of OpenBLAS wait for each
other by spinning: on an idle machine a second one makes a product of 128 × 128 × 128 a quarter
faster, on a busy machine hundreds of times slower. Work that is worth several threads is divided
into blocks of rows instead, which threads of this module compute without waiting for each other.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "GDRUN_NUM_THREADS",
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
    """How many threads work at a time: GDRUN_NUM_THREADS, or the cores of this process."""
    given = os.environ.get("GDRUN_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def in_order(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """function(item) for each item, in their order, computed by several threads at a time.

    Few results wait at a time, so the memory that they need is bounded.
    """
    threads = thread_count()
    if threads == 1 or len(items) < 2 * threads:
        yield from map(function, items)
        return
    workers, waiting = pool("blocks", threads), deque[Future[Result]]()
    for item in items:
        if len(waiting) == 2 * threads:
            yield waiting.popleft().result()
        # NumPy's error state belongs to the context of the caller.
        waiting.append(workers.submit(copy_context().run, function, item))
    while waiting:
        yield waiting.popleft().result()


def single_blas_thread() -> AbstractContextManager[object]:
    """A context in which each matrix product of BLAS uses one thread."""
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
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
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # has none

    return ThreadpoolController()


@cache
def _blas_of_loops() -> Any:
    # Only libraries that are loaded can be limited, and Numba's products are those of SciPy's.
    import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401  # has no types
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
