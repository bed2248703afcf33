"""Threads of the matrix products: few for small ones, and shared out between processes.

The products of a mini-batch are small: a second thread gains little on a machine that is otherwise
idle, and costs tenfold on one that is not, where the threads wait for each other by spinning.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def blas_threads(count: int) -> AbstractContextManager[object]:
    """Products use so many threads within; where threadpoolctl is missing, as many as before."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(count, user_api="blas")
    return limits


@contextmanager
def for_new_processes(count: int) -> Iterator[None]:
    """Processes that are started within have so many threads each."""
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
