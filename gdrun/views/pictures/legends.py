"""Legends below the axes, where they cover no curve, with long names on several lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdrun.views.pictures.texts import NAME_SIZE, shortened, wrapped

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

LONGEST = 240
"""The most characters of a name: … replaces the middle of a longer one, if names stay different."""

MOST_COLUMNS = 4

HANDLE = 0.6
"""The width in inches that a column of a legend needs in addition to its names."""


def legend(picture: Figure, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """Write a legend below the axes of a picture, which becomes taller by its height.

    handles: an artist for each name. The legend has as many columns as fit, at most MOST_COLUMNS;
    a name that is longer than the picture is wide continues on the next line.
    """
    if not handles:
        return
    width, height = picture.get_size_inches()
    lines = [wrapped(name, width - HANDLE, NAME_SIZE) for name in shortened(names, LONGEST)]
    for columns in range(min(len(handles), MOST_COLUMNS), 0, -1):
        found = _drawn(picture, handles, lines, columns)
        box = found.get_window_extent()
        if box.width <= picture.bbox.width or columns == 1:
            break
        found.remove()
    picture.set_size_inches(width, height + box.height / picture.dpi)


def _drawn(
    picture: Figure, handles: Sequence[Artist], lines: Sequence[str], columns: int
) -> Legend:
    found = picture.legend(
        handles,
        ["name"] * len(handles),
        loc="outside lower center",
        ncols=columns,
        fontsize=NAME_SIZE,
    )
    # Set afterwards, because matplotlib leaves out a label that begins with an underscore.
    for text, name in zip(found.get_texts(), lines, strict=True):
        text.set_text(name)
    return found
