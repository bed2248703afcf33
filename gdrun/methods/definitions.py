"""Definitions: a function with its options and its documentation, as gdrun reads them.

The signature of the function is the only source of its options. A parameter without a default is
an input, which the program passes (weights, gradient, step count). A parameter with a default is an
option, which the user sets; its annotation holds the type and the bounds. The docstring is the only
source of the text that help, tables and pages show. It has this form:

    A sentence that names the method.

        the equation, indented, on one line or more

    Notes: the symbols, the shapes, the units.

    Source: author and year, and the place in the text.

    Raises: the exceptions, each with its condition.

    Elsewhere: the differences from other libraries.

Validation, the JSON Schema, `gdrun list` and the tests read definitions. To add a method, add one
function to one registry.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Gt, Le, Lt

from gdrun.errors import GdrunError, suggestion

Positive = Annotated[float, Gt(0)]
"""x > 0."""
NonNegative = Annotated[float, Ge(0)]
"""x ≥ 0."""
Rate = Annotated[float, Gt(0)]
"""A learning rate: x > 0, in units of weight per unit of gradient."""
Decay = Annotated[float, Ge(0), Lt(1)]
"""The share of its previous value that a running mean keeps: 0 ≤ x < 1."""
Fraction = Annotated[float, Gt(0), Le(1)]
"""0 < x ≤ 1."""
Shrinkage = Annotated[float, Gt(0), Lt(1)]
"""A factor that shrinks a value: 0 < x < 1."""
Growth = Annotated[float, Gt(1)]
"""A factor that enlarges a value: x > 1."""
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
    """The mark of an option whose values are entries of a registry, such as parts of a schedule.

    An entry is a name, or a mapping with a name and options. The option holds a tuple of entries
    where its annotation is a tuple, else one entry or None. kind: the config section whose form
    the entries have; an empty text means the section of the option itself.
    """

    kind: str = ""


Check = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""A function from options to contradictions between them: pairs of option name and message."""


@dataclass(frozen=True)
class Option:
    """One option of a definition: its name, its type with bounds, and its default."""

    name: str
    annotation: Any
    default: Any

    @property
    def varies(self) -> bool:
        """Whether lanes of one cohort may have different values: only real numbers may differ."""
        return _bare(self.annotation) is float

    @property
    def nested(self) -> Nested | None:
        """The mark of an option that holds entries of a registry; None for other options."""
        marks = typing.get_args(self.annotation)[1:]
        return next((mark for mark in marks if isinstance(mark, Nested)), None)

    @property
    def bounds(self) -> str:
        """The bounds as text, such as `0 ≤ x < 1`; empty where there are none."""
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
    """The parts of a docstring. extra: the paragraphs with a label, by label, without Source."""

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
        """Further lines for the page of this definition, by label."""
        return {}


def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """The parameters of `function` that have a default, as options by name.

    A parameter without an annotation has the type of its default, and no bounds.
    """
    # include_extras keeps Annotated, which holds the bounds.
    hints = typing.get_type_hints(function, include_extras=True)
    return {
        name: Option(name, hints.get(name, type(parameter.default)), parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


# Cached: rates are computed in every epoch, and inspect.signature is slow.
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
    """The parts of a docstring that has the form of the module's docstring."""
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
    # cleandoc removes the indent of an equation that is the whole body. Notes end with a full
    # stop and equations do not, which tells them apart.
    if not equation and notes and not notes[0][-1].endswith("."):
        equation.append("\n".join(notes.pop(0)))
    source = extra.pop("Source", "")
    notes_text = "\n\n".join(" ".join(paragraph) for paragraph in notes)
    return Doc(summary, "\n\n".join(equation), notes_text, source, extra)


def define(
    function: Callable[..., Any], *, name: str | None = None, check: Check | None = None
) -> Definition:
    """The definition of `function`: its options from the signature, its text from the docstring."""
    return Definition(
        name=name or function.__name__,
        function=function,
        options=options_of(function),
        doc=parse_doc(function.__doc__),
        check=check,
    )


Kind = TypeVar("Kind")


def lookup(registry: Mapping[str, Kind], name: str, kind: str) -> Kind:
    """The entry of `registry` with this name. kind: the word for such an entry in the message.

    Raises GdrunError, with similar names in its hint, where there is no such entry.
    """
    try:
        return registry[name]
    except KeyError:
        raise GdrunError(f"no {kind} is called {name!r}", hint=suggestion(name, registry)) from None


_LABELS = ("Source", "Raises", "Elsewhere", "Licence")


def _bare(annotation: Any) -> Any:
    return (
        typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
    )
