"""What the command line writes on: stdout for results, stderr for errors and progress.

Colour and width are rich's affair: it leaves colour out where NO_COLOR is set or nobody looks at a
terminal, and takes the width from COLUMNS, the terminal, or else 80.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Mapping
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
        screen.print(*views, sep="\n")
        return
    with screen.capture() as captured:
        screen.print(*views, sep="\n")
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_json(document: Any) -> None:
    """Write one JSON document on stdout, with null for a number that is not finite."""
    text = json.dumps(strict(document), ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write(f"{text}\n")


def strict(value: Any) -> Any:
    """The value in the terms of JSON: null for a non-finite number, lists for arrays.

    >>> strict({"loss": float("nan"), "hidden": (64, 32)})
    {'loss': None, 'hidden': [64, 32]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): strict(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [strict(item) for item in value]
    return value


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
