"""The sections that are chosen by name: each name brings the options of its definition.

`optimizer: adam` and `optimizer: {name: adam, lr: 0.001}` are the same section. Its options are
those in the signature of the definition, plus those that every entry of the section shares;
pydantic checks them, one small model for each definition, built when it is first asked for.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError, create_model

from gdrun.config.choices import entry_of_option, not_chosen, same_names
from gdrun.config.settings import Settings, Split, whole
from gdrun.config.wording import problems_of
from gdrun.data.sources import DATASETS, READERS, reader_of
from gdrun.errors import Problem, suggestion
from gdrun.methods.averaging import AVERAGES
from gdrun.methods.definitions import (
    AUTO,
    Definition,
    Nested,
    NonNegative,
    Option,
    Seed,
    brought_options,
    options_of,
    with_chosen,
)
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.sampling import VARIANTS
from gdrun.methods.schedules import SCHEDULES, WarmupStart
from gdrun.problems.models import COMMON_OPTIONS, MODELS
from gdrun.problems.surfaces import COMMON_OPTIONS as SURFACE_OPTIONS
from gdrun.problems.surfaces import SURFACES

Where = Callable[[tuple[str | int, ...]], str]


def _dataset_options(
    split: Split = Split(),  # noqa: B008 (frozen, so sharing it is harmless)
    standardize: bool = True,
    seed: Seed = 0,
) -> None:
    """Options of every dataset."""


def _optimizer_options(average: Annotated[Any, Nested("average")] = None) -> None:
    """Options of every optimizer: the average of the weights that is evaluated in their place."""


def _schedule_options(
    per: Literal["epoch", "step"] = "epoch",
    warmup: NonNegative = 0.0,
    warmup_start: WarmupStart = "zero",
) -> None:
    """Options of every schedule."""


@dataclass(frozen=True)
class Section:
    """A resolved section: what was chosen, by name or by path, and every option with its value."""

    name: str
    options: Mapping[str, Any]
    chosen_by: str = "name"

    def __getitem__(self, option: str) -> Any:
        return self.options[option]

    def plain(self) -> dict[str, Any]:
        """The section as plain data, as it would be written in a file."""
        return {self.chosen_by: self.name} | {
            option: _plain(value) for option, value in self.options.items() if value is not None
        }


@dataclass(frozen=True)
class SectionKind:
    """A section that is chosen by name: its key in the file, registry, and common options."""

    key: str
    registry: Mapping[str, Definition]
    default: str
    common: Mapping[str, Option] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def own_options(self, definition: Definition) -> dict[str, Option]:
        """The options of the definition and of the section."""
        return {**self.common, **definition.options}

    def options(
        self, definition: Definition, given: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Option]:
        """Every option that the section may hold once this definition is chosen.

        given: what the section holds; an entry of a registry that it names, such as a loss, brings
        its own options.
        """
        known = with_chosen(self.own_options(definition), given)
        return {name: option.listed() for name, option in known.items()}

    def definition(self, section: Section) -> Definition:
        """The definition that a resolved section chose."""
        return self.registry[section.name]

    def resolve(self, raw: Any, where: Where) -> tuple[Section | None, list[Problem]]:
        """The section that plain data describes, or what is wrong with it."""
        given = {"name": raw} if isinstance(raw, str) else raw
        if not isinstance(given, dict):
            what = f"must be a name, or keys and values; got {raw!r}"
            return None, [Problem(what, where((self.key,)), suggestion("", self.registry))]
        chosen_by = self.choose(given)
        found = self.find(given, chosen_by, where)
        if isinstance(found, Problem):
            return None, [found]
        values = {key: value for key, value in given.items() if key != chosen_by}
        own, known = self.own_options(found), self.options(found, values)
        problems = [
            Problem(what, where((self.key, option)), hint)
            for option, what, hint in (
                *same_names(found.name, own, values),
                *not_chosen(found.name, own, known, values),
            )
        ]
        model = settings_model(found.name, tuple(known.values()))
        unused = brought_options(own).keys() - known.keys()
        try:
            checked = model.model_validate({k: v for k, v in values.items() if k not in unused})
        except ValidationError as error:
            owners = entry_of_option(own, values)
            problems += problems_of(
                error, (self.key,), where, model=model, of=found.name, owners=owners
            )
            return None, problems
        options = self.completed(found, {name: getattr(checked, name) for name in known})
        problems += self._resolve_nested(known, options, where)
        if not problems and found.check:
            problems = [
                Problem(what, where((self.key, option))) for option, what in found.check(options)
            ]
        if problems:
            return None, problems
        name = found.name if chosen_by == "name" else given[chosen_by]
        return Section(name, options, chosen_by), []

    def _resolve_nested(
        self, known: Mapping[str, Option], options: dict[str, Any], where: Where
    ) -> list[Problem]:
        """Put sections in place of what nested options hold, and say what is wrong with it."""
        problems: list[Problem] = []
        for name, option in known.items():
            if option.nested is None or options[name] is None:
                continue
            kind, entries = self.nested_kind(option.nested), options[name]
            several = isinstance(entries, tuple)
            sections = []
            for index, raw in enumerate(entries if several else (entries,)):
                place = (self.key, name, index) if several else (self.key, name)
                section, found = kind.resolve(raw, _within(where, place))
                sections.append(section)
                problems.extend(found)
            options[name] = tuple(sections) if several else sections[0]
        return problems

    def nested_kind(self, mark: Nested) -> SectionKind:
        """How entries of a nested option are written.

        Those of the option's own kind have the options of their own definition, without those that
        all of the kind share.
        """
        return NESTED[mark.kind] if mark.kind else replace(self, common={})

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        """The options with those decided that depend on others."""
        return options

    def choose(self, given: Mapping[str, Any]) -> str:
        """The key whose value chooses the definition."""
        return "name"

    def find(self, given: Mapping[str, Any], chosen_by: str, where: Where) -> Definition | Problem:
        """The definition that is chosen, or what is wrong with the choice."""
        name = given.get("name")
        if name is None:
            hint = f"such as {self.key}: {self.default}"
            return Problem("has no name", where((self.key,)), hint)
        known = {**self.registry, **{a: self.registry[n] for a, n in self.aliases.items()}}
        if not isinstance(name, str) or name not in known:
            place = (self.key, "name") if len(given) > 1 else (self.key,)
            what = f"no {self.key} is called {name!r}"
            return Problem(what, where(place), suggestion(name, known))
        return known[name]


@dataclass(frozen=True)
class ModelKind(SectionKind):
    """The model section: initial weights that are left to the model get their name."""

    def options(
        self, definition: Definition, given: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Option]:
        own = self.own_options(definition)
        values = {name: given.get(name, option.default) for name, option in own.items()}
        # The init follows from the other choices, so it waits until they are right.
        if all(
            option.choice is None or option.choice.allows(values[name])
            for name, option in own.items()
        ):
            given = self.completed(definition, values)
        return super().options(definition, given)

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        if options["init"] != AUTO:
            return options
        return options | {"init": MODELS[definition.name].init(options)}


@dataclass(frozen=True)
class SurfaceKind(SectionKind):
    """The surface section: a walk that is told no start begins where its surface says."""

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        if options["start"] is not None:
            return options
        return options | {"start": SURFACES[definition.name].start}


@dataclass(frozen=True)
class DatasetKind(SectionKind):
    """The dataset section: a name, or `path` to a file whose ending chooses the reader."""

    def definition(self, section: Section) -> Definition:
        reader = reader_of(section.name) if section.chosen_by == "path" else None
        return reader or super().definition(section)

    def choose(self, given: Mapping[str, Any]) -> str:
        return "path" if "path" in given and "name" not in given else "name"

    def find(self, given: Mapping[str, Any], chosen_by: str, where: Where) -> Definition | Problem:
        if chosen_by == "name":
            found = super().find(given, chosen_by, where)
            if isinstance(found, Problem) and _readable(given.get("name")):
                name = given["name"]
                hint = f"for a file, write dataset: {{path: {name}}}, or set dataset.path={name}"
                return Problem(found.what, found.where, hint)
            return found
        path = given["path"]
        reader = reader_of(path) if isinstance(path, str) else None
        if reader is None:
            what = f"no reader for {path!r}"
            hint = f"these kinds of file can be read: {', '.join(READERS)}"
            return Problem(what, where((self.key, "path")), hint)
        return reader


@cache
def settings_model(name: str, options: tuple[Option, ...]) -> type[Settings]:
    """The pydantic model that checks these options."""
    fields: dict[str, Any] = {
        option.name: (_checked(option.annotation), option.default) for option in options
    }
    return create_model(name, __base__=Settings, **fields)


def _checked(annotation: Any) -> Any:
    """An option's annotation as pydantic is to check it.

    1e4 is the whole number it is where a count is wanted, a list is a tuple, and keys and values
    are a record, such as batch_growth.
    """
    bare = annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation
    if bare is int:
        return Annotated[annotation, BeforeValidator(whole)]
    for form in (bare, *typing.get_args(bare)):
        if typing.get_origin(form) is tuple:
            entry = typing.get_args(form)[0]
            counts = getattr(entry, "__origin__", entry) is int
            return Annotated[annotation, BeforeValidator(_as_counts if counts else _as_tuple)]
    record: Any = next(filter(is_dataclass, typing.get_args(bare)), None)
    if record is not None:
        model = settings_model(record.__name__, tuple(options_of(record).values()))
        return Annotated[model, AfterValidator(lambda given: record(**dict(given)))] | None
    return annotation


def _within(where: Where, place: tuple[str | int, ...]) -> Where:
    """Where the keys of a section stand that itself stands at `place`, not at the top level."""
    return lambda path: where((*place, *path[1:]))


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_counts(value: Any) -> Any:
    return tuple(map(whole, value)) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """An option's value as plain data."""
    match value:
        case Section():
            return value.plain()
        case BaseModel():
            return value.model_dump()
        case tuple():
            return [_plain(entry) for entry in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _readable(path: object) -> bool:
    return isinstance(path, str) and reader_of(path) is not None


DATASET = DatasetKind("dataset", DATASETS, "iris", options_of(_dataset_options))
MODEL = ModelKind("model", MODELS, "softmax", COMMON_OPTIONS)
VARIANT = SectionKind("variant", VARIANTS, "mbgd")
OPTIMIZER = SectionKind(
    "optimizer", OPTIMIZERS, "adam", options_of(_optimizer_options), OPTIMIZER_ALIASES
)
AVERAGE = SectionKind("average", AVERAGES, "polyak")
SCHEDULE = SectionKind("schedule", SCHEDULES, "constant", options_of(_schedule_options))

SURFACE = SurfaceKind("surface", SURFACES, "rosenbrock", SURFACE_OPTIONS)

SECTIONS: dict[str, SectionKind] = {
    kind.key: kind for kind in (DATASET, MODEL, SURFACE, VARIANT, OPTIMIZER, SCHEDULE)
}
"""The sections that are chosen by name, in the order of a file."""

NESTED = {"average": AVERAGE}
"""The sections that stand within another, by the kind that marks their place."""

PROBLEM = ("dataset", "model")
"""The sections that state the problem; a surface takes the place of both."""


def stated_by(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of SECTIONS that an experiment has: dataset and model, or else a surface."""
    absent = PROBLEM if data.get("surface") is not None else ("surface",)
    return tuple(key for key in SECTIONS if key not in absent)
