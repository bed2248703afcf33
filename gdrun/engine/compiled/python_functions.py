"""The source of a Python function that is translated to C, and what the names in it may mean."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable
from functools import cache
from typing import Any

from gdrun.engine.compiled.terms import is_number
from gdrun.engine.contract import NotCompilableError

Function = Callable[..., Any]


@cache
def syntax(function: Function) -> ast.FunctionDef:
    """Return the syntax tree of a function. Raises NotCompilableError if it cannot be read."""
    name = getattr(function, "__name__", repr(function))
    if inspect.unwrap(function) is not function:
        raise NotCompilableError(f"{name} is wrapped by a decorator")
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        raise NotCompilableError(f"the source of {name} cannot be read") from None
    if not isinstance(tree, ast.FunctionDef):
        raise NotCompilableError(f"{name} is not written with def")
    return tree


def is_readable(value: Any) -> bool:
    """Return whether a function that is translated may use this global value of its module.

    It may if the value is a number or a truth value, a tuple of these, a function, numpy or math.
    """
    if isinstance(value, tuple):
        return all(map(is_readable, value))
    return is_number(value) or is_mathematics(value) or callable(value)


def is_mathematics(value: Any) -> bool:
    return isinstance(value, types.ModuleType) and value.__name__ in ("numpy", "math")


def is_library(function: Any) -> bool:
    """Return whether a function belongs to Python, math or NumPy.

    NumPy's ufuncs do not record a module, so a function without a module counts as NumPy's.
    """
    module = str(getattr(function, "__module__", None) or "numpy").partition(".")[0]
    return module in ("numpy", "math", "builtins")


def construct(node: ast.AST) -> str:
    """Return the name of a syntax node for error messages, such as `while`."""
    return f"`{type(node).__name__.lower()}`"
