"""A view in several widths: the widest one that fits the terminal is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    columns, because a number that is cut off would look like another number. legends: what follows
    each view; a legend may be wrapped, so that it needs no width.
    """

    def __init__(self, *views: RenderableType, legends: Sequence[RenderableType] = ()) -> None:
        self._views = views
        self._legends = legends

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        free = options.update(max_width=UNBOUNDED)
        widths = (Measurement.get(console, free, view).maximum for view in self._views)
        fits = (at for at, width in enumerate(widths) if width <= options.max_width)
        chosen = next(fits, len(self._views) - 1)
        yield self._views[chosen]
        yield from self._legends[chosen : chosen + 1]


def fitting(
    table: Table,
    optional: Sequence[str],
    legend: Callable[[Table], RenderableType] | None = None,
) -> FirstThatFits:
    """The table, without as many of its optional columns as do not fit the terminal.

    optional: the headings of these columns; the first one is left out first. legend: what follows
    the table, for the columns that it has.
    """
    tables = [without(table, optional[:count]) for count in range(len(optional) + 1)]
    return FirstThatFits(*tables, legends=[legend(each) for each in tables] if legend else ())


def without(table: Table, headings: Sequence[str]) -> Table:
    """The table without the columns that have these headings."""
    narrow = copy(table)
    kept = (column for column in table.columns if column.header not in headings)
    # A column knows its place, on which its padding depends.
    narrow.columns = [replace(column, _index=place) for place, column in enumerate(kept)]
    return narrow


def headings(table: Table) -> list[str]:
    """The headings of a table, from left to right."""
    return [str(column.header) for column in table.columns]
