"""A view in several widths: the widest one that fits the terminal is shown."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement

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
