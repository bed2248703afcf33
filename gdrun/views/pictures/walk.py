"""Walks of optimizers over the contours of a surface, as a picture and as an animation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import MARKERS, PALETTE, figure
from gdrun.views.pictures.texts import set_title
from gdrun.views.walks import Path, Walks

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

WIDTH, HEIGHT = 5.6, 5.0
"""The width and the largest height of a picture in inches, without its legend."""

AROUND = 1.0
"""The inches beside and below the axes, for their numbers and names, and for the title."""

LEVELS = 14
MOST_MARKERS = 12
"""About how many markers a path has; they tell paths apart without colours."""

WHITE = 248
"""A colour of an animation whose channels are all at least this becomes white, which Pillow would
otherwise replace by a light grey.
"""

FRAMES = 60
"""The most frames of an animation; a long walk advances several steps a frame."""


def walk_picture(found: Walks) -> Figure:
    """The contours of f − f*, with a line for each path, its start and end, and the minima."""
    from matplotlib.lines import Line2D

    picture = figure(WIDTH, _height(found))
    axes = picture.subplots()
    heights = found.values - found.lowest
    above = heights[heights > 0]
    levels = np.geomspace(np.quantile(above, 0.002), above.max(), LEVELS)
    axes.contour(found.x, found.y, heights, np.unique(levels), colors="#999999", linewidths=0.7)
    for x, y in found.minima:
        axes.plot(x, y, color="#000000", zorder=4, **_MINIMUM)
    for k, path in enumerate(found.paths):
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        axes.plot(
            *path.places.T,
            color=colour,
            marker=marker,
            linestyle=_DASHES[k // len(PALETTE) % len(_DASHES)],
            markersize=4,
            markevery=_between_markers(path),
            label=f"path {k}",
            zorder=3,
        )
        axes.plot(*path.places[-1:].T, color=colour, label=f"end {k}", zorder=6, **_END)
        axes.plot(*path.places[:1].T, zorder=5, **_START)
    axes.grid(False)
    axes.set_xlim(found.x[0], found.x[-1])
    axes.set_ylim(found.y[0], found.y[-1])
    if found.equal_scales:
        axes.set_aspect("equal")
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    set_title(picture, f"{found.title}: contours of f − f*")
    keys = {"start": Line2D([], [], **_START)}
    if any(found.holds(path.places[-1]) for path in found.paths):
        keys["end"] = Line2D([], [], color="#777777", **_END)
    if any(found.holds(np.array(place)) for place in found.minima):
        keys["minimum"] = Line2D([], [], color="#000000", **_MINIMUM)
    names = [path.label + _markers_text(path) for path in found.paths]
    legend(picture, [*_lines(picture, "path"), *keys.values()], [*names, *keys])
    return picture


def _between_markers(path: Path) -> int:
    """The number of points of a path from one marker to the next."""
    return max(len(path.places) // MOST_MARKERS, 1)


def _markers_text(path: Path) -> str:
    """The distance of the markers, for a path whose label has that of its points; else empty."""
    return f", a marker every {path.apart * _between_markers(path):,}" if path.apart > 1 else ""


def _height(found: Walks) -> float:
    """The height of a picture in inches: a wide surface with equal scales needs less of it."""
    if not found.equal_scales:
        return HEIGHT
    return min((WIDTH - AROUND) * float(np.ptp(found.y) / np.ptp(found.x)) + AROUND, HEIGHT)


_DASHES = ("-", "--", ":")
"""The styles of lines: after every colour has been used once, paths have the next style."""

_START: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 7,
    "markerfacecolor": "#ffffff",
    "markeredgecolor": "#000000",
}
_END: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 5,
    "markeredgecolor": "#000000",
}
_MINIMUM: dict[str, Any] = {"linestyle": "", "marker": "*", "markersize": 14}
"""The marker of a minimum, so large that it can be seen around the end of a path."""


def _lines(picture: Figure, kind: str) -> list[Line2D]:
    """The lines of this kind, path or end, in the order of the paths."""
    return [line for line in picture.axes[0].lines if str(line.get_label()).startswith(kind)]


def write_walk_animation(found: Walks, file: BinaryIO) -> None:
    """Write the walks as an animated GIF, which repeats without end."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    picture = walk_picture(found)
    canvas: Any = FigureCanvasAgg(picture)
    picture.set_dpi(100)
    canvas.draw()
    picture.set_layout_engine("none")  # the layout must not move between frames
    axes = picture.axes[0]
    drawn, heads = _lines(picture, "path"), _lines(picture, "end")
    # The contours do not change: only the lines are drawn for each frame, the highest last.
    lines = sorted(axes.lines, key=lambda line: line.get_zorder())
    for line in lines:
        line.set_animated(True)
    canvas.draw()
    background = canvas.copy_from_bbox(picture.bbox)
    longest = max(len(path.places) for path in found.paths)
    ends = np.unique(np.linspace(1, longest, min(longest, FRAMES)).astype(int))
    frames = []
    for end in ends.tolist():
        for line, head, path in zip(drawn, heads, found.paths, strict=True):
            line.set_data(*path.places[:end].T)
            head.set_data(*path.places[:end][-1:].T)
        canvas.restore_region(background)
        for line in lines:
            axes.draw_artist(line)
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    # All frames use the palette of the last one, which has every colour: making it is slow.
    palette = frames[-1].quantize(256)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) >= WHITE] = 255
    palette.putpalette(colours.ravel().tolist())
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    times = [80] * (len(frames) - 1) + [1500]  # milliseconds; the last frame is shown longer
    frames[0].save(
        file, format="GIF", save_all=True, append_images=frames[1:], duration=times, loop=0
    )
