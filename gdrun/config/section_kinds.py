"""A section that chooses a definition (a registry entry, such as an optimizer) by name.

`optimizer: adam` and `optimizer: {name: adam, lr: 0.001}` are the same section. The options of a
section are those in the signature of the chosen definition, and those that all definitions of this
kind of section share. Pydantic checks the options with one pydantic model for each definition,
which is built on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from gdrun.config.choices import entry_of_option, not_chosen, same_names
from gdrun.config.names_elsewhere import NAMES_ELSEWHERE, option_not_name
from gdrun.config.option_models import settings_model
from gdrun.config.settings import HeldOutFile, Standardize
from gdrun.config.wording import problems_of
from gdrun.errors import Problem, suggestion
from gdrun.methods.chosen_options import brought_options, with_chosen
from gdrun.methods.definitions import Definition, Nested, Option
from gdrun.methods.plugin_kinds import taken_name, takes_plugins
from gdrun.methods.plugins import with_own_names

Where = Callable[[tuple[str | int, ...]], str]


@dataclass(frozen=True)
class Section:
    """A validated section.

    name: the chosen name, or the path of a data file, or a query. options: the value of every
    option, by name. chosen_by: the key that made the choice: `name`, `path` or `query`.
    """

    name: str
    options: Mapping[str, Any]
    chosen_by: str = "name"

    def __getitem__(self, option: str) -> Any:
        return self.options[option]

    def plain(self) -> dict[str, Any]:
        """Return the section as plain data, as a config file would contain it."""
        return {self.chosen_by: self.name} | {
            option: plain_value(value)
            for option, value in self.options.items()
            if value is not None
        }


@dataclass(frozen=True)
class SectionKind:
    """A kind of section, such as optimizer, that chooses a definition (registry entry) by name.

    key: the key of the section in a file. registry: the definitions by name. default: the name of a
    definition, for examples in messages. common: the options that all definitions share. aliases:
    the name of a definition for each other name that a config may use. nested: for options whose
    values are sections themselves, the kind of these sections, by the name that the option has as
    `Nested.kind`.
    """

    key: str
    registry: Mapping[str, Definition]
    default: str
    common: Mapping[str, Option] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, SectionKind] = field(default_factory=dict)

    def own_options(self, definition: Definition) -> dict[str, Option]:
        """Return the options of the definition and those that all definitions share, by name."""
        return {**self.common, **definition.options}

    def options(
        self, definition: Definition, given: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Option]:
        """Return all options, by name, that the section has if it chooses this definition.

        given: the values that the section sets. If a value names another registry entry, such as a
        loss, the options of that entry are included.
        """
        known = with_chosen(self.own_options(definition), given)
        return {name: option.listed() for name, option in known.items()}

    def name_with(self, options: Collection[str]) -> str | None:
        """The name of a definition that has all these options: the default one, if it has them.

        None if no definition has them.
        """
        first = sorted(self.registry, key=lambda name: name != self.default)
        having = (name for name in first if {*options} <= self.options(self.registry[name]).keys())
        return next(having, None)

    def definitions(self) -> tuple[Definition, ...]:
        """All definitions that the section can choose."""
        return tuple(self.registry.values())

    def definition(self, section: Section) -> Definition:
        """Return the definition that a validated section has chosen."""
        return self.registry[section.name]

    def resolve(self, raw: Any, where: Where) -> tuple[Section | None, list[Problem]]:
        """Validate a section. Return it and an empty list, or None and the list of its problems.

        raw: the plain data of the section: a name, or a mapping with a name and options. where: a
        function that returns the place of a key path, for messages.
        """
        given = {"name": raw} if isinstance(raw, str) else raw
        if not isinstance(given, dict):
            what = f"must be a name, or a mapping of keys and values, got {raw!r}"
            return None, [Problem(what, where((self.key,)), suggestion("", self.registry))]
        chosen_by = self.choose(given)
        definition = self.find(given, chosen_by, where)
        if isinstance(definition, Problem):
            return None, [definition]
        # A method that a notebook registers has not passed the checks of a plugin file.
        if fault := taken_name(self.key, ("name", *self.common), definition.options):
            what, hint = fault
            return None, [Problem(f"{definition.name} {what}", where((self.key,)), hint)]
        values = {key: value for key, value in given.items() if key != chosen_by}
        own, known = self.own_options(definition), self.options(definition, values)
        problems = [
            Problem(what, where((self.key, option)), hint)
            for option, what, hint in (
                *same_names(definition.name, own, values),
                *not_chosen(definition.name, own, known, values),
            )
        ]
        model = settings_model(definition.name, tuple(known.values()))
        # `not_chosen` has checked the options of entries that are not chosen.
        unused = brought_options(own).keys() - known.keys()
        try:
            checked = model.model_validate({k: v for k, v in values.items() if k not in unused})
        except ValidationError as error:
            owners = entry_of_option(own, values)
            problems += problems_of(
                error, (self.key,), where, model=model, of=definition.name, owners=owners
            )
            return None, problems
        options = self.completed(definition, {name: getattr(checked, name) for name in known})
        problems += self._resolve_nested(known, options, where)
        # Contradictions between options make sense only if each option is valid.
        if not problems and definition.check:
            problems = [
                Problem(what, where((self.key, option)))
                for option, what in definition.check(options)
            ]
        if problems:
            return None, problems
        name = definition.name if chosen_by == "name" else given[chosen_by]
        return Section(name, options, chosen_by), []

    def _resolve_nested(
        self, known: Mapping[str, Option], options: dict[str, Any], where: Where
    ) -> list[Problem]:
        """Validate the values of nested options, such as the parts of a schedule.

        The values in `options` are replaced in place by validated sections. known: the options of
        the section by name. Returns the problems.
        """
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
        """Return the kind of the sections that an option contains, such as the parts of a schedule.

        mark: the Nested mark of the option. If its `kind` is empty, the sections have the kind of
        this section, but not the options that all sections of this kind share.
        """
        return self.nested[mark.kind] if mark.kind else replace(self, common={})

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options, with values for those whose default depends on other options."""
        return options

    def choose(self, given: Mapping[str, Any]) -> str:
        """The key whose value chooses the definition: `name`; for data also `path` or `query`."""
        return "name"

    def find(self, given: Mapping[str, Any], chosen_by: str, where: Where) -> Definition | Problem:
        """Return the definition that a section chooses, or the problem if there is none.

        given: the values of the section. chosen_by: the key that makes the choice. where: a
        function that returns the place of a key path, for messages.
        """
        name = given.get("name")
        if name is None:
            hint = f"add a name, such as {self.key}: {self.default}"
            if options := given.keys() - {"name"}:  # which the section keeps
                fitting = self.name_with(options) or self.default
                hint = f"add a name to {self.key}, such as name: {fitting}"
            return Problem("has no name", where((self.key,)), hint)
        known = {**self.registry, **{a: self.registry[n] for a, n in self.aliases.items()}}
        if not isinstance(name, str) or name not in known:
            place = (self.key, "name") if len(given) > 1 else (self.key,)
            what = f"no {self.key} is called {name!r}"
            hint = suggestion(name, known)
            option = option_not_name(name)
            meant = NAMES_ELSEWHERE.get(self.key, {}).get(str(name).lower())
            if option is not None and option.section == self.key:
                hint = option.hint
            elif meant is not None:
                hint = f"did you mean {meant}?"
            elif takes_plugins(self.registry):
                hint = with_own_names(hint)
            return Problem(what, where(place), hint)
        return known[name]


def plain_value(value: Any) -> Any:
    """Return the value of an option as plain data, as YAML gives them."""
    match value:
        case Section():
            return value.plain()
        case Standardize() | HeldOutFile():
            return value.short
        case BaseModel():
            return value.model_dump(exclude_none=True)
        case tuple():
            return [plain_value(entry) for entry in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _within(where: Where, place: tuple[str | int, ...]) -> Where:
    """Return the function that finds the keys of a section inside another section.

    where: a function that returns the place in the file of a key path, for messages. place: the
    path of the inner section. The returned function takes a path that begins with the inner
    section's own key, such as ("schedule", "gamma"), and replaces that key by `place`.
    """
    return lambda path: where((*place, *path[1:]))
