"""The view of claims: a table of all, one claim in full, and the same as dicts for JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.claims import Claim, Finding
from gdrun.insight.claims.registry import Series
from gdrun.views.curves import Chart, Curve, is_logarithmic
from gdrun.views.numbers import duration
from gdrun.views.terminal_plot import PlotView

STYLES = {"holds": "green", "fails": "red", "corrected": "yellow"}

HEIGHT = 6
"""The height of a plot, in characters."""

Measured = tuple[Claim, Finding, float]
"""A claim, its finding, and the seconds that the measurement took."""


def claims_view(measured: list[Measured]) -> RenderableType:
    """A table with each claim by chapter, its verdict and what was measured, and the counts."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("claim\nchapter, verdict", no_wrap=True)
    table.add_column("stated\nmeasured")
    for claim, finding, _ in measured:
        name = Text(f"{claim.name}\n{claim.chapter} ")
        name.append(finding.verdict, STYLES[finding.verdict])
        text = Text.assemble((f"“{claim.statement}”", "dim"), "\n", finding.measured)
        table.add_row(name, text)
    counts = Counter[str](finding.verdict for _, finding, _ in measured)
    words = f"{counts['holds']} hold, {counts['fails']} fail, {counts['corrected']} are corrected"
    seconds = duration(sum(each[2] for each in measured))
    return Group(table, "", Text(f"{len(measured)} claims in {seconds}: {words}"))


def claim_view(claim: Claim, finding: Finding, seconds: float) -> RenderableType:
    """One claim in full: statement, verdict, measurement, what holds, and curves."""
    table = Table.grid(padding=(0, 2))
    table.add_row("stated", Text(claim.statement))
    table.add_row("verdict", Text(finding.verdict, style=STYLES[finding.verdict]))
    table.add_row("measured", Text(finding.measured))
    table.add_row("what holds", Text(claim.truth))
    seeds = ", ".join(map(str, finding.seeds)) or "none: there is no randomness"
    table.add_row("seeds", f"{seeds} ({duration(seconds)})")
    parts: list[RenderableType] = [
        Text(f"{claim.name} (chapter {claim.chapter})", style="bold"),
        table,
    ]
    for each in finding.curves:
        parts += ["", PlotView(_chart(each), HEIGHT)]
    return Group(*parts, "", Text("to run it by hand:"))


def _chart(series: Series) -> Chart:
    """The chart of one series; an axis is logarithmic if its values span a wide range."""
    drawn = Curve(series.name, series.x, series.y)
    log_x, log_y = is_logarithmic(series.x), is_logarithmic(series.y)
    return Chart(series.name, series.x_name, series.name, (drawn,), log_x=log_x, log_y=log_y)


def claims_data(measured: list[Measured]) -> list[dict[str, Any]]:
    """The claims as dicts that can be written as JSON."""
    return [
        {
            "name": claim.name,
            "chapter": claim.chapter,
            "statement": claim.statement,
            "verdict": finding.verdict,
            "measured": finding.measured,
            "numbers": dict(finding.numbers),
            "seeds": list(finding.seeds),
            "commands": list(finding.commands),
            "seconds": seconds,
        }
        for claim, finding, seconds in measured
    ]
