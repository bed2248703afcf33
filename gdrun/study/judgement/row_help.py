"""The help on the parts of a study's result, from the docstrings of their classes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from textwrap import TextWrapper
from types import FunctionType, MethodType
from typing import Any

WIDTH = 96
"""The most characters of a line."""


def help_on(parts: Mapping[str, type], indent: str = "    ") -> str:
    """A paragraph for each part of a result: its fields, then its properties and methods.

    parts: the class of each part, by words such as `A row of ranking`. indent: of every line; the
    lines on the attributes of a part are indented twice.
    """
    return "\n\n".join(
        "\n".join([f"{indent}{words}:", "", *_lines(kind, 2 * indent)])
        for words, kind in parts.items()
    )


def _lines(kind: type, indent: str) -> list[str]:
    """The paragraphs of a class's docstring after its first one, and a line for each attribute."""
    _, *own = _paragraphs(kind)
    names = [name for each in reversed(kind.__mro__[:-1]) for name in vars(each)]
    members = {name: getattr(kind, name, None) for name in names if not name.startswith("_")}
    described = [
        f"{name}{_arguments(value)}: {' '.join(_paragraphs(value))}"
        for name, value in members.items()
        if isinstance(value, property | cached_property | FunctionType | MethodType)
    ]
    wrapper = TextWrapper(
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [wrapper.fill(text) for text in [*own, *described]]


def _paragraphs(documented: Any) -> list[str]:
    """The paragraphs of a docstring, each in one line; without a docstring an empty one."""
    return [" ".join(each.split()) for each in (inspect.getdoc(documented) or "").split("\n\n")]


def _arguments(value: Any) -> str:
    """The names of a method's arguments without self, in parentheses; empty for a property."""
    if not isinstance(value, FunctionType | MethodType):
        return ""
    return f"({', '.join(each for each in inspect.signature(value).parameters if each != 'self')})"
