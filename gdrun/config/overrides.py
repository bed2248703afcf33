"""Overrides KEY=VALUE: KEY is a dotted path, or the last part of a path if this is unique."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from gdrun.config.experiment import DEFAULTS, FIXED, KEYS
from gdrun.config.key_paths import as_mapping, known_paths, resolve_key
from gdrun.config.section_kinds import SectionKind
from gdrun.config.sections import DATASET_KEYS, PROBLEM, SECTIONS
from gdrun.config.settings import HELD_OUT
from gdrun.config.unclear_keys import unclear_key
from gdrun.config.values import parse_sweep, parse_value
from gdrun.errors import ConfigError, Problem
from gdrun.methods.chosen_options import brought_options

MOST_OVERRIDES = 200
"""The largest number of overrides; a config has fewer keys."""

UNSET = "none"
"""The word that removes the value of a key, as in steps=none; YAML's null does the same."""

Path = tuple[str | int, ...]
Where = Callable[[Path], str]


@dataclass(frozen=True)
class Override:
    """A value that replaces the value of a key in the config.

    key: a dotted path, or its last part. text: the override as the user wrote it.
    """

    key: str
    value: Any
    text: str


def parse_override(text: str) -> Override:
    """Return the override that a text KEY=VALUE describes; VALUE is read as YAML.

    A query in SQL without quotes around it is taken as it is written.
    Raises ConfigError if there is no `=`, no key, or not exactly one value.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        hint = choosing(text) or _with_equals_sign(text) or "such as lr=0.1"
        raise ConfigError("must have the form KEY=VALUE", where=repr(text), hint=hint)
    if is_plain_query(key, value):
        return Override(key.strip(), value.strip(), text)
    return Override(key.strip(), parse_value(value, key.strip(), takes_list=_takes_list), text)


def _takes_list(key: str) -> bool:
    """Whether the value of a key may be a list; also True for an unknown key.

    >>> [key for key in ("hidden", "watch", "lr", "epochs", "optimizer") if _takes_list(key)]
    ['hidden', 'watch']
    """
    leaf = key.strip().rpartition(".")[2]
    options = (
        option.annotation
        for kind in SECTIONS.values()
        for definition in kind.definitions()
        for name, option in kind.options(definition).items()
        if name == leaf
    )
    fixed = (model.model_fields[leaf] for model in FIXED.values() if leaf in model.model_fields)
    types = [str(each) for each in (*options, *(field.annotation for field in fixed))]
    listed = any(re.search(r"tuple|list|Any|\bgdrun\.", each) for each in types)
    return listed or (not types and leaf not in SECTIONS)


def choosing(word: str) -> str | None:
    """A hint with the overrides that choose a name, such as optimizer=adam; None for other words.

    >>> choosing("adam"), choosing("alice")
    ('to choose adam, write optimizer=adam', None)
    """
    owners = [
        key for key, kind in SECTIONS.items() if word in kind.registry or word in kind.aliases
    ]
    if not owners:
        return None
    return f"to choose {word}, write {' or '.join(f'{key}={word}' for key in owners)}"


def _with_equals_sign(word: str) -> str | None:
    """A hint for a key with a colon, as YAML has it; None for other words.

    >>> _with_equals_sign("lr: 0.1"), _with_equals_sign("ignore:"), _with_equals_sign("lr")
    ('on the command line write lr=0.1', 'on the command line write ignore=VALUE', None)
    """
    key, colon, value = word.partition(":")
    if not (colon and re.fullmatch(r"[\w.]+", key)):
        return None
    written = f"{key}={value.strip() or 'VALUE'}"
    return f"on the command line write {shlex.quote(written)}"


def swept_values(key: str, text: str) -> list[Any]:
    """Return the values that a sweep tries for a key.

    text: values separated by commas, or a range such as log:1e-3:1:4. A query in SQL is one value,
    also with commas. Several queries are each written in quotes.
    """
    return [text.strip()] if is_plain_query(key, text) else parse_sweep(text)


def is_plain_query(key: str, text: str) -> bool:
    """Whether the value of a key is a query in SQL without quotes around it.

    Such a query has commas and quotes of its own, which YAML would read in another way.

    >>> is_plain_query("dataset.query", "SELECT a, b FROM x"), is_plain_query("lr", "0.1,0.2")
    (True, False)
    """
    plain = text.strip()[:1] not in ("", "'", '"')
    return plain and key.strip().rpartition(".")[2] == "query"


def apply(
    data: Mapping[str, Any], overrides: Iterable[Override], where: Where
) -> tuple[dict[str, Any], Where]:
    """Return a copy of `data` changed by the overrides, and a new function `where` for the copy.

    where: a function that returns the place of a key path, for messages. For a changed key, the new
    function returns the text of the override. Raises ConfigError with all keys that are unknown or
    ambiguous, or that cannot be set.

    Whole sections are set first, so that `lr=0.1 optimizer=adam` keeps the rate. Then names, paths
    and queries are set, and then options such as loss, which decide what other options a section
    has. The remaining keys follow in the order of the overrides.
    """
    result, located, problems = applied(data, overrides, where)
    if problems:
        raise ConfigError(problems)
    return result, located


def applied(
    data: Mapping[str, Any], overrides: Iterable[Override], where: Where
) -> tuple[dict[str, Any], Where, list[Problem]]:
    """Return a changed copy of `data`, a new function `where` for it, and the problems.

    There is a problem for each override whose key is unknown or ambiguous, or that cannot be set;
    it is left out. There is also one if overrides of different keys, such as path and query, name
    data. where: a function that returns the place of a key path, for messages. For a changed key,
    the new function returns the text of the override.
    """
    result = copy.deepcopy(dict(data))  # `data` belongs to the caller.
    origins: dict[Path, str] = {}
    problems: list[Problem] = []
    naming: dict[str, Override] = {}
    ordered = sorted(overrides, key=_priority)
    # A surface replaces dataset and model, so `surface=bowl` works with any file. A dataset given
    # by another override is kept, so that the contradiction is reported. `surface=none` removes
    # the surface.
    surfaces = [override.value for override in ordered if override.key == "surface"]
    if surfaces:
        replaced = ("surface",) if surfaces[-1] in (None, UNSET) else PROBLEM
        result = {key: value for key, value in result.items() if key not in replaced}
        ordered = [each for each in ordered if each.key != "surface" or replaced is PROBLEM]
    for override in ordered:
        paths = paths_of(override, result)
        if len(paths) != 1:
            problems.append(
                unclear_key(override.key, override.text, paths, list(known_paths(result)), result)
            )
            continue
        problem = _set(result, paths[0], override)
        if problem:
            problems.append(problem)
        origins[paths[0]] = override.text
        if key := _data_key(paths[0], override.value):
            naming[key] = override
    named = [each.text for each in naming.values()]
    problems += [other_data(text, named[0]) for text in named[1:]]

    def located(path: Path) -> str:
        for end in range(len(path), 0, -1):
            if path[:end] in origins:
                return f"{origins[path[:end]]!r} {'.'.join(map(str, path))}"
        return where(path)

    return result, located, problems


def _data_key(path: Path, value: Any) -> str | None:
    """The key of DATASET_KEYS with which an override names data; None if it names none.

    It is `arrays` for the arrays that a Python call has beside its overrides.
    """
    section = as_mapping(value) if path == ("dataset",) else {path[-1]: value}
    if path[:1] != ("dataset",) or len(path) > 2:
        return None
    key = next((key for key in DATASET_KEYS if key in section), None)
    return "arrays" if section.get("name") == "arrays" else key


def other_data(text: str, named: str) -> Problem:
    """The problem with an override that names other data than those that are named already.

    text: the override. named: the file, the query or the override that names these data.
    """
    return Problem(f"names other data than {named}", repr(text), "leave one of them out")


def _priority(override: Override) -> tuple[bool, bool, bool]:
    leaf = override.key.rpartition(".")[2]
    return override.key not in KEYS, leaf not in DATASET_KEYS, not _chooses(leaf)


def _chooses(name: str) -> bool:
    """Whether the value of an option is the name of a registry entry, as that of loss is."""
    return any(
        name in options and options[name].choice is not None
        for kind in SECTIONS.values()
        for options in (kind.common, *(each.options for each in kind.registry.values()))
    )


def paths_of(override: Override, data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the key paths that an override can mean: several if ambiguous, none if unknown.

    data: the plain data of the config. The key `validation` or `test` alone means the size of this
    part in the split if the value is a number, and otherwise the file of this part.
    """
    key, value = override.key, override.value
    if key in HELD_OUT and not isinstance(value, int | float):
        key = f"dataset.{key}"
    return resolve_key(key, data)


def _set(data: dict[str, Any], path: tuple[str, ...], override: Override) -> Problem | None:
    """Set the key at `path` of the plain data in place, and return a problem if this is impossible.

    A section that is only a name becomes a mapping with this name.
    """
    here = data
    for depth, key in enumerate(path[:-1]):
        inner = here.get(key)
        if inner is None:
            inner = DEFAULTS.get(key, {}) if depth == 0 else {}
        if isinstance(inner, list):
            what = f"{'.'.join(path[: depth + 1])} is a list, which has no keys"
            return Problem(what, repr(override.text), "write an override for the whole list")
        if key == "standardize" and isinstance(inner, bool):
            inner = {"features": inner}
        if key in HELD_OUT and isinstance(inner, str):
            inner = {"path": inner}
        here[key] = as_mapping(inner)
        here = here[key]
    # A dataset has a name, a path or a query, so setting one removes the others.
    if path[:1] == ("dataset",) and path[-1] in DATASET_KEYS:
        for key in DATASET_KEYS:
            here.pop(key, None)
    here[path[-1]] = override.value
    if path[0] in FIXED and override.value in (None, UNSET):
        _unset(here, path)
    if len(path) == 2 and path[0] in SECTIONS:
        _drop_former_options(SECTIONS[path[0]], path[1], here)
    if path[0] == "dataset" and len(path) == 2 and path[1] in DATASET_KEYS:
        _drop_options_of_other_data(SECTIONS["dataset"], here)
    return None


def _drop_options_of_other_data(kind: SectionKind, section: dict[str, Any]) -> None:
    """Remove options that other data have and these do not, such as the folder of a query.

    An option that no data have is kept, so that it is reported. section: the values of the section
    by key, which are changed in place.
    """
    definition = kind.find(section, kind.choose(section), lambda path: "")
    if isinstance(definition, Problem):
        return
    known = kind.options(definition, section)
    others = {name for each in kind.definitions() for name in kind.options(each)}
    for name in others.difference(known, DATASET_KEYS):
        section.pop(name, None)


def _unset(section: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove the value of a key in a section with fixed keys.

    The key gets the value None, if None is allowed. Otherwise the key is removed, so that its
    default applies. section: the plain data that hold the last key of `path`; they are changed in
    place.
    """
    fields = FIXED[path[0]].model_fields
    if len(path) == 2 and type(None) in get_args(fields[path[1]].annotation):
        section[path[-1]] = None
    else:
        del section[path[-1]]


def _drop_former_options(kind: SectionKind, key: str, section: dict[str, Any]) -> None:
    """Remove options that belonged to an entry, such as a loss, that an override has replaced.

    key: the option that the override has set. section: the values of the section by key, which are
    changed in place.
    """
    definition = kind.find(section, kind.choose(section), lambda path: "")
    if isinstance(definition, Problem):
        return
    known, choice = kind.options(definition, section), kind.own_options(definition).get(key)
    for name in brought_options({key: choice}) if choice else ():
        if name not in known:
            section.pop(name, None)
