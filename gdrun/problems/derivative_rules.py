"""The derivatives of NumPy's elementary functions, as rules for values with tangents.

A rule takes the function and its arguments, each with its tangent, and returns the value of the
function and the tangent of this value (see `dual_numbers`). A function whose derivative is 0
wherever it exists, such as floor, has the tangent 0.

Many equations change their branch at x = 0. They test x > 0, so at 0 the tangent is that of the
branch for x ≤ 0; for example, |x| has the slope −1 at 0. This is exact for smooth equations that
are written with |x|, such as the sigmoid. At a kink the tangent uses one of the possible slopes,
such as 0 for relu at 0, and for hypot at the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Parts = tuple[Any, Any]
"""A value and its tangent. The tangent of a constant is the number 0."""

Rule = Callable[..., Parts]


def full(value: Any, tangent: Any) -> Parts:
    """Return the value, and the tangent in the shape of the value."""
    if np.shape(tangent) != np.shape(value):
        tangent = np.broadcast_to(tangent, np.shape(value)).astype(value.dtype)
    return value, tangent


def _sum(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return full(function(a[0], b[0]), function(a[1], b[1]))


def _product(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """The product rule for any bilinear function, such as multiply, matmul and vecdot."""
    value = function(a[0], b[0])
    # A constant factor has the tangent 0, for which no product is computed.
    terms = [
        function(*pair)
        for pair in ((a[1], b[0]), (a[0], b[1]))
        if all(isinstance(part, np.ndarray | np.generic) or part for part in pair)
    ]
    return full(value, sum(terms[1:], start=terms[0]) if terms else 0)


def _quotient(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    value = a[0] / b[0]
    return full(value, (a[1] - value * b[1]) / b[0])


def _remainder(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """a − n b for a whole number n, which is constant between its jumps."""
    value = function(a[0], b[0])
    return full(value, a[1] - np.rint((a[0] - value) / b[0]) * b[1])


def _power(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """(aᵇ)' = b aᵇ⁻¹ a' + aᵇ log(a) b', without the second term where the exponent is constant."""
    (base, slope), (exponent, growth) = a, b
    value = function(base, exponent)
    # b − [b ≠ 0]: with the exponent 0 the derivative is 0, also at a = 0.
    # Where the base is constant, its own value does not count: 0 has no negative powers.
    changing = np.where(slope == 0, 1, base)
    tangent = exponent * function(changing, exponent - (exponent != 0)) * slope
    if np.any(growth):
        logarithm = np.log(np.where(base == 0, 1, base))
        tangent = tangent + np.where(growth == 0, 0, value * logarithm * growth)
    return full(value, tangent)


def _larger(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return full(function(a[0], b[0]), np.where(a[0] > b[0], a[1], b[1]))


def _smaller(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return full(function(a[0], b[0]), np.where(a[0] <= b[0], a[1], b[1]))


def _with_sign(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """|a| with the sign of b. Where both are 0, a is taken for a function of |b|, for b ≤ 0."""
    kept = (np.signbit(a[0]) == np.signbit(b[0])) & ((a[0] != 0) | (b[0] != 0))
    return full(function(a[0], b[0]), np.where(kept, 1, -1) * a[1])


def _step(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """0 for a < 0, b at 0, and 1 above it."""
    return full(function(a[0], b[0]), np.where(a[0] == 0, b[1], 0))


def _of_one(slope: Callable[[Any, Any], Any]) -> Rule:
    """The rule for the tangent of an elementwise function of one argument.

    slope: a function of the argument and of the function's value, which returns the derivative.
    """

    def rule(function: np.ufunc, a: Parts) -> Parts:
        value = function(a[0])
        return full(value, slope(a[0], value) * a[1])

    return rule


def _of_two(slopes: Callable[[Any, Any, Any], tuple[Any, Any]]) -> Rule:
    """The rule for the tangent of an elementwise function of two arguments.

    slopes: a function of both arguments and of the function's value, which returns the derivatives
    with respect to both.
    """

    def rule(function: np.ufunc, a: Parts, b: Parts) -> Parts:
        value = function(a[0], b[0])
        by_a, by_b = slopes(a[0], b[0], value)
        return full(value, by_a * a[1] + by_b * b[1])

    return rule


def _direction(x: Any, y: Any, length: Any) -> tuple[Any, Any]:
    """x and y divided by their length; 0 at the origin."""
    divisor = np.where(length > 0, length, 1)
    return x / divisor, y / divisor


def _angle_slopes(y: Any, x: Any, angle: Any) -> tuple[Any, Any]:
    square = x * x + y * y
    return x / square, -y / square


COMPARISONS = {
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
    *(np.isfinite, np.isnan, np.isinf, np.signbit),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
}
"""The functions whose results are True and False, and have no tangent."""

RULES: dict[np.ufunc, Rule] = {
    np.add: _sum,
    np.subtract: _sum,
    np.multiply: _product,
    np.matmul: _product,
    np.vecdot: _product,
    np.true_divide: _quotient,
    np.remainder: _remainder,
    np.fmod: _remainder,
    np.power: _power,
    np.float_power: _power,
    np.maximum: _larger,
    np.fmax: _larger,
    np.minimum: _smaller,
    np.fmin: _smaller,
    np.copysign: _with_sign,
    np.heaviside: _step,
    np.hypot: _of_two(_direction),
    np.arctan2: _of_two(_angle_slopes),
    np.logaddexp: _of_two(lambda x, y, value: (np.exp(x - value), np.exp(y - value))),
    np.logaddexp2: _of_two(lambda x, y, value: (np.exp2(x - value), np.exp2(y - value))),
    np.floor_divide: _of_two(lambda x, y, value: (0, 0)),
    np.positive: _of_one(lambda x, value: 1),
    np.negative: _of_one(lambda x, value: -1),
    np.absolute: _of_one(lambda x, value: np.where(x > 0, 1, -1)),
    np.fabs: _of_one(lambda x, value: np.where(x > 0, 1, -1)),
    np.square: _of_one(lambda x, value: 2 * x),
    np.reciprocal: _of_one(lambda x, value: -value * value),
    np.sqrt: _of_one(lambda x, value: 0.5 / value),
    np.cbrt: _of_one(lambda x, value: 1 / (3 * value * value)),
    np.exp: _of_one(lambda x, value: value),
    np.exp2: _of_one(lambda x, value: math.log(2) * value),
    np.expm1: _of_one(lambda x, value: value + 1),
    np.log: _of_one(lambda x, value: 1 / x),
    np.log2: _of_one(lambda x, value: 1 / (math.log(2) * x)),
    np.log10: _of_one(lambda x, value: 1 / (math.log(10) * x)),
    np.log1p: _of_one(lambda x, value: 1 / (1 + x)),
    np.sin: _of_one(lambda x, value: np.cos(x)),
    np.cos: _of_one(lambda x, value: -np.sin(x)),
    np.tan: _of_one(lambda x, value: 1 + value * value),
    np.arcsin: _of_one(lambda x, value: 1 / np.sqrt((1 - x) * (1 + x))),
    np.arccos: _of_one(lambda x, value: -1 / np.sqrt((1 - x) * (1 + x))),
    np.arctan: _of_one(lambda x, value: 1 / (1 + x * x)),
    np.sinh: _of_one(lambda x, value: np.cosh(x)),
    np.cosh: _of_one(lambda x, value: np.sinh(x)),
    np.tanh: _of_one(lambda x, value: 1 - value * value),
    np.arcsinh: _of_one(lambda x, value: 1 / np.hypot(x, 1)),
    np.arccosh: _of_one(lambda x, value: 1 / np.sqrt((x - 1) * (x + 1))),
    np.arctanh: _of_one(lambda x, value: 1 / ((1 - x) * (1 + x))),
    **dict.fromkeys((np.degrees, np.rad2deg), _of_one(lambda x, value: 180 / math.pi)),
    **dict.fromkeys((np.radians, np.deg2rad), _of_one(lambda x, value: math.pi / 180)),
    **dict.fromkeys((np.sign, np.floor, np.ceil, np.rint, np.trunc), _of_one(lambda x, value: 0)),
}
"""The rule of each function."""
