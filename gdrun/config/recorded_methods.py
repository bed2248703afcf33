"""Methods of plugins, made from the options in a record, to read results without the plugins.

A recorded config has a value for every option of its rule and its schedule. If their plugin is not
loaded, or has changed since, these options are all that reading the record needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from gdrun.config.section_kinds import Section, SectionKind
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError
from gdrun.methods.definitions import Definition, Option
from gdrun.methods.docstrings import parse_doc
from gdrun.methods.plugin_kinds import is_replaceable
from gdrun.methods.plugins import is_of_a_file, loaded_plugins, loading


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
    with _restored():
        if not all_loaded(plugins):
            for config in configs:
                for key, kind in SECTIONS.items():
                    if is_replaceable(kind.registry):
                        _register(kind, config.get(key))
        yield


@contextmanager
def missing_methods(config: Mapping[str, Any]) -> Iterator[None]:
    """A context in which a config from a record is valid, even if its plugins are not loaded.

    config: with all options. Unlike in `recorded_methods`, methods that are loaded are not
    replaced, so that what is proposed suits them as they are today.
    """
    with _restored():
        for key, kind in SECTIONS.items():
            if not is_loaded(config, key):
                _register(kind, config[key])
        yield


def is_loaded(config: Mapping[str, Any], key: str) -> bool:
    """Whether the method is loaded to whose section a key belongs, such as optimizer.beta.

    config: from a record, with all options. True for keys of sections without a replaceable method.
    """
    name = key.partition(".")[0]
    kind, section = SECTIONS.get(name), config.get(name)
    if kind is None or not is_replaceable(kind.registry) or not isinstance(section, Mapping):
        return True
    return section.get("name") in kind.registry


@contextmanager
def _restored() -> Iterator[None]:
    """A context at whose end the registries have the entries that they had at its beginning."""
    before = [(kind.registry, dict(kind.registry)) for kind in SECTIONS.values()]
    try:
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
    return Definition(name, partial(_not_loaded, name), options, parse_doc(None), loaded=False)


def _not_loaded(name: str, *arguments: object, **options: object) -> None:
    """Raise ConfigError. This function replaces a method whose code is not loaded.

    An error of another type would look like a damaged record.
    """
    raise ConfigError(f"the code of {name} is not loaded", hint=f"add {loading('FILE.py')}")
