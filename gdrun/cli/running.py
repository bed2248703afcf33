"""What all training commands share: options, progress, and exit codes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.runs.signals import Interruption

if TYPE_CHECKING:
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
Watch: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Show live curves during training; the key q closes them, and training continues.",
    ),
]
RUNS = Path("runs")
"""The default directory for runs."""


def beside_last(directory: Path) -> list[str]:
    """A line that the word `last` names another run or study than this one.

    Empty if this one is in the default directory, or if there are no others.

    >>> beside_last(Path("runs/20261128-101500-iris-1f2e"))
    []
    """
    if directory.parent.resolve() == RUNS.resolve() or not RUNS.is_dir():
        return []
    others = any(RUNS.iterdir())
    return [f"(the word last names the newest in {RUNS}, not this one)"] if others else []


def progress_listeners(quiet: bool, before: Callable[[], str] = str) -> list[Listener]:
    """A list with a listener that shows the progress of training in one line on stderr.

    before: a function that returns the beginning of the line. The list is empty if `quiet` is true,
    or if stderr is not a terminal.
    """
    if quiet or not sys.stderr.isatty():
        return []
    from gdrun.engine.listeners import Listener, Progress
    from gdrun.engine.outcome import Outcome
    from gdrun.views.progress import Beginning, progress_line

    class ProgressLine(Listener):
        def __init__(self) -> None:
            self._shown = time.monotonic()
            self._beginning = Beginning(self._shown)

        def started(self, progress: Progress) -> None:
            self._beginning = Beginning(time.monotonic(), progress.state.step)

        def advanced(self, progress: Progress) -> None:
            now = time.monotonic()
            # Ten updates a second look smooth, and take no noticeable time.
            if now - self._shown >= 0.1:
                self._shown = now
                # A terminal may wrap a line that fills its last column.
                start = before()
                width = _width() - 1 - len(start)
                self._write(start + progress_line(progress, self._beginning, now, width))

        def ended(self, lane: int, outcome: Outcome) -> None:
            self._write("")

        def _write(self, text: str) -> None:
            # Return to the start of the line, write over it, and erase the rest of the old text.
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()

    return [ProgressLine()]


def exit_code(runs: Sequence[Run], interruption: Interruption) -> int:
    """The exit code for these runs: 3 if all diverged, else 0.

    If a signal interrupted a run, the exit code is 128 + the number of the signal.
    """
    if any(run.status == "interrupted" for run in runs):
        return interruption.exit_code
    return DIVERGED if all(run.status == "diverged" for run in runs) else 0


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
