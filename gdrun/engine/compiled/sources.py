"""The source text of a registered function, with everything it needs to stand in another module.

A rule or loss is compiled from its own source, the very text that the NumPy engine runs, so an
equation has one definition. The text is taken without decorators, annotations, defaults and
docstring; what it reads from its module is written in front of it: NumPy's and math's functions as
imports, numbers as numbers, helper functions as text of their own; exponentials and logarithms in
a form that a compiler can vectorise.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
import types
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import numpy as np

from gdrun.engine.compiled import functions

Function = Callable[..., Any]


WHERE = """
@inlined
def {name}(condition, a, b):
    return a if condition else b
"""
# NumPy's own, compiled for scalars, makes an array of each result.

VECTORISED: dict[Any, Function] = {
    np.exp: functions.exp,
    math.exp: functions.exp,
    np.log: functions.log,
    math.log: functions.log,
    np.log1p: functions.log1p,
    math.log1p: functions.log1p,
}
"""What stands for a function of the mathematics library."""


DECLARED = ("as_bits", "as_float")
"""Names that every generated module declares."""


class NotCompilableError(Exception):
    """A function reads something that cannot be written into another module."""


def source_of(*given: Function) -> str:
    """The functions as text that stands alone. Raises NotCompilableError where they cannot."""
    pieces: dict[str, tuple[Any, str]] = {}
    for function in given:
        _collect(function, pieces)
    return "\n\n".join(text for _, text in pieces.values())


def body_of(function: Function, decorator: str = "") -> str:
    """The bare text of a function, with its docstring, under this decorator."""
    return f"{decorator}\n{_written(function).rstrip()}\n"


@cache
def _written(function: Function) -> str:
    """Its text as it stands, which takes long to find: a run asks for it several times."""
    return inspect.getsource(function)


def _collect(function: Function, pieces: dict[str, tuple[Any, str]]) -> None:
    """Add the function's text to `pieces`, behind that of everything it reads."""
    tree = bare_tree(function)
    scope = inspect.getclosurevars(function)
    if scope.nonlocals:
        raise NotCompilableError(f"{tree.name} reads {', '.join(scope.nonlocals)} of a closure")
    for name in _names_read(tree):
        if name in scope.globals:
            _collect_value(name, scope.globals[name], pieces)
        elif not hasattr(builtins, name) and name not in DECLARED:
            raise NotCompilableError(f"{tree.name} reads {name}, which is not defined")
    # Their rounding is counted on: no sum of theirs may be reordered.
    decorator = "exact" if function.__module__ == functions.__name__ else "inlined"
    _put(tree.name, function, f"@{decorator}\n{ast.unparse(tree)}\n", pieces)


def _collect_value(name: str, value: Any, pieces: dict[str, tuple[Any, str]]) -> None:
    if isinstance(value, Hashable) and value in VECTORISED:
        _collect(VECTORISED[value], pieces)
        if (own := VECTORISED[value].__name__) != name:
            _put(name, value, f"{name} = {own}\n", pieces)
    elif value is np.where:
        _put(name, value, WHERE.format(name=name), pieces)
    elif isinstance(value, types.ModuleType) and value.__name__ in ("numpy", "math"):
        _put(name, value, f"import {value.__name__} as {name}", pieces)
    elif isinstance(value, np.ufunc) or getattr(value, "__module__", None) in ("numpy", "math"):
        # One name may be both math's and NumPy's, which mean the same to a single number.
        value = getattr(np, value.__name__, value)
        origin = "numpy" if hasattr(np, value.__name__) else "math"
        _put(name, value, f"from {origin} import {value.__name__} as {name}", pieces)
    elif _is_constant(value):
        _put(name, value, f"{name} = {value!r}", pieces)
    elif isinstance(value, types.FunctionType) and value.__name__ == name:
        if name not in pieces:
            _collect(value, pieces)
    else:
        raise NotCompilableError(f"{name} is neither a function nor a number")


def _is_constant(value: Any) -> bool:
    """Whether it is a number, or a tuple of numbers."""
    if isinstance(value, tuple):
        return all(_is_constant(each) for each in value)
    return isinstance(value, bool | int | float)


def _put(name: str, value: Any, text: str, pieces: dict[str, tuple[Any, str]]) -> None:
    known = pieces.setdefault(name, (value, text))
    if known[0] is not value:
        raise NotCompilableError(f"{name} means two things")


def bare_tree(function: Function) -> ast.FunctionDef:
    """The function's syntax without decorators, annotations, defaults and docstring."""
    try:
        tree = ast.parse(textwrap.dedent(_written(function))).body[0]
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
