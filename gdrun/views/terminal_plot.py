"""Plots in the terminal: a curve of braille dots between two axes with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from gdrun.views.numbers import quantity

# The bit of each dot of a braille character, by row and column; its code is U+2800 plus their sum.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def terminal_plot(
    x: ArrayLike, y: ArrayLike, *, width: int = 60, height: int = 12, labels: tuple[str, str]
) -> Sequence[str]:
    """The lines of a plot of y over x, with x (n,) in ascending order.

    y: a curve (n,), or several curves (k, n). width, height: the size of the plot without its axes,
    in characters. labels: the names of x and y. Consecutive points are joined by lines. Points that
    are not finite are left out.
    """
    across, up = np.asarray(x, dtype=float), np.atleast_2d(np.asarray(y, dtype=float))
    finite = np.isfinite(across) & np.isfinite(up).all(axis=0)
    across, up = across[finite], up[:, finite]
    if not len(across):
        return ["there is no finite value to draw"]
    low, high = up.min(), up.max()
    if 0 < low < 0.5 * high:
        low = 0.0  # the axis of a curve that falls to less than half its maximum starts at zero
    # A constant curve has no range: its line is drawn at the bottom of an axis of length 1.
    cells = _cells(across, up, (low, high if high > low else low + 1.0), width, height)
    marks = {0: quantity(high, 3), height // 2: quantity((low + high) / 2, 3)}
    marks[height - 1] = quantity(low, 3)
    margin = max(map(len, marks.values()))
    lines = [f"{labels[1]}"]
    for row, line in enumerate(cells):
        tick = "┤" if row in marks else "│"
        lines.append(f"{marks.get(row, ''):>{margin}} {tick}{line}")
    left, right = quantity(across[0]), quantity(across[-1])
    lines.append(f"{'':>{margin}} └{'─' * width}")
    gap = max(width - len(left) - len(right), 1)
    lines.append(f"{'':>{margin}}  {left}{labels[0]:^{gap}}{right}")
    return lines


def _cells(
    x: np.ndarray, y: np.ndarray, span: tuple[float, float], width: int, height: int
) -> list[str]:
    """The plot without its axes, as lines of braille characters, from the top line to the bottom.

    A character has 2 × 4 dots. y (k, n): k curves. span: the y at the bottom and the y at the top.
    width, height: in characters.
    """
    columns, rows = 2 * width, 4 * height
    grid = np.zeros((rows, columns), dtype=bool)
    length = x[-1] - x[0] or 1.0
    column = np.rint((x - x[0]) / length * (columns - 1)).astype(int)
    places = np.rint((span[1] - y) / (span[1] - span[0]) * (rows - 1)).astype(int)
    for row, k in product(places, range(len(x))):
        # Each point is joined to the one before it by a dot in every row or column between them.
        steps = max(abs(column[k] - column[k - 1]), abs(row[k] - row[k - 1]), 1) if k else 1
        start = k - 1 if k else 0
        for share in np.linspace(0, 1, steps + 1):
            at = np.rint(row[start] + share * (row[k] - row[start])).astype(int)
            grid[at, np.rint(column[start] + share * (column[k] - column[start])).astype(int)] = (
                True
            )
    blocks = grid.reshape(height, 4, width, 2)
    codes = (blocks * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    return [
        "".join(chr(0x2800 + code) if code else " " for code in line).rstrip() for line in codes
    ]
