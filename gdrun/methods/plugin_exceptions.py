"""The hints on exceptions that the equation of a plugin raises when it is checked on arrays."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from gdrun.errors import near

_SYNTAX: dict[type[ast.AST], str] = {
    ast.If: "np.where(…) instead of if",
    ast.IfExp: "np.where(…) instead of if",
    ast.And: "& instead of and",
    ast.Or: "| instead of or",
    ast.Not: "~ instead of not",
}
"""What to write for arrays instead of the syntax of Python for one truth value."""

_BUILTINS: dict[Callable[..., Any], str] = {min: "minimum", max: "maximum"}
"""The functions of NumPy that do for each entry of arrays what these do for numbers."""


def hint_on(error: Exception, equation: Callable[..., Any]) -> str:
    """The hint for an exception that an equation raises when it is checked."""
    if isinstance(error, UnboundLocalError):
        return "give the variable a value before the equation uses it"
    if isinstance(error, NameError):
        known = [*equation.__code__.co_varnames, *equation.__globals__]
        alike = near(error.name, [name for name in known if not name.startswith("_")])
        what = f"{error.name} is neither a parameter nor imported"
        return f"{what}; did you mean {' or '.join(alike)}?" if alike else what
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        alike = near(error.name, dir(error.obj))
        if alike:
            module = error.obj.__name__
            return f"did you mean {' or '.join(f'{module}.{name}' for name in alike)}?"
    code, names = _failed(error, equation)
    found = ", ".join(dict.fromkeys(_for_arrays(code, names)))
    return f"its inputs are arrays: {f'write {found}' if found else 'use elementwise expressions'}"


def _failed(error: Exception, equation: Callable[..., Any]) -> tuple[CodeType, Mapping[str, Any]]:
    """The code of the plugin that raised the error, and the global names of its module.

    It is the equation, or a function in the same file that the equation calls.
    """
    own = equation.__code__
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        if frame.f_code.co_filename == own.co_filename:
            return frame.f_code, frame.f_globals
    return own, equation.__globals__


def _for_arrays(code: CodeType, names: Mapping[str, Any]) -> Iterator[str]:
    """What to write for arrays, for each part of the code that is only for single numbers.

    names: the global names of the code. Nothing if its source cannot be read.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError):
        return
    for node in ast.walk(tree):
        if (words := _SYNTAX.get(type(node))) is not None:
            yield words
        elif isinstance(node, ast.Call):
            name = _numpy_name(_value(node.func, names))
            # The smallest entry of one array, as in min(g), is no elementwise expression.
            if name is not None and (len(node.args) > 1 or name not in _BUILTINS.values()):
                yield f"np.{name} instead of {ast.unparse(node.func)}"


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a global name, or of an attribute of one such as math.sqrt; None of others."""
    if isinstance(node, ast.Name):
        return names.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, names), node.attr, None)
    return None


def _numpy_name(function: Any) -> str | None:
    """The name in NumPy of a function for single numbers, from Python or math; None of others."""
    if getattr(function, "__module__", None) == "math" and hasattr(np, function.__name__):
        return str(function.__name__)
    return next((name for each, name in _BUILTINS.items() if each is function), None)
