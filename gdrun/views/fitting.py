"""Views of which a narrow terminal gets a smaller one."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement

UNBOUNDED = 10_000


class Fitting:
    """The first of several views that fits the width there is, or else the last.

    A column that is left out says less than one that is cut off says wrong.
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
