"""Makes an experiment from plain data: validates all sections and reports all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from gdrun.config.checks import contradictions
from gdrun.config.document import Document
from gdrun.config.experiment import (
    DEFAULTS,
    FIXED,
    KEYS,
    NOISELESS_VARIANT,
    SURFACE_LOG,
    Experiment,
    Header,
    Path,
    Where,
)
from gdrun.config.key_paths import resolve_key
from gdrun.config.names_elsewhere import key_elsewhere
from gdrun.config.section_kinds import Section, SectionKind
from gdrun.config.sections import PROBLEM, SECTIONS, beside_surface, section_keys
from gdrun.config.settings import Settings, Split, Standardize, with_default_budget, without_off
from gdrun.config.wording import problems_of
from gdrun.config.writing import short_flow
from gdrun.errors import ConfigError, Problem, suggestion


def resolve(data: Mapping[str, Any], where: Where | None = None) -> Experiment:
    """Return the experiment that plain data describe, with a value for every option.

    where: a function that returns the place of a key path, for messages; None means that messages
    have no line numbers. Raises ConfigError with all problems at once.
    """
    where = where or Document({}, "config").where
    problems = [
        Problem(f"unknown key {key!r}", where((key,)), _key_hint(str(key), data))
        for key in data
        if key not in KEYS
    ]
    parts: dict[str, Any] = {}
    head = {key: data[key] for key in Header.model_fields if key in data}
    parts["header"] = _checked(Header, head, (), where, problems)
    for key in section_keys(data):
        kind, raw = SECTIONS[key], data.get(key, DEFAULTS.get(key))
        if key == "variant" and key not in data and is_noiseless(parts.get("surface")):
            raw = NOISELESS_VARIANT
        if raw is None:
            hint = f"add this section, such as {key}: {kind.default}"
            problems.append(Problem(f"has no section {key}", where(()), hint))
            continue
        parts[key], section_problems = kind.resolve(raw, where)
        problems.extend(section_problems)
    for key, model in FIXED.items():
        raw = data.get(key)
        off = model.can_be_off and without_off(raw) is None
        raw = {} if raw is None or off else raw
        if key == "stopping" and isinstance(raw, dict):
            raw = with_default_budget(raw)
        if key == "log" and isinstance(raw, dict) and data.get("surface") is not None:
            raw = SURFACE_LOG | raw
        parts[key] = _checked(model, raw, (key,), where, problems)
    parts |= _problem(parts.get("surface"), data, where, problems)
    # The sections can be compared only if all of them are valid.
    if not problems:
        experiment = Experiment(**parts)
        problems = contradictions(experiment, where)
    if problems:
        raise ConfigError(problems)
    return experiment


def is_noiseless(surface: Section | None) -> bool:
    """Whether a validated section `surface` has no noise. None: there is none, or it is invalid."""
    return surface is not None and not surface["noise"]


def _key_hint(key: str, data: Mapping[str, Any]) -> str:
    """The hint for an unknown key at the top level: the section that has it, or similar keys."""
    known = {name: value for name, value in data.items() if name in KEYS}
    paths = resolve_key(key_elsewhere(key, known) or key, known)
    if len(paths) == 1 and len(paths[0]) > 1:
        section, *inner, option = paths[0]
        return f"{option} belongs to {'.'.join([section, *inner])}: {_move(paths[0], data, key)}"
    return suggestion(key, KEYS)


def _move(path: tuple[str, ...], data: Mapping[str, Any], key: str) -> str:
    """How to write the value of a key at the top level at its path, without a loss of other values.

    A section that is a name, or is missing, is written with the name that it has now.
    """
    place, rest, held = list(path[:1]), list(path[1:]), data.get(path[0])
    while len(rest) > 1 and isinstance(held, Mapping) and isinstance(held.get(rest[0]), Mapping):
        held = held[rest[0]]
        place.append(rest.pop(0))
    entry: Any = _shown(data[key])
    for part in reversed(rest):
        entry = {part: entry}
    if isinstance(held, Mapping) and held:
        return f"add {short_flow(entry)[1:-1]} to {'.'.join(place)}"
    if path[0] in SECTIONS:
        entry = _named(SECTIONS[path[0]], held, entry) | entry
    return f"write {path[0]}: {short_flow(entry)}"


def _shown(value: Any) -> Any:
    """The value, or dots for an object of Python that a config cannot hold."""
    try:
        short_flow(value)
    except TypeError:
        return "…"
    return value


def _named(kind: SectionKind, held: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The name with which a section has these options, as a mapping.

    Empty if one of the options chooses the entry instead, as the path of a file does. held: the
    name that the section has, if any.
    """
    if kind.choose(options) != "name":
        return {}
    name = held or DEFAULTS.get(kind.key) or kind.name_with(options)
    return {"name": name} if isinstance(name, str) else {}


def _problem(
    surface: Section | None, data: Mapping[str, Any], where: Where, problems: list[Problem]
) -> dict[str, Any]:
    """Return the parts of an experiment that depend on whether it has a surface.

    With a surface, they are a dataset without data and a model without options. surface: the
    validated section; None if there is none or it is invalid. Problems are added to `problems`.
    """
    if data.get("surface") is None:
        return {"surface": None}
    given = (key for key in PROBLEM if data.get(key) is not None)
    problems += [beside_surface(key, where((key,))) for key in given]
    if surface is None:
        return {}
    start = surface["start"]
    if len(start) != 2:
        what = f"must have two numbers, one for each weight, got {list(start)}"
        problems.append(Problem(what, where(("surface", "start")), "such as start: [-1.5, 2.0]"))
    # The examples of a surface are its gradient noise, which is not split into parts.
    none = Split(validation=0, test=0)
    return {
        "dataset": Section(
            "gradient noise",
            {
                "task": None,
                "positive": None,
                "validation": None,
                "test": None,
                "split": none,
                "standardize": Standardize(features=False),
                "seed": 0,
            },
        ),
        "model": Section(surface.name, {"l2": 0.0}),
    }


def _checked(
    model: type[Settings], raw: Any, path: Path, where: Where, problems: list[Problem]
) -> Settings | None:
    """Return the settings of a section with fixed keys; None if the plain data are invalid.

    model: the class of the settings. raw: the plain data of the section. path: the path of the
    section. Problems are added to `problems`.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        word = path[0] if path else "the top level"
        problems.extend(problems_of(error, path, where, model=model, of=str(word)))
        return None
