"""Exponential and logarithms as plain arithmetic, for several numbers at once.

The mathematics library is called for one number at a time, and a loop that calls it stays a loop of
single numbers. These are NumPy's functions of the same names, to an ulp or two, written without a
branch: the argument is taken apart into a power of two and a rest near zero or one, and the rest
goes through its Taylor series, cut where the next term is below rounding.

They are double precision whatever they are given. `as_bits` and `as_float` read a number's 64 bits
as an integer and back; the generated module declares them.

Source: Muller, Elementary Functions, chapters 5 and 11; Estrin 1960 for the order of the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:

    def as_bits(x: float) -> int:
        """The 64 bits of x."""

    def as_float(bits: int) -> float:
        """The number with these bits."""


ROUNDER = 6755399441055744.0  # 1.5 · 2^52: adding it rounds to an integer, kept in the last bits
ROUNDER_BITS = 0x4338000000000000
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
SMALLEST, LARGEST = -746.0, 710.0  # beyond these e^x is 0 or infinite
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD  # √½
TINY, TWO_54 = 2.2250738585072014e-308, 18014398509481984.0  # below TINY bits are missing


def exp(x: float) -> float:
    """e^x = 2^k e^r,  k the integer nearest to x / ln 2,  |r| ≤ ½ ln 2."""
    inside = x if x > SMALLEST else SMALLEST
    inside = inside if inside < LARGEST else LARGEST
    shifted = inside * LOG2_E + ROUNDER
    k = shifted - ROUNDER
    r = inside - k * LN2_HIGH - k * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    first = (1 + r) + r2 * (1 / 2 + r * (1 / 6))
    second = (1 / 24 + r * (1 / 120)) + r2 * (1 / 720 + r * (1 / 5040))
    third = (1 / 40320 + r * (1 / 362880)) + r2 * (1 / 3628800 + r * (1 / 39916800))
    fourth = 1 / 479001600 + r * (1 / 6227020800)
    series = first + r4 * (second + r4 * (third + r4 * fourth))
    # In two halves, so that neither leaves the range of powers where the product does not.
    half = as_bits(0.5 * k + ROUNDER)
    one = as_float((half - ROUNDER_BITS + 1023) << 52)
    other = as_float((as_bits(shifted) - half + 1023) << 52)
    return series * one * other if x == x else x


def log(x: float) -> float:
    """The natural logarithm."""
    return logarithm(x, 0.0)


def log1p(x: float) -> float:
    """log(1 + x), as exact near zero as elsewhere: what rounding takes from 1 + x is added back."""
    y = 1 + x
    return logarithm(y, (x - (y - 1)) / y)


def logarithm(y: float, correction: float) -> float:
    """log y + correction.

    y = 2^k m with m from √½ to √2;  log m = 2 (s + s³/3 + s⁵/5 + …),  s = (m − 1) / (m + 1).
    """
    small = y < TINY
    bits = as_bits(y * TWO_54 if small else y)
    exponent = (bits - ROOT_HALF_BITS) >> 52
    m = as_float(bits - (exponent << 52))
    k = as_float(exponent + ROUNDER_BITS) - ROUNDER
    k = k - 54 if small else k
    f = m - 1
    s = f / (2 + f)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    first = (2 / 3 + z * (2 / 5)) + z2 * (2 / 7 + z * (2 / 9))
    second = (2 / 11 + z * (2 / 13)) + z2 * (2 / 15 + z * (2 / 17))
    series = z * (first + z4 * (second + z4 * (2 / 19 + z * (2 / 21))))
    # log m = f − f²/2 + …: f is exact, and everything else is small beside it.
    half = 0.5 * f * f
    log_m = f - (half - (s * (half + series) + (k * LN2_LOW + correction)))
    edge = -np.inf if y == 0 else (y if y > 0 else np.nan)
    return k * LN2_HIGH + log_m if 0 < y < np.inf else edge
