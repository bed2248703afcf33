"""The paths of keys in a config, and which of them a key such as `lr` means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from gdrun.config.experiment import DEFAULTS, FIXED, KEYS
from gdrun.config.names_elsewhere import key_of_chosen
from gdrun.config.section_kinds import SectionKind
from gdrun.config.sections import SECTIONS, section_keys
from gdrun.config.settings import HELD_OUT, HeldOutFile, Split, Standardize
from gdrun.errors import Problem
from gdrun.methods.definitions import Definition

RATE = "optimizer.lr"
"""The key of the learning rate."""


def resolve_key(key: str, data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the paths that the key of an override can mean.

    data: the plain data of the config. The result has one path if the key is clear, several if it
    is ambiguous, and none if it is unknown.
    """
    known = list(known_paths(data))
    wanted = tuple(key.split("."))
    if wanted in known:
        return [wanted]
    matching = [path for path in known if path[-len(wanted) :] == wanted and path[-1] != "name"]
    if len(wanted) == 1:
        # `target` alone always means the column to predict, `path` and `targets` the training data.
        inner = (("standardize",), *((part,) for part in HELD_OUT))
        matching = [path for path in matching if path[1:-1] not in inner]
        if key in HELD_OUT:
            matching = [path for path in matching if path[1:-1] == ("split",)]
    if len({path[0] for path in matching}) == 1:
        # Within one section the shortest path is meant: grad_norm is the stopping rule, not the
        # rule of the same name under watch.
        shortest = min(map(len, matching))
        matching = [path for path in matching if len(path) == shortest]
    if len(wanted) == 1 and matching and all(path[0] in FIXED for path in matching):
        # factor is a key of stopping, but with schedule=step it may also mean the factor of a drop.
        other = tuple((key_of_chosen(key, data) or "").split("."))
        matching += [other] if other in known else []
    return matching


def known_paths(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield all key paths that an override can set, such as ("optimizer", "lr").

    The paths depend on the names that the config chooses. data: the plain data of the config.
    """
    for key in KEYS:
        yield (key,)
    for key in section_keys(data):
        kind = SECTIONS[key]
        section = as_mapping(data.get(key, DEFAULTS.get(key)))
        yield key, "name"
        if key == "dataset":
            yield key, "path"
            yield key, "query"
            for part in Split.model_fields:
                yield key, "split", part
            for part in Standardize.model_fields:
                yield key, "standardize", part
            for part, setting in product(HELD_OUT, HeldOutFile.model_fields):
                yield key, part, setting
        definition = kind.find(section, kind.choose(section), lambda path: "")
        # If the name is wrong, accept the options of all names: the message is about the name.
        chosen = kind.definitions() if isinstance(definition, Problem) else (definition,)
        options = (option for each in chosen for option in kind.options(each, section))
        for option in dict.fromkeys(options):
            yield key, option
        yield from _nested_paths(kind, section, chosen)
    for key, model in FIXED.items():
        for field, info in model.model_fields.items():
            yield key, field
            for inner in _inner_fields(info.annotation):
                yield key, field, inner


def _nested_paths(
    kind: SectionKind, section: Mapping[str, Any], definitions: Iterable[Definition]
) -> Iterator[tuple[str, ...]]:
    """Yield the key paths inside options that have the form of a section, such as average.

    kind: the kind of the section that has the options. section: its values. definitions: the
    registry entries whose options it may have.
    """
    options = {name: o for each in definitions for name, o in kind.options(each).items()}
    for name, option in options.items():
        if option.nested is not None and option.nested.kind:
            nested = kind.nested_kind(option.nested)
            entry = nested.find(as_mapping(section.get(name)), "name", lambda path: "")
            for inner in {} if isinstance(entry, Problem) else nested.options(entry):
                yield kind.key, name, inner


def _inner_fields(annotation: Any) -> Iterator[str]:
    """Yield the keys of the section that a field with this type annotation holds, if any."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        yield from getattr(candidate, "model_fields", ())


def as_mapping(section: Any) -> dict[str, Any]:
    """A section as a new mapping: {"name": section} for a name alone, and {} for None."""
    if isinstance(section, dict):
        return dict(section)
    return {} if section is None else {"name": section}
