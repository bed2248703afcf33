"""The source text of a registered function, with everything it needs to stand in another module.

A rule or loss is compiled from its own source, the very text that the NumPy engine runs, so an
equation has one definition. The text is taken without decorators, annotations, defaults and
docstring; what it reads from its module is written in front of it: NumPy's and math's functions as
imports, numbers as numbers, helper functions as text of their own.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[..., Any]


WHERE = """
@kernel
def {name}(condition, a, b):
    return a if condition else b
"""
# NumPy's own, compiled for scalars, makes an array of each result.


class NotCompilableError(Exception):
    """A function reads something that cannot be written into another module."""


def source_of(function: Function) -> str:
    """The function as text that stands alone. Raises NotCompilableError where it cannot."""
    pieces: dict[str, tuple[Any, str]] = {}
    _collect(function, pieces)
    return "\n\n".join(text for _, text in pieces.values())


def body_of(function: Function, decorator: str = "") -> str:
    """The bare text of a function, with its docstring, under this decorator."""
    return f"{decorator}\n{inspect.getsource(function).rstrip()}\n"


def _collect(function: Function, pieces: dict[str, tuple[Any, str]]) -> None:
    """Add the function's text to `pieces`, behind that of everything it reads."""
    tree = bare_tree(function)
    scope = inspect.getclosurevars(function)
    if scope.nonlocals:
        raise NotCompilableError(f"{tree.name} reads {', '.join(scope.nonlocals)} of a closure")
    for name in _names_read(tree):
        if name in scope.globals:
            _collect_value(name, scope.globals[name], pieces)
        elif not hasattr(builtins, name):
            raise NotCompilableError(f"{tree.name} reads {name}, which is not defined")
    _put(tree.name, function, f"@kernel\n{ast.unparse(tree)}\n", pieces)


def _collect_value(name: str, value: Any, pieces: dict[str, tuple[Any, str]]) -> None:
    if value is np.where:
        _put(name, value, WHERE.format(name=name), pieces)
    elif isinstance(value, types.ModuleType) and value.__name__ in ("numpy", "math"):
        _put(name, value, f"import {value.__name__} as {name}", pieces)
    elif isinstance(value, np.ufunc) or getattr(value, "__module__", None) in ("numpy", "math"):
        origin = getattr(value, "__module__", None) or "numpy"
        _put(name, value, f"from {origin} import {value.__name__} as {name}", pieces)
    elif isinstance(value, bool | int | float):
        _put(name, value, f"{name} = {value!r}", pieces)
    elif isinstance(value, types.FunctionType) and value.__name__ == name:
        if name not in pieces:
            _collect(value, pieces)
    else:
        raise NotCompilableError(f"{name} is neither a function nor a number")


def _put(name: str, value: Any, text: str, pieces: dict[str, tuple[Any, str]]) -> None:
    known = pieces.setdefault(name, (value, text))
    if known[0] is not value:
        raise NotCompilableError(f"{name} means two things")


def bare_tree(function: Function) -> ast.FunctionDef:
    """The function's syntax without decorators, annotations, defaults and docstring."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        raise NotCompilableError("its source cannot be read") from None
    if not isinstance(tree, ast.FunctionDef):
        raise NotCompilableError("it is not written with def")
    given = tree.args
    names = [given.posonlyargs, given.args, given.kwonlyargs]
    tree.args = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(arg.arg) for part in names for arg in part],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    tree.decorator_list, tree.returns = [], None
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def _names_read(tree: ast.FunctionDef) -> list[str]:
    """The names that the function takes from outside, in the order of their use."""
    own = {arg.arg for arg in tree.args.args}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return list(dict.fromkeys(node.id for node in names if node.id not in own))
