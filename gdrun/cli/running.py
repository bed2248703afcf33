"""What all training commands share: options, signals, progress, and exit codes."""

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
"""The exit code if every run diverged."""

Out: TypeAlias = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="The directory for runs.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")]
Seeds: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="K",
        min=1,
        help="Run the experiment under K seeds: --seed, --seed + 1, …",
    ),
]
RUNS = Path("runs")
"""The default directory for runs."""


class Interruption:
    """The signal that interrupted a command, if a signal did.

    After the first SIGINT or SIGTERM, all runs in training write their files and end. A second
    signal raises KeyboardInterrupt at once.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> int:
        """The exit code after the signal: 128 + the number of the signal; 0 without a signal."""
        return 128 + self.signal if self.signal else 0

    def name(self) -> str | None:
        """The name of the signal for the user; None until there was a signal."""
        if self.signal == signal.SIGINT:
            return "Ctrl-C (SIGINT)"
        return self.signal.name if self.signal else None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A context in which this object handles SIGINT and SIGTERM."""
        earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in earlier:
                signal.signal(number, self._handle)
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def progress_listeners(quiet: bool) -> list[Listener]:
    """A list with a listener that shows the progress of training in one line on stderr.

    Empty if `quiet`, or if stderr is not a terminal.
    """
    if quiet or not sys.stderr.isatty():
        return []
    from gdrun.engine.listeners import Listener, Progress
    from gdrun.engine.outcome import Outcome
    from gdrun.views.progress import progress_line

    class ProgressLine(Listener):
        def __init__(self) -> None:
            self._start = self._shown = time.monotonic()

        def advanced(self, progress: Progress) -> None:
            now = time.monotonic()
            # Ten updates a second look smooth, and take no noticeable time.
            if now - self._shown >= 0.1:
                self._shown = now
                # A terminal may wrap a line that fills its last column.
                self._write(progress_line(progress, now - self._start, _width() - 1))

        def ended(self, lane: int, outcome: Outcome) -> None:
            self._write("")

        def _write(self, text: str) -> None:
            # Return to the start of the line, write over it, and erase the rest of the old text.
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()

    return [ProgressLine()]


def exit_code(runs: Sequence[Run], interruption: Interruption) -> int:
    """The exit code for these runs: 3 if all diverged, else 0.

    If a signal interrupted a run, it is 128 + the number of the signal.
    """
    if any(run.status == "interrupted" for run in runs):
        return interruption.exit_code
    return DIVERGED if all(run.status == "diverged" for run in runs) else 0


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
