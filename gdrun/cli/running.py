"""What all commands that train share: their options, signals, the live line, the exit code."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from types import FrameType

    from gdrun.engine.listeners import Listener
    from gdrun.runs.run import Run

DIVERGED = 3

Out: TypeAlias = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Where runs are written.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")]
Seeds: TypeAlias = Annotated[
    int | None,
    typer.Option("--seeds", metavar="K", min=1, help="Run K seeds side by side, from --seed up."),
]
RUNS = Path("runs")


class Interruption:
    """The first SIGINT or SIGTERM lets the run end with its state written; a second SIGINT does not
    wait for that.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> int:
        return 128 + self.signal if self.signal else 0

    def name(self) -> str | None:
        """The signal that asked to stop, if one did."""
        return self.signal.name if self.signal else None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for signals within the block."""
        earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in earlier:
                signal.signal(number, self._note)
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def live_line(quiet: bool) -> list[Listener]:
    """A listener that keeps one line on stderr up to date; none where nobody looks at it."""
    if quiet or not sys.stderr.isatty():
        return []
    from gdrun.engine.listeners import Listener, Progress
    from gdrun.engine.outcome import Outcome
    from gdrun.views.progress import progress_line

    class LiveLine(Listener):
        def __init__(self) -> None:
            self._begin = self._shown = time.monotonic()

        def advanced(self, progress: Progress) -> None:
            now = time.monotonic()
            if now - self._shown >= 0.1:
                self._shown = now
                self._write(progress_line(progress, now - self._begin, _width() - 1))

        def ended(self, lane: int, outcome: Outcome) -> None:
            self._write("")

        def _write(self, text: str) -> None:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()

    return [LiveLine()]


def exit_code(runs: Sequence[Run], interruption: Interruption) -> int:
    """0, 3 where every run diverged, or what the shell expects after a signal."""
    if any(run.status == "interrupted" for run in runs):
        return interruption.exit_code
    return DIVERGED if all(run.status == "diverged" for run in runs) else 0


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
