"""Texts of any length, such as names that users give, fitted to the space in a picture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from gdrun.views.pictures.style import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_SIZE, LABEL_SIZE, NAME_SIZE = 10.0, 9.0, 8.0
"""The sizes of the letters of titles, of the labels of axes, and of names, in points."""

LONGEST_LABEL = 100
"""The label of an axis with more characters than this loses its middle."""


def set_title(picture: Figure, title: str) -> None:
    """Write a title above all axes, on as many lines as it needs."""
    room = 0.96 * picture.get_figwidth()
    picture.suptitle(wrapped(title, room, TITLE_SIZE), fontsize=TITLE_SIZE)


def set_labels(axes: Axes, x: str, y: str, room: tuple[float, float]) -> None:
    """Write the labels of both axes. room: the width and the height of the axes, in inches.

    A label that does not fit on one line continues on the next one.
    """
    for write, text, width in ((axes.set_xlabel, x, room[0]), (axes.set_ylabel, y, room[1])):
        (short,) = shortened([text], LONGEST_LABEL)
        write(wrapped(short, width, LABEL_SIZE))


def wrapped(text: str, room: float, size: float) -> str:
    """A text as lines of at most `room` inches, which matplotlib shows as they are.

    Lines end between words, and are about equally long; only a word that is wider than the room is
    divided. size: of the letters, in points.
    """
    words = plain(text).split()
    lines = _lines(words, room, size)
    widest = max((inches(word, size) for word in words), default=0.0)
    for share in (0.5, 0.6, 0.7, 0.8, 0.9):
        if len(lines) > 1 and widest <= share * room:
            narrow = _lines(words, share * room, size)
            if len(narrow) == len(lines):
                return "\n".join(narrow)
    return "\n".join(lines) or " "


def _lines(words: Sequence[str], room: float, size: float) -> list[str]:
    """As many words on each line as fit."""
    lines, line = [], ""
    for word in words:
        if inches(f"{line} {word}", size) <= room:
            line = f"{line} {word}".lstrip()
            continue
        lines.append(line)
        line = word
        while len(line) > 1 and inches(line, size) > room:
            end = next(k for k in range(len(line) - 1, 0, -1) if inches(line[:k], size) <= room)
            lines.append(line[:end])
            line = line[end:]
    return list(filter(None, [*lines, line]))


def inches(text: str, size: float) -> float:
    """The width of a text on one line. size: of its letters, in points."""
    return size / 72 * sum(map(_advance, text.strip().replace(r"\$", "$")))


@cache
def _advance(character: str) -> float:
    """The width of a character, as a share of the size of its letters."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of missing characters: drawing them warns again
        width, _, _ = text_to_path.get_text_width_height_descent(
            character, FontProperties(size=1), ismath=False
        )
    return float(width)


def shortened(names: Sequence[str], most: int) -> list[str]:
    """The names with at most `most` characters: … replaces the middle of a longer one.

    If different names would become equal, names may have more characters than `most`.

    >>> shortened(["lr=0.1 hidden=[64, 32]", "momentum"], 12)
    ['lr=0.…, 32]', 'momentum']
    """
    longest = max(map(len, names), default=0)
    while most < longest:
        kept = [_without_middle(name, most) for name in names]
        if len(set(kept)) == len(set(names)):
            return kept
        most += most // 2
    return list(names)


def _without_middle(name: str, most: int) -> str:
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"
