"""The view of claims: a table of all, one claim in full, and the same as dicts for JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.insight.claims import Claim, Finding
from gdrun.views.numbers import duration
from gdrun.views.terminal_plot import terminal_plot
from gdrun.views.theory import plain_table

STYLES = {"holds": "green", "fails": "red", "corrected": "yellow"}

Measured = tuple[Claim, Finding, float]
"""A claim, its finding, and the seconds that the measurement took."""


def claims_view(measured: list[Measured]) -> RenderableType:
    """A table with the verdict on each claim and what was measured."""
    table = plain_table("claim", "chapter", "verdict", "measured")
    for column in table.columns[1:3]:
        column.justify = "left"
    table.columns[3].overflow = "fold"
    for claim, finding, _ in measured:
        verdict = Text(finding.verdict, style=STYLES[finding.verdict])
        table.add_row(claim.name, claim.chapter, verdict, f"{claim.statement}: {finding.measured}")
    return table


def claim_view(claim: Claim, finding: Finding, seconds: float) -> RenderableType:
    """One claim in full: statement, verdict, measurement, what holds, and curves."""
    parts: list[RenderableType] = [
        Text(f"{claim.name} (chapter {claim.chapter})", style="bold"),
        Text(f"stated    {claim.statement}"),
        Text.assemble("verdict   ", (finding.verdict, STYLES[finding.verdict])),
        Text(f"measured  {finding.measured} ({duration(seconds)})"),
        Text(f"what holds: {claim.truth}"),
    ]
    for curve in finding.curves:
        lines = terminal_plot(
            curve.x, curve.y, width=30, height=6, labels=(curve.x_name, curve.name)
        )
        parts += ["", Text("\n".join(lines))]
    return Group(*parts, "", Text("to run it by hand:"))


def claims_data(measured: list[Measured]) -> list[dict[str, Any]]:
    """The claims as dicts that can be written as JSON."""
    return [
        {
            "name": claim.name,
            "chapter": claim.chapter,
            "statement": claim.statement,
            "verdict": finding.verdict,
            "numbers": dict(finding.numbers),
            "seconds": seconds,
        }
        for claim, finding, seconds in measured
    ]
