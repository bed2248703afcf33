"""What the command line writes on: stdout for results, stderr for errors and progress.

Colour and width are rich's affair: it leaves colour out where NO_COLOR is set or nobody looks at a
terminal, and takes the width from COLUMNS, the terminal, or else 80.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def stdout() -> Console:
    """The console that results go to."""
    return _console_type()(highlight=False, markup=False, emoji=False)


def stderr() -> Console:
    """The console that errors and progress go to."""
    return _console_type()(stderr=True, highlight=False, markup=False, emoji=False)


def show(*views: RenderableType) -> None:
    """Print views on stdout; away from a terminal, without the blanks that fill up their lines."""
    screen = stdout()
    if screen.is_terminal:
        _print(screen, views)
        return
    with screen.capture() as captured:
        _print(screen, views)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _print(screen: Console, views: Iterable[RenderableType]) -> None:
    """Print each view; a text that says so is not broken, such as a place to be copied."""
    from rich.text import Text

    for view in views:
        screen.print(view, soft_wrap=isinstance(view, Text) and bool(view.no_wrap))


def print_json(document: Any) -> None:
    """Write one strict JSON document on stdout."""
    from gdrun.runs.strict_json import dumps

    sys.stdout.write(f"{dumps(document, indent=2)}\n")


def forgive_encoding() -> None:
    """Write a question mark where the terminal's encoding lacks a sign, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@cache
def _console_type() -> type[Console]:
    from rich.console import Console

    class QuietConsole(Console):
        """A console that hands a closed pipe to the boundary instead of ending the program."""

        def on_broken_pipe(self) -> None:
            raise

    return QuietConsole
