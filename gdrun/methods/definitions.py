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
"""The share of the past that a running mean keeps: 0 ≤ x < 1."""
Fraction = Annotated[float, Gt(0), Le(1)]
"""0 < x ≤ 1."""
Shrinkage = Annotated[float, Gt(0), Lt(1)]
"""A factor that makes smaller: 0 < x < 1."""
Level = Annotated[float, Gt(0), Lt(1)]
"""The level of a quantile: 0 < x < 1."""
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


def _any(entry: Any) -> bool:
    return True


AUTO = "auto"
"""What is given for a choice that is left to the model."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Marks an option whose value names an entry of a registry, which brings its own options.

    admits: whether an entry may be named. auto: whether the word auto may be given instead.
    """

    registry: Mapping[str, Definition]
    admits: Callable[[Any], bool] = _any
    auto: bool = False

    @property
    def entries(self) -> dict[str, Definition]:
        """The entries that may be named, as the registry is now."""
        return {name: entry for name, entry in self.registry.items() if self.admits(entry)}

    @property
    def words(self) -> tuple[str, ...]:
        """Every value that may be given."""
        return (*self.entries, AUTO) if self.auto else tuple(self.entries)

    def allows(self, word: object) -> bool:
        """Whether this may be given."""
        return isinstance(word, str) and word in self.words

    def named(self, word: object) -> tuple[Definition, ...]:
        """The entry of this name; none for auto. A name that is unknown may mean any of them."""
        if self.auto and word == AUTO:
            return ()
        entry = self.entries.get(word) if isinstance(word, str) else None
        return (entry,) if entry else tuple(self.entries.values())


Check = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""What is wrong between options that are right by themselves: (option, the words) for each."""


Mark = TypeVar("Mark", Nested, Choice)


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
        return self._mark(Nested)

    @property
    def choice(self) -> Choice | None:
        """The mark of an option that names an entry of a registry."""
        return self._mark(Choice)

    def listed(self) -> Option:
        """The option with the names that it may have written out, as its registry is now."""
        if self.choice is None:
            return self
        literal: Any = Literal
        return replace(self, annotation=literal[self.choice.words])

    def _mark(self, kind: type[Mark]) -> Mark | None:
        marks = typing.get_args(self.annotation)[1:]
        return next((mark for mark in marks if isinstance(mark, kind)), None)

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
    """A named function with its options and its documentation.

    given: values of its options; an option that has none here has its default.
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
        """The same with those of the values that are its own options."""
        own = {name: values[name] for name in self.options if name in values}
        return replace(self, given=own) if own else self

    @property
    def values(self) -> dict[str, Any]:
        """The value of each option: the given one, or the default."""
        return self.defaults | dict(self.given)

    @cached_property
    def bound(self) -> Callable[..., Any]:
        """The function of its inputs alone, under the given options."""
        return partial(self.function, **self.given) if self.given else self.function

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


def with_chosen(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Option]:
    """The options, each choice followed by the options of the entry that it names."""
    found: dict[str, Option] = {}
    for name, option in options.items():
        found[name] = option
        for _, entry in chosen_entries({name: option}, given):
            found |= entry.options
    return found


def chosen_entries(
    options: Mapping[str, Option], given: Mapping[str, Any]
) -> Iterator[tuple[str, Definition]]:
    """The entries that the choices among the options name, each with the name of its option."""
    for name, option in options.items():
        if option.choice is not None:
            for entry in option.choice.named(given.get(name, option.default)):
                yield name, entry


def brought_options(options: Mapping[str, Option]) -> dict[str, list[tuple[str, Option]]]:
    """Every option that a choice among the options may bring, by name.

    With each goes what brings it, such as `loss huber`.
    """
    found: dict[str, list[tuple[str, Option]]] = {}
    for choice, option in options.items():
        for entry in option.choice.entries.values() if option.choice else ():
            for name, brought in entry.options.items():
                found.setdefault(name, []).append((f"{choice} {entry.name}", brought))
    return found


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
