"""Requests to stop a wait outside the training loop, such as the wait for a compiler.

The training loop gets a function that returns whether to stop. Other code that waits may be many
calls away from the command, on another thread or in a worker process. Such code calls
`stop_requested`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CHECKS: list[Callable[[], bool]] = []


class Stopped(KeyboardInterrupt):
    """A wait that ended early, because a stop was requested."""


@contextmanager
def stopping_if(requested: Callable[[], bool]) -> Iterator[None]:
    """A context in which `stop_requested` also calls `requested`, which returns whether to stop."""
    _CHECKS.append(requested)
    try:
        yield
    finally:
        _CHECKS.remove(requested)


def stop_requested() -> bool:
    """Whether a signal, or the parent process, has requested this process to stop."""
    return any(check() for check in _CHECKS)
