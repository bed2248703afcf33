"""The style of all pictures: colours, sizes and fonts, and how texts of users are shown."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from gdrun.errors import MissingExtraError, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Colours that people with colour blindness can distinguish (Okabe & Ito 2008)."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)))
"""The line styles of solid and of dashed curves."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

MAP = "cividis"
"""The colour map: the larger the number, the lighter its colour."""

SUFFIXES = (".png", ".svg", ".pdf")
"""The suffixes of pictures; an animation is a .gif."""

DPI = 150

_SETTINGS: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.formatter.useoffset": False,  # ticks are the numbers themselves
    "axes.formatter.limits": (-3, 6),  # smaller and larger numbers have a common power of ten
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType fonts, which stay text that can be searched
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gdrun",  # the same picture has the same ids
    "savefig.dpi": DPI,
}


_OTHER_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Microsoft YaHei"),
    *("WenQuanYi Micro Hei", "Noto Sans Devanagari", "Noto Emoji", "Segoe UI Emoji"),
)
"""Fonts for characters that the first font lacks, where they are installed."""


def _other_fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [name for name in _OTHER_FONTS if name in installed]


@contextmanager
def style() -> Iterator[None]:
    """Use the style of gdrun for the pictures that are made and written in this context.

    Raises MissingExtraError if matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        raise MissingExtraError("drawing pictures", "plot", "matplotlib 3.8 or newer") from None
    with mpl.rc_context():
        # The settings of a user's matplotlibrc could ask for TeX or for other fonts.
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *_other_fonts()]
        yield


@contextmanager
def missing_signs() -> Iterator[list[str]]:
    """A list of the characters that no font had when pictures were drawn in this context.

    The list is complete when the context ends. matplotlib warns of each such character; other
    warnings are passed on.
    """
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    for warning in caught:
        glyph = _MISSING.match(str(warning.message))
        if glyph is None:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        elif chr(int(glyph[1])) not in found:
            found.append(chr(int(glyph[1])))


_MISSING = re.compile(r"Glyph (\d+) .* missing from")


def figure(width: float = 6.0, height: float = 3.8) -> Figure:
    """An empty figure of this size in inches, whose contents are laid out without overlaps."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(text: str) -> str:
    r"""A text that matplotlib shows as it is: a $ does not begin a formula.

    Control characters are escaped, and ends of lines become spaces.

    >>> print(plain("price\nin $\x07"))
    price in \$\x07
    """
    return printable(" ".join(text.splitlines())).replace("\t", " ").replace("$", r"\$")


def write_picture(picture: Figure, file: BinaryIO, suffix: str) -> None:
    """Write a figure to an open file. suffix: one of SUFFIXES."""
    form = suffix.removeprefix(".")
    # Without a date, the same figure gives the same bytes.
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    picture.savefig(file, format=form, metadata=dates)
