"""A view in several widths: the widest one that fits the terminal is shown."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table

UNBOUNDED = 10_000
"""A width, in characters, that is larger than any view needs: it is used to measure the width that
a view has when nothing limits it.
"""


class FirstThatFits:
    """The first of several views that is not wider than the terminal, or else the last of them.

    views: the same content, from the widest view to the narrowest. Narrow tables leave out whole
    columns, because a number that is cut off would look like another number.
    """

    def __init__(self, *views: RenderableType) -> None:
        self._views = views

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        free = options.update(max_width=UNBOUNDED)
        for view in self._views[:-1]:
            if Measurement.get(console, free, view).maximum <= options.max_width:
                yield view
                return
        yield self._views[-1]


def fitting(table: Table, optional: Sequence[str]) -> FirstThatFits:
    """The table, without as many of its optional columns as do not fit the terminal.

    optional: the headings of these columns; the first one is left out first.
    """
    counts = range(len(optional) + 1)
    return FirstThatFits(*(_without(table, optional[:count]) for count in counts))


def _without(table: Table, headings: Sequence[str]) -> Table:
    """The table without the columns that have these headings."""
    narrow = copy(table)
    kept = (column for column in table.columns if column.header not in headings)
    # A column knows its place, on which its padding depends.
    narrow.columns = [replace(column, _index=place) for place, column in enumerate(kept)]
    return narrow
