"""The decision regions of a classifier with two features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdrun.views.model_figures import Regions
from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import MARKERS, PALETTE, figure
from gdrun.views.pictures.texts import set_labels, set_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def regions_picture(found: Regions) -> Figure:
    """The regions in light colours, with the training rows as markers, one for each class."""
    from matplotlib.colors import ListedColormap

    picture = figure(5.4, 4.6)
    axes = picture.subplots()
    count = len(found.classes)
    colours = [PALETTE[k % len(PALETTE)] for k in range(count)]
    edges = np.arange(count + 1) - 0.5
    axes.pcolormesh(
        found.x,
        found.y,
        found.codes,
        cmap=ListedColormap(colours),
        vmin=edges[0],
        vmax=edges[-1],
        alpha=0.25,
        shading="nearest",
        rasterized=True,
        linewidth=0,
    )
    for k in range(count):
        chosen = found.points[found.labels == k]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=14,
            color=colours[k],
            marker=MARKERS[k % len(MARKERS)],
            edgecolor="white",
            linewidth=0.4,
            label=f"class {k}",
        )
    axes.contour(found.x, found.y, found.codes, edges[1:-1], colors="#333333", linewidths=0.8)
    axes.grid(False)
    set_labels(axes, *found.names, (4.4, 3.8))
    set_title(picture, f"{found.title}: predicted classes and training rows")
    legend(picture, axes.get_legend_handles_labels()[0], found.classes)
    return picture
