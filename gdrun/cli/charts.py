"""The charts of runs and studies that the terminal shows, and their values as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdrun.cli import console
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.views.curves import Chart
    from gdrun.views.pictures.kinds import Shown, Subject


def charts_of(subject: Subject, kind: str | None, shown: Shown) -> list[Chart]:
    """The charts of runs, a sweep or a comparison that a terminal can show.

    kind: the kind of picture that --kind names; None for the usual one. shown: the options --x, --y
    and --scale. Raises GdrunError if there is no x axis or quantity with the name that --x or --y
    gives.
    """
    from gdrun.study.judgement.comparison_findings import Comparison
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.views import study_figures
    from gdrun.views.curves import scaled
    from gdrun.views.pictures.kinds import curves

    if isinstance(subject, Comparison) and kind != "curves":
        return scaled(study_figures.comparison_charts(subject, shown.x), shown.scale)
    if isinstance(subject, Sweep) and kind != "curves":
        return scaled([study_figures.sensitivity(subject).chart], shown.scale)
    return curves(subject, shown)


def check_axes(subject: Subject, kind: str | None, shown: Shown) -> None:
    """Raise GdrunError for an x axis or a quantity that the kind of picture does not have.

    subject: the runs, the sweep or the comparison to draw. kind: the kind of picture that --kind
    names; None for the usual one. shown: the options --x, --y and --scale. Only curves have the
    option --y; curves and comparisons have the option --x.
    """
    from gdrun.views.pictures.kinds import usual_kind

    name = usual_kind(subject) if kind is None else kind
    if name == "curves":
        return
    is_study = not isinstance(subject, list)
    hint = "add --kind curves" if is_study else "leave it out, or add --kind curves"
    if shown.y is not None:
        raise GdrunError(f"applies only to curves, not to {name}", where="--y", hint=hint)
    if shown.x is not None and name != "comparison":
        what = f"applies only to curves and comparisons, not to {name}"
        raise GdrunError(what, where="--x", hint=hint)


def show_charts(charts: list[Chart]) -> None:
    """Print the title of the first chart, and then the charts, one below the other."""
    from rich.text import Text

    from gdrun.views.terminal_plot import PlotView

    title = Text(charts[0].title, style="bold")
    console.show(title, *(view for chart in charts for view in ("", PlotView(chart))))


def chart_data(chart: Chart) -> dict[str, object]:
    """A chart as a dict that can be written as JSON."""
    curves = []
    for curve in chart.curves:
        band = {"low": curve.low, "high": curve.high} if curve.low is not None else {}
        columns = {"x": curve.x, "y": curve.y, **band}
        lists = {name: each.tolist() for name, each in columns.items() if each is not None}
        curves.append({"label": curve.label, **lists})
    return {"x": chart.x_label, "y": chart.y_label, "curves": curves}
