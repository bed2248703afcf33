"""`--watch`: a live view of a training in the terminal, which a key leaves."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gdrun.engine.listeners import Listener, Progress
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from rich.live import Live

LEAVE = "q"
REDRAW = 0.2
"""The seconds between two drawings; five a second look alive and take little time."""


def require_terminal() -> None:
    """Raise GdrunError if stdin or stderr is no terminal, which the live view needs."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "leave --watch out; `gdrun plot last` draws the curves of a run that has ended"
        raise GdrunError("needs a terminal", where="--watch", hint=hint)


class Dashboard(Listener):
    """Draws the live view until the key LEAVE is pressed or the training ends.

    after: the listeners that show the progress when the view was left.
    """

    def __init__(self, after: list[Listener]) -> None:
        self._after = after
        self._left = threading.Event()
        self._start = time.monotonic()
        self._drawn = 0.0
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A context in which the view is on the screen and the key is read."""
        from rich.live import Live

        from gdrun.cli import console

        with _single_keys(self._pressed):
            # Drawings that are taller than the screen must not scroll, and none is left at the end.
            self._live = Live(
                console=console.stderr(),
                auto_refresh=False,
                transient=True,
                vertical_overflow="crop",
            )
            with self._live:
                yield

    def advanced(self, progress: Progress) -> None:
        if self._left.is_set():
            self._stop()
            for listener in self._after:
                listener.advanced(progress)
            return
        now = time.monotonic()
        if self._live is not None and now - self._drawn >= REDRAW:
            from gdrun.views.dashboard import dashboard

            self._drawn = now
            width = self._live.console.width
            self._live.update(dashboard(progress, now - self._start, width - 1), refresh=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _pressed(self, key: str) -> None:
        if key.lower() == LEAVE:
            self._left.set()


@contextmanager
def _single_keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """A context in which a thread calls `pressed` for each key, without waiting for Enter.

    The terminal does not show the keys. Where the system has no termios, as on Windows, no key is
    read.
    """
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(OSError, ValueError):
                if select.select([file], [], [], 0.1)[0]:
                    pressed(os.read(file, 1).decode(errors="replace"))

    reader = threading.Thread(target=read, name="gdrun-keys", daemon=True)
    try:
        tty.setcbreak(file)
        reader.start()
        yield
    finally:
        ended.set()
        reader.join()
        termios.tcsetattr(file, termios.TCSADRAIN, before)
