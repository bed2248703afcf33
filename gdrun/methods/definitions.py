"""Definitions: functions with their options and their documentation, for registries by name.

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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Annotated, Any, Literal, Self, TypeVar

from annotated_types import Ge, Gt, Le, Lt

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
Level = Annotated[float, Gt(0), Lt(1)]
"""The level of a quantile: 0 < x < 1."""
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

    An entry is a name, or a mapping with a name and options. If the annotation of the option is a
    tuple, its value is a tuple of entries; otherwise it is one entry or None. kind: the config
    section whose form the entries have; an empty text means the section of the option itself.
    """

    kind: str = ""


def _any(entry: Any) -> bool:
    return True


AUTO = "auto"
"""The value of a choice that lets the model choose."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The mark of an option whose value is the name of an entry of a registry, such as a loss.

    The section then also has the options of this entry. admits: whether an entry is allowed.
    auto: whether the value may be `auto` instead of a name.
    """

    registry: Mapping[str, Definition]
    admits: Callable[[Any], bool] = _any
    auto: bool = False

    @property
    def entries(self) -> dict[str, Definition]:
        """The allowed entries by name. A plugin may add some, so each access reads the registry."""
        return {name: entry for name, entry in self.registry.items() if self.admits(entry)}

    @property
    def words(self) -> tuple[str, ...]:
        """All allowed values of the option."""
        return (*self.entries, AUTO) if self.auto else tuple(self.entries)

    def allows(self, word: object) -> bool:
        """Whether `word` is an allowed value of the option."""
        return isinstance(word, str) and word in self.words

    def named(self, word: object) -> tuple[Definition, ...]:
        """The entry with this name; no entry for auto; all entries for an unknown name.

        For an unknown name the error message is about the name only, so all options are accepted.
        """
        if self.auto and word == AUTO:
            return ()
        entry = self.entries.get(word) if isinstance(word, str) else None
        return (entry,) if entry else tuple(self.entries.values())


Check = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""A function from options to contradictions between them: pairs of option name and message."""


Mark = TypeVar("Mark", Nested, Choice)


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
        return self._mark(Nested)

    @property
    def choice(self) -> Choice | None:
        """The mark of an option that names an entry of a registry; None for other options."""
        return self._mark(Choice)

    def listed(self) -> Option:
        """The option, with the names that its registry has now as a Literal type."""
        if self.choice is None:
            return self
        literal: Any = Literal
        return replace(self, annotation=literal[self.choice.words])

    def _mark(self, kind: type[Mark]) -> Mark | None:
        marks = typing.get_args(self.annotation)[1:]
        return next((mark for mark in marks if isinstance(mark, kind)), None)

    @property
    def bounds(self) -> str:
        """The bounds as text, such as `0 ≤ x < 1`; empty if there are none."""
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
    """A named function with its options and its documentation.

    given: the options that were set, with their values; all other options have their defaults.
    """

    name: str
    function: Callable[..., Any]
    options: Mapping[str, Option]
    doc: Doc
    check: Check | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: option.default for name, option in self.options.items()}

    def with_options(self, values: Mapping[str, Any]) -> Self:
        """The definition with these values for its options; other values are ignored."""
        own = {name: values[name] for name in self.options if name in values}
        return replace(self, given=own) if own else self

    @property
    def values(self) -> dict[str, Any]:
        """The value of each option: the given one, or the default."""
        return self.defaults | dict(self.given)

    @cached_property
    def bound(self) -> Callable[..., Any]:
        """The function with the given options fixed, so that it takes only its inputs."""
        return partial(self.function, **self.given) if self.given else self.function

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


def with_chosen(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Option]:
    """The options, in which each choice is followed by the options of the entry that it names.

    given: the values of a section.
    """
    extended: dict[str, Option] = {}
    for name, option in options.items():
        extended[name] = option
        for _, entry in chosen_entries({name: option}, given):
            extended |= entry.options
    return extended


def chosen_entries(
    options: Mapping[str, Option], given: Mapping[str, Any]
) -> Iterator[tuple[str, Definition]]:
    """The name of each choice among the options, with the entry that `given` names for it."""
    for name, option in options.items():
        if option.choice is not None:
            for entry in option.choice.named(given.get(name, option.default)):
                yield name, entry


def brought_options(options: Mapping[str, Option]) -> dict[str, list[tuple[str, Option]]]:
    """The options of all entries that the choices among the options can name, by option name.

    Each option has the label of its entry, such as `loss huber`.
    """
    found: dict[str, list[tuple[str, Option]]] = {}
    for choice, option in options.items():
        for entry in option.choice.entries.values() if option.choice else ():
            for name, brought in entry.options.items():
                found.setdefault(name, []).append((f"{choice} {entry.name}", brought))
    return found


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
    # cleandoc removes the indent of an equation that is the whole body. It is recognised as an
    # equation, because notes end with a full stop and equations do not.
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


_LABELS = ("Source", "Raises", "Elsewhere", "Licence")


def _bare(annotation: Any) -> Any:
    return (
        typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
    )
