"""The output of the command line: results on stdout, errors and progress on stderr.

The library rich chooses colours and the width. It writes no colours if NO_COLOR is set or the
output is not a terminal. The width is COLUMNS, or else that of the terminal, or else 80.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

WIDTH = 80
"""The width of a console whose width is not known."""


def stdout() -> Console:
    """The console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """The console for errors and progress."""
    return _console(stderr=True)


def show(*views: RenderableType) -> None:
    """Print views on stdout. If stdout is not a terminal, lines have no trailing spaces."""
    screen = stdout()
    if screen.is_terminal:
        _print(screen, views)
        return
    with screen.capture() as captured:
        _print(screen, views)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _print(screen: Console, views: Iterable[RenderableType]) -> None:
    """Print each view. A Text with no_wrap is not wrapped, so that a user can copy it."""
    from rich.text import Text

    for view in views:
        screen.print(view, soft_wrap=isinstance(view, Text) and bool(view.no_wrap))


def unwrapped(text: str) -> Text:
    """The text as a line that is not wrapped, so that a user can copy it."""
    from rich.text import Text

    return Text(text, no_wrap=True)


def print_json(document: Any) -> None:
    """Print one document as strict JSON on stdout. Numbers that are not finite become null."""
    from gdrun.runs.strict_json import dumps

    sys.stdout.write(f"{dumps(document, indent=2)}\n")


def replace_unencodable() -> None:
    """Make stdout and stderr write ASCII for characters that their encoding cannot represent."""
    from gdrun.cli.plain_characters import HANDLER

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def open_closed_streams() -> None:
    """Open the null device in place of each standard stream that the caller has closed.

    Otherwise the next file to be opened, such as the trace of a run, would get the number of the
    stream, and output would be written to this file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def discard(stream: TextIO) -> None:
    """Send all further output of a stream that cannot be written to the null device.

    Python writes what is left in the stream at exit; if that failed, the exit code would be lost.
    """
    with suppress(OSError, ValueError):  # a stream in a test has no number
        number = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


def _console(*, stderr: bool) -> Console:
    screen = _console_type()(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not screen.width:  # COLUMNS=0, or a terminal that does not know its size
        screen.width = WIDTH
    return screen


@cache
def _console_type() -> type[Console]:
    from rich.console import Console
    from rich.segment import Segment

    from gdrun.errors import printable

    class QuietConsole(Console):
        """A console that raises BrokenPipeError for a closed pipe, which `main` handles.

        Rich would end the process. Control characters in a text, which may come from a data file,
        are escaped. Control characters that Rich adds itself, such as those of colours, are kept.
        """

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control or segment.text.isprintable():
                    yield segment
                else:
                    yield Segment(printable(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            # Rich calls this while it handles BrokenPipeError; `raise` raises that error again.
            raise

    return QuietConsole
