"""Measured numbers as text: the one form that tables, messages and pictures share."""

from __future__ import annotations

import math

MISSING = "–"
"""The text for a number that was not measured."""


def quantity(value: float | None, digits: int = 4) -> str:
    """A number as text with `digits` significant digits, without trailing zeros.

    A number of five or six digits before the point has commas; a larger or a very small one has an
    exponent. None gives MISSING. With fewer digits, those before the point are rounded.

    >>> [quantity(value) for value in (0.06281913, 2.3, 1150.0, 1.2e-7, 64612.3, 3.4e9, None)]
    ['0.06282', '2.3', '1150', '1.2e-07', '64,610', '3.4e+09', '–']
    >>> [quantity(value, 2) for value in (0.127, 127, 1270, 12700)]
    ['0.13', '130', '1300', '13,000']
    """
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{digits}g}"
    rounded = float(text)
    if 1e4 <= abs(rounded) < 1e6:
        return f"{rounded:,.0f}"
    return f"{rounded:.0f}" if "e+" in text and abs(rounded) < 1e4 else text
