"""Functions that turn shares, counts and durations into text, and `quantity` for other numbers."""

from __future__ import annotations

import math

from gdrun.quantities import MISSING as MISSING
from gdrun.quantities import contrasted as contrasted
from gdrun.quantities import quantity as quantity
from gdrun.quantities import told_apart as told_apart


def percent(share: float | None) -> str:
    """A share between 0 and 1 as text in percent. None and NaN give MISSING.

    >>> percent(0.9777), percent(1.0), percent(None)
    ('97.8 %', '100.0 %', '–')
    """
    return MISSING if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def count(number: int, noun: str) -> str:
    """A number with a noun as text. The noun gets an s unless the number is 1.

    >>> count(1, "step"), count(1437, "example")
    ('1 step', '1,437 examples')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """A number of seconds as text in µs, ms, s, min or h. None gives MISSING.

    >>> [duration(seconds) for seconds in (0.0000247, 0.0034, 0.047, 3.21, 75, 7260)]
    ['25 µs', '3.4 ms', '47 ms', '3.2 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds is None:
        return MISSING
    if 0 < seconds < 0.001:
        return f"{1e6 * seconds:.0f} µs"
    if seconds < 0.01:
        return f"{1e3 * seconds:.1f} ms"
    if seconds < 1:
        return f"{1e3 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def range_text(low: float, high: float, middle: float) -> str:
    """A range around a middle as text; its ends have three significant digits, or else four.

    Elsewhere the middle is shown with four digits. The ends have four digits, too, if the middle
    would be outside of the ends with three digits, or these ends would be equal.

    >>> range_text(0.13572, 28142.0, 4.0), range_text(-float("inf"), 2.0, 1.0)
    ('0.136 … 28,100', '−∞ … 2')
    >>> range_text(3817.0, 3819.0, 3818.0)
    '3817 … 3819'
    """
    lower, upper = (float(f"{end:.3g}") for end in (low, high))
    fits = lower < upper and lower <= float(f"{middle:.4g}") <= upper
    return " … ".join(_end(end, 3 if fits else 4) for end in (low, high))


def _end(value: float, digits: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return quantity(value, digits)
