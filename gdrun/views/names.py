"""Names in the cells of a table: a long one is broken after a sign, and not inside a word."""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

_PART = re.compile(r"[^\s._=,:/+-]*[\s._=,:/+-]+|[^\s._=,:/+-]+")
"""A word with the signs after it, such as `optimizer.`: a name may be broken after it."""


class Name:
    """A name such as contract=month-to-month, on as many lines as its width demands.

    The parts of a name end after a blank or one of the signs . _ = , : / + and -. Each line has as
    many whole parts as fit. Only a part that is wider than a line is broken inside.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        lines = self.text.splitlines() or [""]
        parts = (part for line in lines for part in _PART.findall(line))
        longest = max((cell_len(part.rstrip()) for part in parts), default=0)
        return Measurement(longest, max(map(cell_len, lines)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.splitlines():
            for row in broken(line, options.max_width):
                yield Text(row, no_wrap=True, overflow="fold")


def broken(text: str, width: int) -> list[str]:
    """The lines of a text that is broken after signs, with at most `width` cells each.

    >>> broken("stopping.early_stopping.metric=balanced_accuracy", 30)
    ['stopping.early_stopping.', 'metric=balanced_accuracy']
    >>> broken("payment_method=mailed check", 10)
    ['payment_', 'method=', 'mailed', 'check']
    """
    lines = [""]
    for part in _PART.findall(text):
        if lines[-1] and cell_len(lines[-1] + part.rstrip()) > width:
            lines.append("")
        if cell_len(part.rstrip()) > width:  # one part alone is wider than a line
            *full, part = chop_cells(part, width)
            lines[-1:] = [*full, ""]
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()] or [""]
