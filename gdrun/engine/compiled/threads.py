"""Threads for the compiled loops, which hold no interpreter lock: one for each core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from gdrun.engine.threads import pool

Result = TypeVar("Result")


@cache
def thread_count() -> int:
    """How many threads are worth having: NUMBA_NUM_THREADS, or the cores this process may use."""
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


@cache
def _blas() -> Any:
    # Only libraries that are loaded can be set, and Numba's products are those of SciPy's.
    import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401  # has no types
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # has none

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which each matrix product keeps to the thread that asks for it.

    The loops share the cores out themselves. For a tenth of a second after a product of theirs, the
    threads of BLAS go round in circles waiting for the next one, on the very cores.
    """
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limited
