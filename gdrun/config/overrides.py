"""KEY=VALUE: any key of an experiment, by its dotted path or by a leaf only one section has."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import DEFAULTS, FIXED, KEYS, Header
from gdrun.config.sections import PROBLEM, SECTIONS, SectionKind, stated_by
from gdrun.config.settings import Split
from gdrun.config.values import parse_value
from gdrun.errors import ConfigError, Problem, near, suggestion
from gdrun.methods.definitions import Definition, brought_options

Path = tuple[str | int, ...]
Where = Callable[[Path], str]


@dataclass(frozen=True)
class Override:
    """One key set from outside the file, and the text that set it."""

    key: str
    value: Any
    text: str


def parse_override(text: str) -> Override:
    """The override that KEY=VALUE stands for; the value is read as YAML."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            "is not an override", where=repr(text), hint="write KEY=VALUE, such as lr=0.1"
        )
    return Override(key.strip(), parse_value(value), text)


def apply(
    data: Mapping[str, Any], overrides: Iterable[Override], where: Where
) -> tuple[dict[str, Any], Where]:
    """The data with the overrides set, and a `where` that knows what they set.

    Whole sections come first, so that `lr=0.1 optimizer=adam` keeps its rate; then what chooses
    within them, a name or a path, and then a loss or the like, so that its options are known; then
    the other keys, in order.

    Raises ConfigError for every key that is unknown or ambiguous, at once.
    """
    result = copy.deepcopy(dict(data))
    origins: dict[Path, str] = {}
    problems: list[Problem] = []
    for override in sorted(overrides, key=_place):
        paths = resolve_key(override.key, result)
        if len(paths) != 1:
            problems.append(_unclear(override, paths, result))
            continue
        problem = _set(result, paths[0], override)
        if problem:
            problems.append(problem)
        origins[paths[0]] = override.text
    if problems:
        raise ConfigError(problems)

    def located(path: Path) -> str:
        for end in range(len(path), 0, -1):
            if path[:end] in origins:
                return f"{origins[path[:end]]!r} {'.'.join(map(str, path))}"
        return where(path)

    return result, located


def _place(override: Override) -> tuple[bool, bool, bool]:
    leaf = override.key.rpartition(".")[2]
    return override.key not in KEYS, leaf not in ("name", "path"), leaf not in _choices()


def _choices() -> set[str]:
    """The options that name an entry of a registry, which brings its own options: a loss, say."""
    return {
        name
        for kind in SECTIONS.values()
        for definition in kind.registry.values()
        for name, option in kind.own_options(definition).items()
        if option.choice
    }


def resolve_key(key: str, data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The paths that a key may mean: one when it is clear, none when it is unknown."""
    known = list(known_paths(data))
    wanted = tuple(key.split("."))
    if wanted in known:
        return [wanted]
    found = [path for path in known if path[-len(wanted) :] == wanted and path[-1] != "name"]
    if len({path[0] for path in found}) == 1:
        # Within one section the outer key is meant: grad_norm is the rule, not the watched one.
        shortest = min(map(len, found))
        found = [path for path in found if len(path) == shortest]
    return found


def known_paths(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Every path that can be set, given the names that the sections of `data` choose."""
    for key in KEYS:
        yield (key,)
    for key in stated_by(data):
        kind = SECTIONS[key]
        section = _as_mapping(data.get(key, DEFAULTS.get(key)))
        yield key, "name"
        if key == "dataset":
            yield key, "path"
            for part in Split.model_fields:
                yield key, "split", part
        found = kind.find(section, kind.choose(section), lambda path: "")
        # Where the name is wrong, keys are not blamed for it: any of the section's could be meant.
        chosen = kind.registry.values() if isinstance(found, Problem) else (found,)
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
    """The paths within options that hold one entry of another kind, such as an average."""
    options = {name: o for each in definitions for name, o in kind.options(each).items()}
    for name, option in options.items():
        if option.nested is not None and option.nested.kind:
            nested = kind.nested_kind(option.nested)
            entry = nested.find(_as_mapping(section.get(name)), "name", lambda path: "")
            for inner in {} if isinstance(entry, Problem) else nested.options(entry):
                yield kind.key, name, inner


def _inner_fields(annotation: Any) -> Iterator[str]:
    """The keys of a section within a section."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        yield from getattr(candidate, "model_fields", ())


def _set(data: dict[str, Any], path: tuple[str, ...], override: Override) -> Problem | None:
    """Set one key in place, opening shorthand sections on the way."""
    if path[0] == "surface":
        for key in PROBLEM:
            data.pop(key, None)
    here = data
    for depth, key in enumerate(path[:-1]):
        inner = here.get(key)
        if inner is None:
            inner = DEFAULTS.get(key, {}) if depth == 0 else {}
        if isinstance(inner, list):
            what = f"{'.'.join(path[: depth + 1])} is a list, so no key of it can be set"
            return Problem(what, repr(override.text), "set the whole list")
        here[key] = _as_mapping(inner)
        here = here[key]
    if path[:1] == ("dataset",) and path[-1] in ("name", "path"):
        here.pop({"name": "path", "path": "name"}[path[-1]], None)
    here[path[-1]] = override.value
    if len(path) == 2 and path[0] in SECTIONS:
        _drop_former_options(SECTIONS[path[0]], path[1], here)
    return None


def _drop_former_options(kind: SectionKind, key: str, section: dict[str, Any]) -> None:
    """Where a choice such as a loss is set, the options of the entry it replaces leave with it."""
    found = kind.find(section, kind.choose(section), lambda path: "")
    if isinstance(found, Problem):
        return
    known, chooses = kind.options(found, section), kind.own_options(found).get(key)
    for name in brought_options({key: chooses}) if chooses else ():
        if name not in known:
            section.pop(name, None)


def _as_mapping(section: Any) -> dict[str, Any]:
    if isinstance(section, dict):
        return dict(section)
    return {} if section is None else {"name": section}


def _unclear(override: Override, paths: list[tuple[str, ...]], data: Mapping[str, Any]) -> Problem:
    where, leaf = repr(override.text), override.key.split(".")[-1]
    if paths:
        meanings = ", ".join(".".join(path) for path in paths)
        return Problem(f"{override.key} may mean {meanings}", where, "write the whole path")
    if owners := _owners(leaf):
        hint = f"{leaf} is an option of {' or '.join(owners)}, which is not chosen here"
        return Problem(f"unknown key {override.key!r}", where, hint)
    known = list(known_paths(data))
    dotted = [".".join(path) for path in known]
    leaves = {path[-1]: ".".join(path) for path in known if path not in _TOP}
    alike = [leaves[leaf] for leaf in near(leaf, leaves)]
    found = list(dict.fromkeys([*near(override.key, dotted), *alike]))[:3]
    hint = f"did you mean {' or '.join(found)}?" if found else suggestion("", KEYS)
    return Problem(f"unknown key {override.key!r}", where, hint)


def _owners(option: str, most: int = 3) -> list[str]:
    """What has an option of this name: `variant mbgd`, `loss huber`."""
    owners = [
        f"{key} {name}"
        for key, kind in SECTIONS.items()
        for name, definition in kind.registry.items()
        if option in definition.options
    ]
    owners += [
        label
        for kind in SECTIONS.values()
        for definition in kind.registry.values()
        for label, _ in brought_options(kind.own_options(definition)).get(option, ())
    ]
    return list(dict.fromkeys(owners))[:most]


_TOP = {(key,) for key in Header.model_fields}
