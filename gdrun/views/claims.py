"""The views of claims: all claims by chapter, one claim in full, and dicts for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.array_types import Array
from gdrun.insight.claims import Claim, Finding
from gdrun.insight.claims.registry import CHAPTERS, Series
from gdrun.views.curves import Chart, Curve, is_logarithmic
from gdrun.views.numbers import count, duration
from gdrun.views.terminal_plot import PlotView

STYLES = {"holds": "green", "fails": "red", "corrected": "yellow"}

MEANINGS = {
    "holds": "as it is stated",
    "fails": "the measurement contradicts it",
    "corrected": "it holds only in the form that the measurement gives",
}
"""What each verdict means."""

HEIGHT = 6
"""The height of a plot, in characters."""

Measured = tuple[Claim, Finding, float]
"""A claim, its finding, and the seconds that the measurement took."""


def claims_view(measured: list[Measured]) -> RenderableType:
    """A table of the claims of each chapter, and how many claims have each verdict."""
    parts: list[RenderableType] = []
    for chapter, own in groupby(measured, key=lambda each: each[0].chapter):
        parts += [Text(f"chapter {chapter}: {CHAPTERS[chapter]}", style="bold"), _table(own), ""]
    legend = Table.grid(padding=(0, 2))
    for verdict, meaning in MEANINGS.items():
        legend.add_row(Text(verdict, STYLES[verdict]), Text(meaning, style="dim"))
    counts = Counter[str](finding.verdict for _, finding, _ in measured)
    words = ", ".join(f"{verdict} {counts[verdict]}" for verdict in STYLES)
    seconds = duration(sum(each[2] for each in measured))
    chapters = Text("The chapters are those of the lecture notes with these claims.", style="dim")
    total = Text(f"{count(len(measured), 'claim')} in {seconds}: {words}", style="bold")
    return Group(*parts, chapters, legend, "", total)


def _table(measured: Iterable[Measured]) -> RenderableType:
    """A row for each claim: a cell with its verdict; a cell with name, statement, measurement."""
    table = Table.grid(padding=(0, 2))
    # The same width in every chapter, so that the verdicts are one column.
    table.add_column(no_wrap=True, min_width=max(map(len, STYLES)) + 2)
    for claim, finding, _ in measured:
        verdict = Text(f"  {finding.verdict}", STYLES[finding.verdict])
        stated = Text(f"{claim.name}: “{claim.statement}”")
        stated.stylize("bold", 0, len(claim.name))
        table.add_row(verdict, Text.assemble(stated, "\n", (finding.measured, "dim")))
    return table


def claim_view(claim: Claim, finding: Finding, seconds: float) -> RenderableType:
    """One claim in full: its statement, the verdict, what was measured, what is true, and curves.

    seconds: how long the measurement took.
    """
    table = Table.grid(padding=(0, 2))
    table.add_row("stated", Text(claim.statement))
    table.add_row("verdict", Text(finding.verdict, style=STYLES[finding.verdict]))
    table.add_row("measured", Text(finding.measured))
    table.add_row("what holds", Text(claim.truth))
    seeds = ", ".join(map(str, finding.seeds)) or "none: there is no randomness"
    table.add_row("seeds", f"{seeds} ({duration(seconds)})")
    parts: list[RenderableType] = [
        Text(f"{claim.name}, chapter {claim.chapter}: {CHAPTERS[claim.chapter]}", style="bold"),
        table,
    ]
    for together in _panels(finding.curves):
        parts += ["", PlotView(_chart(together), HEIGHT)]
    return Group(*parts, "", Text("to run it by hand:"))


def _panels(curves: Sequence[Series]) -> Iterable[list[Series]]:
    """The curves that are drawn together: those with the same names of x and y."""
    panels: dict[tuple[str, str], list[Series]] = {}
    for each in curves:
        panels.setdefault((each.x_name, each.y_name or each.name), []).append(each)
    return panels.values()


def _chart(together: Sequence[Series]) -> Chart:
    """The chart of curves with the same axes.

    An axis is logarithmic if its values span a wide range. If x values are evenly spaced, such as
    consecutive steps, their axis is linear: a logarithmic one would hide oscillation.
    """
    first = together[0]
    y_name = first.y_name or first.name
    curves = tuple(Curve(each.name, each.x, each.y) for each in together)
    log_x = is_logarithmic(*(each.x for each in together)) and not _even(first.x)
    log_y = is_logarithmic(*(each.y for each in together))
    return Chart(y_name, first.x_name, y_name, curves, log_x=log_x, log_y=log_y)


def _even(x: Array) -> bool:
    """Whether the values (n,) are equally far apart."""
    return bool(np.ptp(np.diff(x)) <= 1e-9 * np.ptp(x))


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
