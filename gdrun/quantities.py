"""Numbers with few digits: as text for tables, messages and pictures, and for configs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

MISSING = "–"
"""The text for a number that was not measured."""


def quantity(value: float | None, digits: int = 4) -> str:
    """A number as text with `digits` significant digits, without trailing zeros.

    A number of five or six digits before the point has commas; a larger or a very small one has an
    exponent. None gives MISSING. If `digits` is too small for the digits before the point, these
    are rounded too.

    >>> [quantity(value) for value in (0.06281913, 2.3, 1150.0, 1.2e-7, 64612.3, 3.4e9, None)]
    ['0.06282', '2.3', '1150', '1.2e-07', '64,610', '3.4e+09', '–']
    >>> [quantity(value, 2) for value in (0.127, 127, 1270, 12700)]
    ['0.13', '130', '1300', '13,000']
    >>> quantity(64612.34, 6)
    '64,612.3'
    """
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{digits}g}"
    rounded = float(text)
    if 1e4 <= abs(rounded) < 1e6:
        return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,}"
    return f"{rounded:.0f}" if "e+" in text and abs(rounded) < 1e4 else text


ROUNDING = 1e-9
"""The largest relative difference between two results of float64 that may be a rounding error."""


def separating_digits(
    values: Iterable[float], digits: int = 4, most: int = 15, rounding: float = ROUNDING
) -> int:
    """The fewest digits, from `digits` to `most`, with which texts tell all values apart.

    Values that are equal, up to rounding errors, count as one. `digits` if no number does it.
    rounding: the largest relative difference that may be a rounding error.

    >>> separating_digits([0.19999, 0.2, 0.201]), separating_digits([0.1, 0.1 + 1e-15])
    (5, 4)
    """
    known = list(map(float, values))  # for Python floats, ∞ − ∞ is NaN without a warning
    margin = rounding * max(map(abs, known), default=0.0)
    order = sorted(set(known))
    different = len(order) - sum(not b - a > margin for a, b in pairwise(order))
    for enough in range(digits, most + 1):
        if len({quantity(value, enough) for value in known}) >= different:
            return enough
    return digits


def told_apart(values: Iterable[float], digits: int = 3) -> list[str]:
    """Numbers as texts with `digits` significant digits, or as many as tell all of them apart.

    >>> told_apart([1.0, 0.5]), told_apart([0.99971, 0.99965, 0.99959]), told_apart([1.0, 1.0])
    (['1', '0.5'], ['0.99971', '0.99965', '0.99959'], ['1', '1'])
    >>> told_apart([0.1 + 0.2, 0.3])
    ['0.3', '0.3']
    """
    known = list(values)
    enough = separating_digits(known, digits)
    return [quantity(value, enough) for value in known]


def telling_digits(values: Iterable[float], most: int = 15, least: int = 4) -> int:
    """The number of significant digits that show how far the smallest value is from the largest.

    Values that are not finite do not count, nor does a difference that may be a rounding error.
    most, least: the most and the fewest digits.

    >>> telling_digits([0.5, 1.0]), telling_digits([0.999871, 0.999902]), telling_digits([2.0])
    (4, 6, 4)
    >>> telling_digits([0.1 + 0.2, 0.3])
    4
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    spread = max(finite, default=0.0) - min(finite, default=0.0)
    largest = max(map(abs, finite), default=0.0)
    if not spread > ROUNDING * largest or spread >= largest:
        return least
    return min(max(least, math.ceil(math.log10(largest / spread)) + 1), most)


def contrasted(one: float, other: float, digits: int = 4) -> tuple[str, str]:
    """Two numbers that a sentence compares, as texts from which their difference can be read.

    digits: the fewest significant digits of each.

    >>> contrasted(1.0005, 1.0), contrasted(0.2, 0.1), contrasted(0.1 + 0.2, 0.3)
    (('1.0005', '1'), ('0.2', '0.1'), ('0.3', '0.3'))
    """
    enough = telling_digits((one, other), least=digits)
    return quantity(one, enough), quantity(other, enough)


def rounded(value: float, digits: int = 3) -> float:
    """A number with this many significant digits, so that it is short in a config.

    >>> rounded(0.0123456), rounded(1234.5, 2)
    (0.0123, 1200.0)
    """
    return float(f"{value:.{digits}g}")


def rounded_down(value: float, digits: int = 3) -> float:
    """The largest number with this many significant digits that is not above `value`.

    value: a number above 0.

    >>> rounded_down(0.0127777), rounded_down(0.25), rounded_down(0.99999)
    (0.0127, 0.25, 0.999)
    """
    near = rounded(value, digits)
    unit = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    return near if near <= value else rounded(near - unit, digits)
