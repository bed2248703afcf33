"""Dual arrays: NumPy code that runs on them also computes an exact directional derivative.

A dual array is a + ε a', where ε² = 0. If w has the tangent w' = v, every array that is computed
from w has as its tangent its derivative in the direction v: f(w + ε v) = f(w) + ε ∇f(w)ᵀv. Applied
to code that computes a gradient, this gives the Hessian times v, exact to rounding. No differences
are taken, and no second derivative is written by hand.

Many equations change their branch at x = 0. They test x > 0, so at 0 the tangent is that of the
branch for x ≤ 0; for example, |x| has the slope −1 at 0. This is exact for smooth equations that
are written with |x|, such as the sigmoid. At a kink the tangent uses one of the possible slopes,
such as 0 for relu at 0.

An array without a tangent is a constant. Only the functions of NumPy that gdrun's equations use are
defined; for any other one, Python raises TypeError.

Source: Wengert 1964 for forward differentiation; Pearlmutter 1994 for the product with a Hessian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gdrun.array_types import Array


class DualArray(NDArrayOperatorsMixin):
    """An array with its tangent. value, tangent: arrays of the same shape and dtype."""

    def __init__(self, value: Array, tangent: Array) -> None:
        self.value, self.tangent = value, tangent

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, place: Any) -> DualArray:
        return DualArray(self.value[place], self.tangent[place])

    def __setitem__(self, place: Any, item: Any) -> None:
        self.value[place], self.tangent[place] = _parts(item)

    def reshape(self, *shape: int) -> DualArray:
        return DualArray(self.value.reshape(*shape), self.tangent.reshape(*shape))

    def swapaxes(self, first: int, second: int) -> DualArray:
        return DualArray(self.value.swapaxes(first, second), self.tangent.swapaxes(first, second))

    def astype(self, dtype: Any, copy: bool = True) -> DualArray:
        return DualArray(self.value.astype(dtype, copy=copy), self.tangent.astype(dtype, copy=copy))

    def sum(self, **options: Any) -> DualArray:
        return DualArray(self.value.sum(**options), self.tangent.sum(**options))

    def mean(self, **options: Any) -> DualArray:
        return DualArray(self.value.mean(**options), self.tangent.mean(**options))

    def max(self, axis: int, keepdims: bool = False) -> DualArray:
        place = np.expand_dims(self.value.argmax(axis=axis), axis)
        largest, slope = (
            np.take_along_axis(part, place, axis) for part in (self.value, self.tangent)
        )
        found = DualArray(largest, slope)
        return found if keepdims else found[(*[slice(None)] * (axis % self.ndim), 0)]

    def __array_ufunc__(
        self, function: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        if function in _COMPARISONS:
            return function(*(_parts(item)[0] for item in inputs))
        rule = _LINEAR.get(function) or _RULES.get(function)
        if rule is None:
            return NotImplemented
        found = DualArray(*rule(function, *map(_parts, inputs)))
        return found if out is None else _written(found, out[0])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, arguments: Any, options: Any
    ) -> Any:
        rule = _FUNCTIONS.get(function)
        return NotImplemented if rule is None else rule(*arguments, **options)


Parts = tuple[Any, Any]
"""A value and its tangent."""


def _parts(item: Any) -> Parts:
    """The value and the tangent of an operand. The tangent of a constant is the number 0."""
    return (item.value, item.tangent) if isinstance(item, DualArray) else (item, 0)


def _written(found: DualArray, out: DualArray) -> DualArray:
    """Write a result into an array that the caller gave, and return this array."""
    out.value[...], out.tangent[...] = found.value, found.tangent
    return out


def _full(value: Any, tangent: Any) -> Parts:
    """The value, and the tangent in the shape of the value."""
    if np.shape(tangent) != np.shape(value):
        tangent = np.broadcast_to(tangent, np.shape(value)).astype(value.dtype)
    return value, tangent


def _sum(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return _full(function(a[0], b[0]), function(a[1], b[1]))


def _product(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """The product rule for any bilinear function, such as multiply, matmul and vecdot."""
    value = function(a[0], b[0])
    # A constant factor has the tangent 0, for which no product is computed.
    terms = [
        function(*pair)
        for pair in ((a[1], b[0]), (a[0], b[1]))
        if all(isinstance(part, np.ndarray | np.generic) or part for part in pair)
    ]
    return _full(value, sum(terms[1:], start=terms[0]) if terms else 0)


def _quotient(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    value = a[0] / b[0]
    return _full(value, (a[1] - value * b[1]) / b[0])


def _power(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    """A power with a constant exponent."""
    base, exponent = a[0], b[0]
    return base**exponent, exponent * base ** (exponent - 1) * a[1]


def _larger(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return _full(np.maximum(a[0], b[0]), np.where(a[0] > b[0], a[1], b[1]))


def _smaller(function: np.ufunc, a: Parts, b: Parts) -> Parts:
    return _full(np.minimum(a[0], b[0]), np.where(a[0] <= b[0], a[1], b[1]))


def _of_one(slope: Callable[[Any, Any], Any]) -> Callable[[np.ufunc, Parts], Parts]:
    """The rule for the tangent of an elementwise function of one argument.

    slope: a function of the argument and of the function's value, which returns the derivative.
    """

    def rule(function: np.ufunc, a: Parts) -> Parts:
        value = function(a[0])
        return _full(value, slope(a[0], value) * a[1])

    return rule


_COMPARISONS = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}

_LINEAR: dict[np.ufunc, Callable[..., Parts]] = {
    np.add: _sum,
    np.subtract: _sum,
    np.multiply: _product,
    np.matmul: _product,
    np.vecdot: _product,
}

_RULES: dict[np.ufunc, Callable[..., Parts]] = {
    np.true_divide: _quotient,
    np.power: _power,
    np.maximum: _larger,
    np.minimum: _smaller,
    np.negative: _of_one(lambda x, value: -1),
    np.absolute: _of_one(lambda x, value: np.where(x > 0, 1, -1)),
    np.sign: _of_one(lambda x, value: 0),
    np.exp: _of_one(lambda x, value: value),
    np.expm1: _of_one(lambda x, value: value + 1),
    np.log: _of_one(lambda x, value: 1 / x),
    np.log1p: _of_one(lambda x, value: 1 / (1 + x)),
    np.sqrt: _of_one(lambda x, value: 0.5 / value),
    np.tanh: _of_one(lambda x, value: 1 - value * value),
}


def _where(condition: Any, a: Any, b: Any) -> DualArray:
    (a, slope_a), (b, slope_b) = _parts(a), _parts(b)
    return DualArray(*_full(np.where(condition, a, b), np.where(condition, slope_a, slope_b)))


def _stack(arrays: Any, axis: int = 0, out: Any = None) -> DualArray:
    values, tangents = zip(*(_full(*_parts(array)) for array in arrays), strict=True)
    found = DualArray(np.stack(values, axis), np.stack(tangents, axis))
    return found if out is None else _written(found, out)


def _total(array: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> DualArray:
    found: DualArray = array.sum(axis=axis, keepdims=keepdims)
    return found if out is None else _written(found, out)


def _empty_like(array: DualArray) -> DualArray:
    return DualArray(np.empty_like(array.value), np.empty_like(array.value))


def _broadcast_to(array: DualArray, shape: tuple[int, ...]) -> DualArray:
    return DualArray(np.broadcast_to(array.value, shape), np.broadcast_to(array.tangent, shape))


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _where,
    np.stack: _stack,
    np.sum: _total,
    np.empty_like: _empty_like,
    np.broadcast_to: _broadcast_to,
}
