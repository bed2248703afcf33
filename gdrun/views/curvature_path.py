"""The view of the curvature along a run, and the same as a dict for JSON."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.curvature_path import CurvaturePath, PathPoint
from gdrun.views.fitting import fitting, headings, without
from gdrun.views.numbers import count, quantity
from gdrun.views.theory import plain_table

KINDS = {
    "minimum": "at a minimum: f can hardly fall any further near it",
    "saddle": "at a saddle: f can hardly fall along its gradient, but λmin is clearly below 0",
    "plateau": "on a plateau: neither the gradient nor the curvature changes f noticeably",
    "slope": "on a slope: f can still fall along its gradient",
}
"""The kinds of points as text."""

OPTIONAL = ("f", "position", "λmin")
"""The columns that a narrow terminal leaves out; the first one is left out first."""

LEGEND = {
    "limit": "the curvature above which the rate is unstable, 2/α or with momentum 2(1+β)/α",
    "position": "where the last step ends on the parabola of f along this step: 0 is the lowest "
    "point, below 0 is before it, above 1 is higher than the step began",
}
"""The meaning of headings of the table."""


def curvature_path_view(path: CurvaturePath) -> RenderableType:
    """A table of the curvature at some points of the path of a run, and the kind of the last point.

    A row has the extreme curvatures, the limit (the largest curvature at which the rate is stable),
    and the position of the last step on the parabola of f along this step: 0 if the step ends at
    the lowest point, negative before it, and above 1 if the step raises f. The limit or the
    position has no column if it is not known at any point.
    """
    table = plain_table("rrrrrr", "step", "f", "λmin", "λmax", "limit", "position")
    for point in path.points:
        sharp = point.limit is not None and point.largest > point.limit
        table.add_row(
            f"{point.step:,}",
            quantity(point.loss),
            quantity(point.smallest, 3),
            Text(quantity(point.largest, 4), style="yellow" if sharp else ""),
            quantity(point.limit, 4),
            quantity(point.position, 2),
        )
    unknown = [
        name
        for name in ("limit", "position")
        if all(getattr(point, name) is None for point in path.points)
    ]
    return Group(
        Text("curvature along the path", style="bold"),
        fitting(without(table, unknown), OPTIONAL, partial(_legend, rows=path.rows)),
        "",
        *_verdicts(path.points),
        Text(_end(path)),
    )


def _end(path: CurvaturePath) -> str:
    """A sentence on how the path ends: that it diverges, or the kind of its last point."""
    if path.divergence is not None:
        return f"the path diverges: {path.divergence.message}"
    return f"the path ends {KINDS[path.points[-1].kind]}"


def _legend(table: Table, rows: int) -> Text:
    """The meaning of the headings that the table has. rows: the number of measured rows."""
    known = [f"{heading}: {LEGEND[heading]}" for heading in headings(table) if heading in LEGEND]
    return Text("; ".join([f"λ: curvatures of f on {count(rows, 'example')}", *known]), style="dim")


def _verdicts(points: tuple[PathPoint, ...]) -> list[Text]:
    """A sentence on the points whose largest curvature is above the limit."""
    known = [point for point in points if point.limit is not None]
    above = [point for point in known if point.limit is not None and point.largest > point.limit]
    if not known:
        return []
    words = f"λmax is above the limit at {len(above)} of {len(known)} points"
    return [Text(words, style="yellow" if above else "")]


def curvature_path_data(path: CurvaturePath) -> dict[str, Any]:
    """The path as a dict that can be written as JSON."""
    points = [asdict(point) for point in path.points]
    diverged_at = None if path.divergence is None else path.divergence.step
    return {"rows": path.rows, "points": points, "diverged_at": diverged_at}
