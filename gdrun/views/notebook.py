"""Views outside a terminal: their contents as text or HTML, and curves as pictures."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme

from gdrun.runs.run import Run
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.curves import Curve
from gdrun.views.inline_curves import MOST_CURVES, curves_svg
from gdrun.views.recorded import ranking_of

WIDTH = 100
"""The width of a view in a notebook, in characters."""

_COLOURS = [
    *((0, 0, 0), (208, 73, 58), (31, 146, 84), (166, 124, 0)),  # black, red, green, yellow
    *((59, 125, 216), (180, 95, 176), (26, 143, 156), (127, 127, 127)),  # blue … cyan, grey
]

THEME = TerminalTheme((255, 255, 255), (0, 0, 0), _COLOURS, _COLOURS)
"""Colours of middle lightness, which can be read in a light and in a dark notebook."""


def html(view: RenderableType) -> str:
    """The view as preformatted text in HTML, with its colours as inline styles."""
    # The console records the view for the export; its normal output is discarded.
    screen = Console(
        file=io.StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False
    )
    screen.print(view)
    fragment = screen.export_html(theme=THEME, inline_styles=True, code_format="<pre>{code}</pre>")
    return "\n".join(line.rstrip() for line in fragment.splitlines())


def plain_text(view: RenderableType) -> str:
    """The view as text without colours, for a page that is not a terminal."""
    screen = Console(
        file=io.StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False
    )
    screen.print(view)
    return "\n".join(line.rstrip() for line in screen.export_text().splitlines())


def curves_of(run: Run) -> str:
    """The training and validation loss of a run at its evaluations, as a picture in SVG."""
    columns = {"training": "train_loss", "validation": "validation_loss"}
    curves = [
        Curve(name, run.evals["epoch"], run.evals[column])
        for name, column in columns.items()
        if column in run.evals
    ]
    return curves_svg(curves, "epoch", "loss")


def curves_of_best(found: Sweep | Comparison) -> str:
    """The metric of the best settings of a study, for the first seed, as a picture in SVG."""
    name = found.metric.name
    best = [each for each in ranking_of(found) if each.results][:MOST_CURVES]
    curves = [
        Curve(each.candidate.name, result.evals["epoch"], result.evals[name])
        for each in best
        for result in each.results[:1]
        if name in result.evals
    ]
    return curves_svg(curves, "epoch", found.metric.words)
