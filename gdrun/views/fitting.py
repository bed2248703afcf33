"""A view in several widths: the widest one that fits the terminal is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

USUAL_WIDTH = 80
"""The width of a terminal, in characters, for which tables are made."""

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
        chosen = self._place(console, options)
        yield self._views[chosen]
        yield from left_out_line(console, self._views[0], self._views[chosen])
        yield from self._legends[chosen : chosen + 1]

    def chosen(self, console: Console, options: ConsoleOptions) -> RenderableType:
        """The view that is shown on this console."""
        return self._views[self._place(console, options)]

    def _place(self, console: Console, options: ConsoleOptions) -> int:
        places = (at for at, view in enumerate(self._views) if fits(view, console, options))
        return next(places, len(self._views) - 1)


class FittingTable:
    """A table with as many of its optional columns as fit the terminal.

    It is made by the function `fitting`, which defines the arguments.
    """

    def __init__(
        self,
        table: Table,
        optional: Sequence[tuple[str, ...]],
        legend: Callable[[Table], RenderableType] | None,
        last: Table | None,
    ) -> None:
        self._table = table
        self._optional = optional
        self._legend = legend
        self._last = last

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        chosen = self.chosen(console, options)
        yield chosen
        yield from left_out_line(console, self._table, chosen)
        if self._legend is not None:
            yield self._legend(chosen)

    def chosen(self, console: Console, options: ConsoleOptions) -> Table:
        """The table that is shown on this console."""
        if fits(self._table, console, options):
            return self._table
        lacking = [*self._optional]
        chosen = without(self._table, sum(lacking, ()))
        if self._last is not None and not fits(chosen, console, options):
            return self._last
        for group in reversed(self._optional):
            others = [each for each in lacking if each != group]
            wider = without(self._table, sum(others, ()))
            if fits(wider, console, options):
                chosen, lacking = wider, others
        return chosen


def fits(view: RenderableType, console: Console, options: ConsoleOptions) -> bool:
    """Whether a view is not wider than the terminal."""
    free = options.update(max_width=UNBOUNDED)
    return Measurement.get(console, free, view).maximum <= options.max_width


def left_out_line(
    console: Console, widest: RenderableType, shown: RenderableType
) -> list[RenderableType]:
    """A line with the columns of the widest table that the shown one lacks; empty without any.

    Tables are made for USUAL_WIDTH, where notes replace the columns that are left out. So only a
    narrower terminal has this line.
    """
    if console.width >= USUAL_WIDTH or not (isinstance(widest, Table) and isinstance(shown, Table)):
        return []
    lacking = [name for name in headings(widest) if name and name not in headings(shown)]
    renamed = set(headings(shown)) - set(headings(widest))
    return [no_room(lacking)] if lacking and not renamed else []


def no_room(lacking: Sequence[str]) -> Text:
    """The line on the columns that a table lacks, by their headings."""
    columns = "column" if len(lacking) == 1 else "columns"
    return Text(f"no room for the {columns} {', '.join(lacking)}", style="dim")


class Explained:
    """Views, and below them notes, as a grid of labels and texts.

    notes: (label, text) each. A label that is in `columns` is the heading of a column that a narrow
    terminal may leave out; its note is shown only with the column. instead: notes that replace a
    column; such a note is shown only without the column that its label names.
    """

    def __init__(
        self,
        views: Sequence[RenderableType],
        notes: Sequence[tuple[str, str]],
        columns: Collection[str],
        instead: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._views = views
        self._notes = notes
        self._columns = columns
        self._instead = instead

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown: set[str] = set()
        for view in self._views:
            yield view
            table = view
            if isinstance(view, FirstThatFits | FittingTable):
                table = view.chosen(console, options)
            shown |= set(headings(table) if isinstance(table, Table) else ())
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column()
        for label, text in self._instead:
            if label not in shown:
                grid.add_row(label, text)
        for label, text in self._notes:
            if label in shown or label not in self._columns:
                grid.add_row(label, text)
        yield grid


def fitting(
    table: Table,
    optional: Sequence[str | tuple[str, ...]],
    legend: Callable[[Table], RenderableType] | None = None,
    *,
    last: Table | None = None,
) -> FittingTable:
    """The table; if it does not fit the terminal, some of its optional columns are left out.

    optional: the headings of these columns, the least important one first. Columns in a tuple are
    left out together. Columns are added from the most important one; a column that is too wide is
    skipped, and narrower ones after it may still be added. legend: a function of the table that is
    shown, which returns what follows the table. last: a table that is shown instead if `table` is
    too wide even without all optional columns.
    """
    groups = [(each,) if isinstance(each, str) else each for each in optional]
    return FittingTable(table, groups, legend, last)


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
