"""The view of the curvature along a run, and the same as a dict for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.insight.curvature_path import CurvaturePath, PathPoint
from gdrun.views.numbers import count, quantity
from gdrun.views.theory import plain_table

KINDS = {
    "minimum": "a minimum: the gradient is small and no curvature is negative",
    "saddle": "a saddle: the gradient is small and a curvature is negative",
    "plateau": "a plateau: neither the gradient nor the curvature changes f noticeably",
    "slope": "on a slope: f still falls quickly",
}
"""The kinds of points as text."""


def curvature_path_view(path: CurvaturePath) -> RenderableType:
    """The curvature and its limit at some evaluations, and the kind of the last point."""
    table = plain_table("step", "f", "λmin", "λmax", "limit", "position")
    for column in table.columns:
        column.justify = "right"
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
    note = f"λ: curvatures of f on {count(path.rows, 'row')}; limit: 2/α, for momentum 2(1+β)/α or "
    note += "its like, above which a rate is unstable; position of the last step on its parabola: "
    note += "below 0 it ends before the lowest point, above 1 higher than it began"
    last = path.points[-1]
    return Group(
        Text("curvature along the path", style="bold"),
        table,
        Text(note, style="dim"),
        "",
        *_verdicts(path.points),
        Text(f"the path ends at {KINDS[last.kind]}" if last.kind != "slope" else _slope()),
    )


def _slope() -> str:
    return f"the path ends {KINDS['slope']}"


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
    return {"rows": path.rows, "points": [asdict(point) for point in path.points]}
