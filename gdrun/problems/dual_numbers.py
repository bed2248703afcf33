"""Dual arrays: NumPy code that runs on them also computes an exact directional derivative.

A dual array is a + ε a', where ε² = 0. If w has the tangent w' = v, every array that is computed
from w has as its tangent its derivative in the direction v: f(w + ε v) = f(w) + ε ∇f(w)ᵀv. Applied
to code that computes a gradient, this gives the Hessian times v, exact to rounding. No differences
are taken, and no second derivative is written by hand.

An array without a tangent is a constant. The elementary functions of NumPy are defined (see
`derivative_rules`), and a few others. Equations of plugins may use more: any other function raises
NoDerivativeError, which names it.

Source: Wengert 1964 for forward differentiation; Pearlmutter 1994 for the product with a Hessian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gdrun.array_types import Array
from gdrun.problems.derivative_rules import COMPARISONS, RULES, Parts, full


class NoDerivativeError(TypeError):
    """The derivative of a function is not known here. function: the name of the function."""

    def __init__(self, function: str) -> None:
        super().__init__(f"no derivative of {function} is known")
        self.function = function


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

    def sum(self, *arguments: Any, **options: Any) -> Any:
        return np.sum(self, *arguments, **options)

    def mean(self, *arguments: Any, **options: Any) -> Any:
        return np.mean(self, *arguments, **options)

    def max(self, *arguments: Any, **options: Any) -> Any:
        return np.max(self, *arguments, **options)

    def __array_ufunc__(
        self, function: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        if method != "__call__":
            raise NoDerivativeError(f"{function.__name__}.{method}")
        if function in COMPARISONS and out is None:
            return function(*(_parts(item)[0] for item in inputs), **options)
        rule = RULES.get(function)
        if rule is None or options:
            raise NoDerivativeError(function.__name__)
        found = DualArray(*rule(function, *map(_parts, inputs)))
        return found if out is None else _written(found, out[0])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, arguments: Any, options: Any
    ) -> Any:
        rule = _FUNCTIONS.get(function)
        if rule is None:
            raise NoDerivativeError(function.__name__)
        try:
            return rule(*arguments, **options)
        except NoDerivativeError:
            raise
        except TypeError as error:  # An option of the function that its rule does not have.
            raise NoDerivativeError(function.__name__) from error

    def __getattr__(self, name: str) -> Any:
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise NoDerivativeError(f"ndarray.{name}")
        raise AttributeError(name)

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise NoDerivativeError("asarray")

    def __float__(self) -> float:
        raise NoDerivativeError("float")


def _parts(item: Any) -> Parts:
    """The value and the tangent of an operand. The tangent of a constant is the number 0."""
    return (item.value, item.tangent) if isinstance(item, DualArray) else (item, 0)


def _written(found: DualArray, out: Any) -> DualArray:
    """Write a result into an array that the caller gave, and return this array."""
    if not isinstance(out, DualArray):
        raise NoDerivativeError("writing into an array that does not depend on the weights")
    out.value[...], out.tangent[...] = found.value, found.tangent
    return out


def _where(condition: Any, a: Any, b: Any) -> DualArray:
    (condition, _), (a, slope_a), (b, slope_b) = map(_parts, (condition, a, b))
    return DualArray(*full(np.where(condition, a, b), np.where(condition, slope_a, slope_b)))


def _stack(arrays: Any, axis: int = 0, out: Any = None) -> DualArray:
    values, tangents = zip(*(full(*_parts(array)) for array in arrays), strict=True)
    found = DualArray(np.stack(values, axis), np.stack(tangents, axis))
    return found if out is None else _written(found, out)


def _total(array: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> DualArray:
    found = DualArray(*(part.sum(axis=axis, keepdims=keepdims) for part in _parts(array)))
    return found if out is None else _written(found, out)


def _mean(array: Any, axis: Any = None, keepdims: bool = False) -> DualArray:
    return DualArray(*(part.mean(axis=axis, keepdims=keepdims) for part in _parts(array)))


def _largest(array: DualArray, axis: int, keepdims: bool = False) -> DualArray:
    place = np.expand_dims(array.value.argmax(axis=axis), axis)
    found = DualArray(
        *(np.take_along_axis(part, place, axis) for part in (array.value, array.tangent))
    )
    return found if keepdims else found[(*[slice(None)] * (axis % array.ndim), 0)]


def _clip(array: Any, a_min: Any = None, a_max: Any = None) -> Any:
    raised = array if a_min is None else np.maximum(array, a_min)
    return raised if a_max is None else np.minimum(raised, a_max)


def _filled_like(make: Callable[..., Array]) -> Callable[..., DualArray]:
    """The function that makes an array like another one, with its values and the tangent 0."""

    def function(array: DualArray, *arguments: Any, **options: Any) -> DualArray:
        value = make(array.value, *arguments, **options)
        return DualArray(value, np.zeros_like(value))

    return function


def _broadcast_to(array: DualArray, shape: tuple[int, ...]) -> DualArray:
    return DualArray(np.broadcast_to(array.value, shape), np.broadcast_to(array.tangent, shape))


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _where,
    np.stack: _stack,
    np.sum: _total,
    np.mean: _mean,
    np.max: _largest,
    np.clip: _clip,
    np.shape: lambda array: array.shape,
    np.ndim: lambda array: array.ndim,
    np.broadcast_to: _broadcast_to,
    **{
        make: _filled_like(make)
        for make in (np.empty_like, np.zeros_like, np.ones_like, np.full_like)
    },
}
