"""Shares and multiples as text, for the evidence of symptoms."""

from __future__ import annotations

from gdrun.quantities import quantity


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, with two digits. part: in [0, whole]. whole: above 0.

    >>> [share(part, 1) for part in (0.1234, 1, 0.9971, 1e-7, 0)]
    ['12 %', '100 %', 'over 99 %', 'below 0.01 %', '0 %']
    """
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "below 0.01 %"
    return "over 99 %" if 99 < percent < 100 else f"{quantity(percent, 2)} %"


def multiple(value: float, of: float) -> str:
    """How large a value is compared with another one above 0, before the name of that one.

    >>> [f"{multiple(value, 2)} the limit" for value in (0.1, 2, 5)]
    ['5 % of the limit', '100 % of the limit', '2.5 times the limit']
    """
    return f"{share(value, of)} of" if value <= of else f"{quantity(value / of, 3)} times"
