"""Measured numbers as text: the one form that tables, messages and pictures share."""

from __future__ import annotations

import math

MISSING = "–"
"""The text for a number that was not measured."""


def quantity(value: float | None, digits: int = 4) -> str:
    """A number as text with `digits` significant digits, without trailing zeros.

    A number of five or six digits before the point has commas; a larger or a very small one has an
    exponent. None gives MISSING.

    >>> [quantity(value) for value in (0.06281913, 2.3, 1150.0, 1.2e-7, 64612.3, 3.4e9, None)]
    ['0.06282', '2.3', '1150', '1.2e-07', '64,610', '3.4e+09', '–']
    """
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if 1e4 <= abs(float(text)) < 1e6 else text
