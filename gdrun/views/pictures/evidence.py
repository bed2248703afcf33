"""The evidence of a diagnosis: for each symptom a sentence with the evidence, above its charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdrun.views.curves import Chart
from gdrun.views.pictures.lines import draw_chart
from gdrun.views.pictures.style import figure
from gdrun.views.pictures.texts import LABEL_SIZE, inches, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EVIDENCE_WIDTH = 5.3
"""The width in inches of a line of evidence, which begins at the left edge of the axes."""


def evidence_picture(charts: Sequence[Chart]) -> Figure:
    """The charts, one below the other. A chart without a title belongs to the one above it."""
    picture = figure(6.4, 0.2 + sum(2.6 if chart.title else 2.0 for chart in charts))
    every = picture.subplots(len(charts), 1, squeeze=False)[:, 0]
    for axes, chart in zip(every, charts, strict=True):
        draw_chart(axes, chart)
        if chart.title:
            names = max((inches(name, LABEL_SIZE) for name in chart.bars), default=0.0)
            text = wrapped(chart.title, EVIDENCE_WIDTH - names, LABEL_SIZE)
            axes.set_title(text, fontsize=LABEL_SIZE, loc="left")
    return picture
