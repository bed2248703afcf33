"""Methods of plugins, made from the options in a record, to read results without the plugins.

A recorded config has a value for every option of its rule and its schedule. If their plugin is not
loaded, or has changed since, these options are all that reading the record needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gdrun.config.section_kinds import Section, SectionKind
from gdrun.config.sections import SECTIONS
from gdrun.methods.definitions import Definition, Option
from gdrun.methods.docstrings import parse_doc
from gdrun.methods.plugin_kinds import is_replaceable
from gdrun.methods.plugins import is_of_a_file, loaded_plugins


def all_loaded(plugins: Iterable[Mapping[str, str]]) -> bool:
    """Whether plugins are loaded and have not changed. plugins: those of a record."""
    loaded = {plugin["sha256"] for plugin in loaded_plugins()}
    return all(plugin["sha256"] in loaded for plugin in plugins)


@contextmanager
def recorded_methods(
    plugins: Iterable[Mapping[str, str]], configs: Iterable[Mapping[str, Any]]
) -> Iterator[None]:
    """A context in which recorded configs are valid, even if their plugins are missing or changed.

    plugins: those of the record. configs: the recorded configs, with all options. In the context, a
    method that is not part of gdrun has the options that are recorded for it; it cannot be called.
    If the plugins are loaded and have not changed, the context has no effect.
    """
    before = [(kind.registry, dict(kind.registry)) for kind in SECTIONS.values()]
    try:
        if not all_loaded(plugins):
            for config in configs:
                for key, kind in SECTIONS.items():
                    if is_replaceable(kind.registry):
                        _register(kind, config.get(key))
        yield
    finally:
        for registry, entries in before:
            if registry != entries:
                assert isinstance(registry, dict)
                registry.clear()
                registry.update(entries)


def definition_of(kind: SectionKind, section: Section) -> Definition:
    """Return the definition that a section has chosen.

    If the section comes from a record, and its plugin is not loaded or has other options today,
    return a definition with the options of the section, whose method cannot be called.
    """
    found = kind.registry.get(section.name) if is_replaceable(kind.registry) else None
    own = {name: value for name, value in section.options.items() if name not in kind.common}
    if not is_replaceable(kind.registry) or (found and found.options.keys() == own.keys()):
        return kind.definition(section)
    return _recorded(section.name, own)


def _register(kind: SectionKind, section: Any) -> None:
    """Register the method of a recorded section, unless it is part of gdrun."""
    match section:
        case {"name": str(name), **options} if set(options) - set(kind.common):
            current = kind.registry.get(name)
            if current is None or is_of_a_file(current):
                own = {str(k): value for k, value in options.items() if k not in kind.common}
                assert isinstance(kind.registry, dict)
                kind.registry[name] = _recorded(name, own)


def _recorded(name: str, values: Mapping[str, Any]) -> Definition:
    """A definition with the options of a recorded section, and their recorded values as defaults.

    An option with a float accepts numbers only; any other option accepts any value.
    """
    options = {
        option: Option(option, float if isinstance(value, float) else Any, value)
        for option, value in values.items()
    }
    return Definition(name, _not_loaded, options, parse_doc(None))


def _not_loaded(*arguments: object) -> None:
    """Raise LookupError. This function replaces a method whose code is not loaded."""
    raise LookupError("the plugin of this method is not loaded")
