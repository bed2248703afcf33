"""Residuals of a regression against its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdrun.views.model_figures import Residuals
from gdrun.views.pictures.style import PALETTE, figure
from gdrun.views.pictures.texts import set_labels, set_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def residuals_picture(found: Residuals) -> Figure:
    """A marker for each row, and a line at 0."""
    picture = figure(5.6, 3.8)
    axes = picture.subplots()
    axes.axhline(0, color="#000000", linewidth=1)
    axes.scatter(found.predictions, found.residuals, s=12, color=PALETTE[0], alpha=0.6, linewidth=0)
    set_labels(axes, f"predicted {found.target}", "target − prediction", (4.6, 3.0))
    set_title(picture, f"{found.title}, {found.part} part")
    return picture
