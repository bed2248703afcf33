"""Threads: pools that exist until the process ends, and limits on the threads of matrix products.

In training, each matrix product of BLAS uses one thread. The threads of OpenBLAS use their cores
while they wait for each other (they spin): a second thread makes a product of 128 × 128 × 128 a
quarter faster on an idle machine, and hundreds of times slower on a busy machine. So work that is
large enough for several threads is divided into blocks of rows, which the threads of this module
compute independently.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    "GDRUN_NUM_THREADS",
)
"""The environment variables from which gdrun and its libraries read the number of threads."""


@cache
def pool(name: str, threads: int = 1) -> ThreadPoolExecutor:
    """The thread pool of this name, with at most `threads` threads.

    The first call makes the pool; calls with the same arguments return it. The pool starts threads
    when they are needed.
    """
    return ThreadPoolExecutor(threads, thread_name_prefix=f"gdrun-{name}")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads do not survive a fork


@cache
def thread_count() -> int:
    """The number of threads for computations.

    This is the value of the environment variable GDRUN_NUM_THREADS, or else the number of cores
    that this process may use.
    """
    given = os.environ.get("GDRUN_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):  # Linux: a process may be restricted to some cores
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(length: int, parts: int) -> list[tuple[int, int]]:
    """Split range(length) into at most `parts` ranges of nearly equal length, as (start, end)."""
    parts = max(min(parts, length), 1)
    bounds = [length * k // parts for k in range(parts + 1)]
    return list(pairwise(bounds))


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run all tasks, several at a time, also on the calling thread.

    Each thread takes the next task when it has finished one. Returns the results in the order of
    the tasks.
    """
    others = thread_count() - 1
    if len(tasks) == 1 or others == 0:
        return [task() for task in tasks]
    results: dict[int, Result] = {}
    left = iter(enumerate(tasks))

    def work() -> None:
        for place, task in left:
            results[place] = task()

    workers = pool("loops", others)
    waiting = [workers.submit(work) for _ in range(min(others, len(tasks) - 1))]
    work()
    for future in waiting:
        if not future.cancel():  # a thread that has not started would find no task
            future.result()
    return [results[place] for place in range(len(tasks))]


def in_order(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield function(item) for each item, in the order of the items.

    Several threads compute results at the same time. At most two results for each thread are
    computed in advance, so that memory is bounded.
    """
    threads = thread_count()
    if threads == 1 or len(items) < 2 * threads:
        yield from map(function, items)
        return
    workers, waiting = pool("blocks", threads), deque[Future[Result]]()
    for item in items:
        if len(waiting) == 2 * threads:
            yield waiting.popleft().result()
        # The context contains the caller's np.errstate, which a thread does not inherit.
        waiting.append(workers.submit(copy_context().run, function, item))
    while waiting:
        yield waiting.popleft().result()


def one_behind(function: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Call function(item) for each item, in order, on a second thread.

    The calling thread takes the next item from `items` while the second thread runs the function.
    If the function or `items` raises an error, it is raised here, after the last call has ended.
    """
    last: Future[object] | None = None
    try:
        for item in items:
            if last is not None:
                last.result()
            last = pool("behind").submit(copy_context().run, function, item)
    finally:
        if last is not None:
            last.result()


def single_blas_thread() -> AbstractContextManager[object]:
    """A context in which each matrix product of BLAS uses one thread."""
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limited


@contextmanager
def threads_of_new_processes(count: int) -> Iterator[None]:
    """A context in which each new process will use `count` threads for its computations."""
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


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # has none

    return ThreadpoolController()
