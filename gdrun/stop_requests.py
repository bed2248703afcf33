"""Requests to stop, for waits that are outside the training loop, such as that for a compiler.

The training loop is handed its own function that tells whether to stop. A wait that is many calls
away from the command, and perhaps on another thread or in a worker process, uses this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CHECKS: list[Callable[[], bool]] = []


class Stopped(KeyboardInterrupt):
    """A wait that ended early, because a stop was requested."""


@contextmanager
def stopping_if(requested: Callable[[], bool]) -> Iterator[None]:
    """A context in which `stop_requested` also calls this function."""
    _CHECKS.append(requested)
    try:
        yield
    finally:
        _CHECKS.remove(requested)


def stop_requested() -> bool:
    """Whether a signal, or the parent process, has requested that this process stops."""
    return any(check() for check in _CHECKS)
