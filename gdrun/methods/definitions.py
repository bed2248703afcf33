"""Definitions: functions with their options and their documentation, the entries of registries.

A registry is a dict of definitions by name, such as all optimizers. The signature of a function is
the only source of its options. A parameter without a default is an input, which the program passes
(weights, gradient, step count). A parameter with a default is an option, which the user sets; its
annotation holds the type and the bounds. The docstring of the function is the only source of the
text that help, tables and pages show (see docstrings.py).

Validation, the JSON Schema, `gdrun list` and the tests read definitions. To add a method, add one
function to one registry.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import chain
from typing import Annotated, Any, Literal, Self, TypeVar

from annotated_types import Ge, Gt, Le, Lt

from gdrun.methods.docstrings import Doc, parse_doc

Positive = Annotated[float, Gt(0)]
"""A real number x > 0."""
NonNegative = Annotated[float, Ge(0)]
"""A real number x ≥ 0."""
Rate = Annotated[float, Gt(0)]
"""A learning rate: x > 0, in units of weight per unit of gradient."""
Decay = Annotated[float, Ge(0), Lt(1)]
"""The factor x of the previous value in a running mean: 0 ≤ x < 1."""
Fraction = Annotated[float, Gt(0), Le(1)]
"""A real number x with 0 < x ≤ 1."""
Shrinkage = Annotated[float, Gt(0), Lt(1)]
"""A factor x that makes a value smaller: 0 < x < 1."""
Level = Annotated[float, Gt(0), Lt(1)]
"""The level x of a quantile: 0 < x < 1; for example, 0.5 is the level of the median."""
Growth = Annotated[float, Gt(1)]
"""A factor x that makes a value larger: x > 1."""
Divisor = Annotated[float, Ge(1)]
"""A real number x ≥ 1, by which a value is divided."""
MOST_WHOLE = 10**15
"""The largest whole number that an option may have, except a seed.

It is far below 2⁵³, so an int64 or a float64 holds the number, and the sum of a few, exactly.
"""
Count = Annotated[int, Ge(1), Le(MOST_WHOLE)]
"""A whole number ≥ 1."""
Natural = Annotated[int, Ge(0), Le(MOST_WHOLE)]
"""A whole number ≥ 0."""
Seed = Annotated[int, Ge(0)]
"""The seed of a random number generator: a whole number ≥ 0."""


@dataclass(frozen=True)
class Nested:
    """Marks an option whose value consists of registry entries, such as the parts of a schedule.

    A config gives an entry as a name, or as a mapping with a name and options. If the option's
    annotation is a tuple, the value is a tuple of entries; otherwise it is one entry or None.
    kind: the kind of config section that each entry is, such as `average`; an empty string means
    the kind of the section that contains the option.
    """

    kind: str = ""


def _any(entry: Any) -> bool:
    return True


AUTO = "auto"
"""The option value that means: the model chooses the entry, such as its loss."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Marks an option whose value is the name of a registry entry, such as a loss.

    The config section of this option also has the options of the named entry. registry: the
    entries by name. admits: a function that returns whether an entry is allowed. auto: whether the
    value may also be `auto`, which means that the model chooses the entry.
    """

    registry: Mapping[str, Definition]
    admits: Callable[[Any], bool] = _any
    auto: bool = False

    @property
    def entries(self) -> dict[str, Definition]:
        """The allowed entries by name.

        Each access reads the registry again, because a plugin may have added entries.
        """
        return {name: entry for name, entry in self.registry.items() if self.admits(entry)}

    @property
    def words(self) -> tuple[str, ...]:
        """The allowed values of the option: the names of allowed entries, and `auto` if allowed."""
        return (*self.entries, AUTO) if self.auto else tuple(self.entries)

    def allows(self, word: object) -> bool:
        """Whether `word` is an allowed value of the option."""
        return isinstance(word, str) and word in self.words

    def named(self, word: object) -> tuple[Definition, ...]:
        """The entries that the option value `word` may mean, as a tuple.

        They are the allowed entry with this name; none for `auto`; all allowed entries for an
        unknown name. So the options of all entries are accepted with an unknown name, and the only
        error reported is the name.
        """
        if self.auto and word == AUTO:
            return ()
        entry = self.entries.get(word) if isinstance(word, str) else None
        return (entry,) if entry else tuple(self.entries.values())


Check = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""A function of option values by name that yields contradictions: (option name, message)."""


Mark = TypeVar("Mark", Nested, Choice)


@dataclass(frozen=True)
class Option:
    """One option of a definition.

    annotation: the type of the values; an Annotated type also has bounds, or a Nested or a Choice.
    """

    name: str
    annotation: Any
    default: Any

    @property
    def varies(self) -> bool:
        """Whether runs that are trained together may differ in this option: True for a real number.

        Runs that differ in another option are not trained together.
        """
        return _bare(self.annotation) is float

    @cached_property
    def nested(self) -> Nested | None:
        """The Nested mark of this option; None if its value has no registry entries."""
        return self._mark(Nested)

    @cached_property
    def choice(self) -> Choice | None:
        """The Choice mark of this option; None if its value is not the name of a registry entry."""
        return self._mark(Choice)

    def listed(self) -> Option:
        """Return a copy of the option whose type is a Literal of the values allowed now.

        An option without a Choice mark is returned unchanged.
        """
        if self.choice is None:
            return self
        literal: Any = Literal
        return replace(self, annotation=literal[self.choice.words])

    def _mark(self, kind: type[Mark]) -> Mark | None:
        marks = typing.get_args(self.annotation)[1:]
        return next((mark for mark in marks if isinstance(mark, kind)), None)

    @property
    def bounds(self) -> str:
        """The bounds of the option as text, such as `0 ≤ x < 1`; an empty string without bounds."""
        low = high = ""
        for mark in typing.get_args(self.annotation)[1:]:
            match mark:
                case Gt(gt=limit):
                    low = f"{limit} < "
                case Ge(ge=limit):
                    low = f"{limit} ≤ "
                case Lt(lt=limit):
                    high = f" < {limit}"
                case Le(le=limit) if limit != MOST_WHOLE:
                    high = f" ≤ {limit}"
        return f"{low}x{high}" if low or high else ""


@dataclass(frozen=True)
class Definition:
    """A named function with its options and its documentation.

    options: the options by name. check: a function from the option values by name to a pair (option
    name, message) for each contradiction; None if no values contradict each other. given: the
    values that were set, by option name; every other option has its default. loaded: False if the
    code is not loaded, so that only the options are known, from a record.
    """

    name: str
    function: Callable[..., Any]
    options: Mapping[str, Option]
    doc: Doc
    check: Check | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    loaded: bool = field(default=True, kw_only=True)

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: option.default for name, option in self.options.items()}

    def with_options(self, values: Mapping[str, Any]) -> Self:
        """Return the definition with `values` set as the values of its options.

        values: by option name; a name that is no option of this definition is ignored.
        """
        own = {name: values[name] for name in self.options if name in values}
        return replace(self, given=own) if own else self

    @property
    def values(self) -> dict[str, Any]:
        """The value of each option by name: the value in `given`, or the default."""
        return self.defaults | dict(self.given)

    @cached_property
    def bound(self) -> Callable[..., Any]:
        """The function with the options in `given` fixed: it is called with its inputs only."""
        return partial(self.function, **self.given) if self.given else self.function

    @property
    def facts(self) -> dict[str, str]:
        """Additional lines for the help page of this definition: each line's text by its label."""
        return {}


class LaterOptions(Mapping[str, Option]):
    """The options of functions, whose types and bounds are read when they are first used.

    Annotations are slow to read, and a command uses few of the methods that gdrun registers.
    functions: their parameters with a default are the options. read: a function that returns the
    options by name, in the order of the parameters.
    """

    def __init__(
        self, functions: Sequence[Callable[..., Any]], read: Callable[[], Mapping[str, Option]]
    ) -> None:
        self._functions = functions
        self._read = read

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(chain.from_iterable(map(option_names, self._functions))))

    @cached_property
    def _found(self) -> Mapping[str, Option]:
        return self._read()

    def __getitem__(self, name: str) -> Option:
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(self._found)


def options_when_used(
    functions: Sequence[Callable[..., Any]], read: Callable[[], Mapping[str, Option]]
) -> Mapping[str, Option]:
    """The options of a method: LaterOptions for a method of gdrun, else read now.

    So a wrong annotation in a user's file is reported at its line. functions, read: as in
    LaterOptions; the first function is the method.
    """
    builtin = functions[0].__module__.startswith(f"{__package__.partition('.')[0]}.")
    return LaterOptions(functions, read) if builtin else read()


def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """Return the parameters of `function` that have a default, as options by name.

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
    """Return the names of the parameters of `function` without a default, in order."""
    return tuple(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty
    )


@cache
def option_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the parameters of `function` with a default, in order."""
    return tuple(
        name for name in inspect.signature(function).parameters if name not in inputs_of(function)
    )


def define(
    function: Callable[..., Any], *, name: str | None = None, check: Check | None = None
) -> Definition:
    """Return the definition of `function`: options from its signature, text from its docstring.

    name: the registry name; None means the name of the function. check: as in `Definition`.
    """
    return Definition(
        name=name or function.__name__,
        function=function,
        options=options_when_used([function], partial(options_of, function)),
        doc=parse_doc(function.__doc__),
        check=check,
    )


def _bare(annotation: Any) -> Any:
    return (
        typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
    )
