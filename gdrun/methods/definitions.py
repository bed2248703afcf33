"""A definition: one function, and everything gdrun knows about it.

The function's signature is the single source of its options. Parameters without a default are
inputs, handed over by the program (weights, gradient, step count). Parameters with a default are
options, set by the user; their annotation carries type and bounds. The docstring is the single
source of what help, tables and pages print. It has one form:

    A sentence that names the method.

        the equation, indented, over as many lines as it needs

    Notes: symbols, shapes, units, what it raises.

    Source: author year, and where in it.

Validation, JSON Schema, `gdrun list` and the tests read definitions, so adding a method is adding
one function to one registry, and nothing else.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt

Positive = Annotated[float, Gt(0)]
"""x > 0."""
NonNegative = Annotated[float, Ge(0)]
"""x ≥ 0."""
Rate = Annotated[float, Gt(0)]
"""A learning rate: x > 0, in units of weight per unit of gradient."""
Decay = Annotated[float, Ge(0), Lt(1)]
"""The share of the past that a running mean keeps: 0 ≤ x < 1."""
Fraction = Annotated[float, Gt(0), Le(1)]
"""0 < x ≤ 1."""
Shrinkage = Annotated[float, Gt(0), Lt(1)]
"""A factor that makes smaller: 0 < x < 1."""
Growth = Annotated[float, Gt(1)]
"""A factor that makes larger: x > 1."""
Divisor = Annotated[float, Ge(1)]
"""x ≥ 1."""
Count = Annotated[int, Ge(1)]
"""A whole number ≥ 1."""
Natural = Annotated[int, Ge(0)]
"""A whole number ≥ 0."""
Seed = Annotated[int, Ge(0)]
"""A whole number ≥ 0."""


@dataclass(frozen=True)
class Nested:
    """Marks an option that holds entries of a registry, each a name or a mapping.

    A tuple of them where the annotation is a tuple, else one or None. kind: the section they are
    written like; empty for the option's own.
    """

    kind: str = ""


Check = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""What is wrong between options that are right by themselves: (option, the words) for each."""


@dataclass(frozen=True)
class Option:
    """One option of a definition. `varies`: a real number, so lanes may differ in it."""

    name: str
    annotation: Any
    default: Any

    @property
    def varies(self) -> bool:
        return _bare(self.annotation) is float

    @property
    def nested(self) -> Nested | None:
        """The mark of an option that holds entries of a registry."""
        marks = typing.get_args(self.annotation)[1:]
        return next((mark for mark in marks if isinstance(mark, Nested)), None)

    @property
    def bounds(self) -> str:
        """The bounds in words, such as `0 ≤ x < 1`; empty where there are none."""
        low = high = ""
        for mark in typing.get_args(self.annotation)[1:]:
            match mark:
                case Gt(gt=limit):
                    low = f"{limit} < "
                case Ge(ge=limit):
                    low = f"{limit} ≤ "
                case Lt(lt=limit):
                    high = f" < {limit}"
                case Le(le=limit):
                    high = f" ≤ {limit}"
        return f"{low}x{high}" if low or high else ""


@dataclass(frozen=True)
class Doc:
    """A docstring in the one form, taken apart. `extra` holds the labelled paragraphs."""

    summary: str
    equation: str
    notes: str
    source: str
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    """A named function with its options and its documentation."""

    name: str
    function: Callable[..., Any]
    options: Mapping[str, Option]
    doc: Doc
    check: Check | None = None

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: option.default for name, option in self.options.items()}

    @property
    def facts(self) -> dict[str, str]:
        """What a page says besides the documentation, by label."""
        return {}


def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """The parameters of `function` that have a default, as options.

    One without an annotation has the type of its default and no bounds.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    return {
        name: Option(name, hints.get(name, type(parameter.default)), parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


@cache
def inputs_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters of `function` that have no default, in order."""
    return tuple(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty
    )


@cache
def option_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters of `function` that have a default, in order."""
    return tuple(
        name for name in inspect.signature(function).parameters if name not in inputs_of(function)
    )


def parse_doc(text: str | None) -> Doc:
    """Take a docstring in the one form apart."""
    paragraphs: list[list[str]] = [[]]
    for line in inspect.cleandoc(text or "").splitlines():
        if line.strip():
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    summary, equation, notes, extra = "", [], [], {}
    for paragraph in filter(None, paragraphs):
        label, colon, rest = paragraph[0].partition(":")
        if paragraph[0].startswith("    "):
            equation.append("\n".join(line.removeprefix("    ") for line in paragraph))
        elif not summary:
            summary = " ".join(paragraph)
        elif colon and label in _LABELS:
            extra[label] = " ".join([rest.strip(), *paragraph[1:]])
        else:
            notes.append(paragraph)
    # An equation that is the whole body loses its indent to cleandoc; notes are sentences.
    if not equation and notes and not notes[0][-1].endswith("."):
        equation.append("\n".join(notes.pop(0)))
    source = extra.pop("Source", "")
    notes_text = "\n\n".join(" ".join(paragraph) for paragraph in notes)
    return Doc(summary, "\n\n".join(equation), notes_text, source, extra)


def define(
    function: Callable[..., Any], *, name: str | None = None, check: Check | None = None
) -> Definition:
    """The definition of `function`, read from its signature and docstring."""
    return Definition(
        name=name or function.__name__,
        function=function,
        options=options_of(function),
        doc=parse_doc(function.__doc__),
        check=check,
    )


_LABELS = ("Source", "Raises", "Elsewhere", "Licence")


def _bare(annotation: Any) -> Any:
    return (
        typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
    )
