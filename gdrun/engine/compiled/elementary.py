"""The functions of NumPy and math on single numbers, with the C functions that compute the same.

Each of them has two C functions. The first is for values that differ between parameters or
examples, in the number type of the run (`real`). The second is for a number that all parameters or
examples share, which is computed once, in double precision.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Elementary:
    """The C form of a function: the names of two C functions that compute it.

    real: the C function for the number type of the run. number: the C function for a double.
    arity: the number of arguments. truth: whether the function returns a truth value.
    """

    real: str
    number: str
    arity: int = 1
    truth: bool = False


def _own(name: str, arity: int = 1, *, truth: bool = False) -> Elementary:
    """Return the C form of a function that mathematics.h defines for real and for double."""
    return Elementary(f"real_{name}", f"number_{name}", arity, truth)


def _vectorised(name: str) -> Elementary:
    """Return the C form of a function that mathematics.h defines for loops over arrays.

    For shared numbers the function of the C library is used.
    """
    return Elementary(f"real_{name}", name)


def _library(name: str, arity: int = 1) -> Elementary:
    """Return the C form of a function of the C library, which has a name for each number type."""
    return Elementary(f"REAL({name})", name, arity)


ELEMENTARY: Mapping[Callable[..., Any], Elementary] = {
    np.exp: _vectorised("exp"),
    np.log: _vectorised("log"),
    np.log1p: _vectorised("log1p"),
    np.expm1: _vectorised("expm1"),
    np.tanh: _vectorised("tanh"),
    np.sqrt: _library("sqrt"),
    np.absolute: _library("fabs"),
    np.fabs: _library("fabs"),
    np.sign: _own("sign"),
    np.maximum: _own("maximum", 2),
    np.minimum: _own("minimum", 2),
    np.fmax: _library("fmax", 2),
    np.fmin: _library("fmin", 2),
    np.square: _own("square"),
    np.heaviside: _own("heaviside", 2),
    np.logaddexp: _own("logaddexp", 2),
    np.isnan: _own("isnan", truth=True),
    np.isinf: _own("isinf", truth=True),
    np.isfinite: _own("isfinite", truth=True),
    np.signbit: _own("signbit", truth=True),
    np.copysign: _library("copysign", 2),
    np.hypot: _library("hypot", 2),
    np.float_power: _library("pow", 2),
    np.fmod: _library("fmod", 2),
    np.cbrt: _library("cbrt"),
    np.exp2: _library("exp2"),
    np.log2: _library("log2"),
    np.log10: _library("log10"),
    np.floor: _library("floor"),
    np.ceil: _library("ceil"),
    np.trunc: _library("trunc"),
    np.rint: _library("rint"),
    np.sin: _library("sin"),
    np.cos: _library("cos"),
    np.tan: _library("tan"),
    np.arcsin: _library("asin"),
    np.arccos: _library("acos"),
    np.arctan: _library("atan"),
    np.arctan2: _library("atan2", 2),
    np.sinh: _library("sinh"),
    np.cosh: _library("cosh"),
    np.arcsinh: _library("asinh"),
    np.arccosh: _library("acosh"),
    np.arctanh: _library("atanh"),
}
"""The C form of each function of NumPy that has one."""

SAME_AS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    builtins.abs: np.absolute,
    math.fabs: np.absolute,
    math.exp: np.exp,
    math.log: np.log,
    math.log1p: np.log1p,
    math.expm1: np.expm1,
    math.tanh: np.tanh,
    math.sqrt: np.sqrt,
    math.pow: np.float_power,
    math.fmod: np.fmod,
    math.copysign: np.copysign,
    math.hypot: np.hypot,
    math.floor: np.floor,
    math.ceil: np.ceil,
    math.trunc: np.trunc,
    math.log2: np.log2,
    math.log10: np.log10,
    math.sin: np.sin,
    math.cos: np.cos,
    math.tan: np.tan,
    math.asin: np.arcsin,
    math.acos: np.arccos,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.sinh: np.sinh,
    math.cosh: np.cosh,
    math.asinh: np.arcsinh,
    math.acosh: np.arccosh,
    math.atanh: np.arctanh,
    math.isnan: np.isnan,
    math.isinf: np.isinf,
    math.isfinite: np.isfinite,
}
"""Functions of math and Python, with the NumPy function that computes the same on one number."""

ONLY_IN_MATH: Mapping[Callable[..., Any], Elementary] = {
    math.erf: _library("erf"),
    math.erfc: _library("erfc"),
    math.gamma: _library("tgamma"),
    math.lgamma: _library("lgamma"),
}

NUMPY_OPERATORS: Mapping[Callable[..., Any], type[ast.operator] | type[ast.cmpop]] = {
    np.add: ast.Add,
    np.subtract: ast.Sub,
    np.multiply: ast.Mult,
    np.divide: ast.Div,
    np.power: ast.Pow,
    np.floor_divide: ast.FloorDiv,
    np.remainder: ast.Mod,
    np.less: ast.Lt,
    np.less_equal: ast.LtE,
    np.greater: ast.Gt,
    np.greater_equal: ast.GtE,
    np.equal: ast.Eq,
    np.not_equal: ast.NotEq,
    np.logical_and: ast.BitAnd,
    np.logical_or: ast.BitOr,
    np.logical_xor: ast.BitXor,
}
"""Functions of NumPy, with the operator that computes the same, such as + for np.add."""


def elementary(function: Any) -> Elementary | None:
    """Return the C form of a function of NumPy, math or Python; None if it has none."""
    try:
        return ELEMENTARY.get(SAME_AS.get(function, function)) or ONLY_IN_MATH.get(function)
    except TypeError:  # not hashable
        return None
