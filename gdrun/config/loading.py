"""Load an experiment from a file, from plain data, or from the quickstart config."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from gdrun.config.document import Document, parse_document, read_document
from gdrun.config.experiment import DEFAULTS, Experiment
from gdrun.config.overrides import (
    MOST_OVERRIDES,
    Override,
    applied,
    parse_override,
    paths_of,
)
from gdrun.config.quickstart import adapted, assumed_rate, varies_batches
from gdrun.config.resolving import resolve
from gdrun.config.writing import short_flow
from gdrun.data.sources import PREPARATION
from gdrun.errors import ConfigError, Parameter, Problem
from gdrun.methods.plugins import load_entry_points

Source: TypeAlias = str | Path | Mapping[str, Any] | Experiment | Document | None

Change: TypeAlias = str | Override | Mapping[str, Any]
"""A change of a config: a text KEY=VALUE, an override, or a mapping of keys to values."""

QUICKSTART = "quickstart"


def load(
    source: Source = None, overrides: Iterable[Change] = (), varied: Iterable[Override] = ()
) -> Experiment:
    """Return the experiment that `source` describes, changed by the overrides.

    source: the path of a config file, plain data, an experiment, or None for the quickstart config.
    overrides: texts of the form KEY=VALUE, or mappings of keys to values; for the same key the last
    one counts. varied: the keys that the runs of a study vary, as overrides whose values are not
    used; with batches or noise among them, a surface has the same default variant as data.
    Raises ConfigError with all problems at once, and GdrunError if an installed plugin fails.
    """
    load_entry_points()  # Before validation, which reads the registries.
    document = read(source)
    parsed, problems = _parsed(overrides)
    data, where, unclear = applied(document.data, parsed, document.where)
    problems += unclear
    if source is None:
        data = adapted(data, document.data, parsed, varied)
    if "variant" not in data and varies_batches(varied, data):
        data = data | {"variant": DEFAULTS["variant"]}
    try:
        experiment = resolve(data, where)
    except ConfigError as error:
        if not problems:
            raise
        # Other problems may only be consequences of the overrides that failed, so they are left
        # out. A wrong value in another override is reported too.
        given = tuple(repr(override.text) for override in parsed)
        problems += [each for each in error.problems if (each.where or "").startswith(given)]
    if problems:
        raise ConfigError(problems)
    return experiment


def assumptions_about(
    overrides: Iterable[Change], varied: Iterable[Override] = ()
) -> dict[str, str]:
    """Return the values that `load` assumes without a config, by dotted path, as texts.

    A text has the value and the reason, such as `0.001, a rate that suits the surface rosenbrock`.

    overrides: texts of the form KEY=VALUE, or mappings of keys to values. A wrong override is
    ignored here, because `load` reports it. varied: overrides of the keys that the runs of a study
    vary; nothing is assumed about their section.
    """
    document, (parsed, _) = read(), _parsed(overrides)
    data = applied(document.data, parsed, document.where)[0]
    rate = assumed_rate(data, parsed)
    sections = {path[0] for each in varied for path in paths_of(each, data)}
    if rate is None or "optimizer" in sections:
        return {}
    surface = data["surface"]
    name = surface["name"] if isinstance(surface, Mapping) else surface
    return {"optimizer.lr": f"{rate:g}, a rate that suits the surface {name}"}


def settings_of(overrides: Iterable[Change], experiment: Experiment) -> dict[str, Any]:
    """Return the values that the overrides have set, by the dotted paths of their keys.

    overrides: those from which `load` has made the experiment.
    """
    plain, (parsed, _) = experiment.plain(), _parsed(overrides)
    paths = [(paths_of(override, plain), override.value) for override in parsed]
    return {".".join(meant[0]): value for meant, value in paths if len(meant) == 1}


def divided(
    source: Source, overrides: Iterable[Change], names: Sequence[Override]
) -> tuple[list[Change], dict[str, Any]]:
    """Divide overrides into those for the experiment of `source`, and those for one of `names`.

    names: overrides, such as optimizer=momentum, with which a study changes the experiment, and
    which may bring keys that it lacks, such as beta. Returns the overrides with which to load the
    experiment, and, by dotted path, the values of the overrides whose keys only come with a name.
    An override whose key is unknown in all cases, or whose form is wrong, is in the first part, so
    that loading reports it.
    """
    changes = list(overrides)
    document, (parsed, problems) = read(source), _parsed(changes)
    plain = applied(document.data, parsed, document.where)[0]
    lacking = [each for each in parsed if not paths_of(each, plain)]
    if problems or not lacking:
        return changes, {}
    named = [applied(plain, [name], document.where)[0] for name in names]
    later: dict[str, Override] = {}
    for override in lacking:
        found = (paths_of(override, data) for data in named)
        path = next((paths[0] for paths in found if len(paths) == 1), None)
        if path is not None:
            later[".".join(path)] = override
    own = [override for override in parsed if override not in later.values()]
    return [*own], {path: override.value for path, override in later.items()}


def read(source: Source = None) -> Document:
    """Return the plain data of a config, with the positions of its keys.

    source: the path of a file, plain data, an experiment, or None for the quickstart config. A
    Document is returned unchanged. In error messages, plain data have the name `config`.
    Raises ConfigError if a file cannot be read or is not valid YAML.
    """
    given: object = source  # Python does not check the types of arguments
    match given:
        case None:
            return parse_document(quickstart_text(), QUICKSTART)
        case Document():
            return given
        case Experiment():
            return Document(given.plain(), "config")
        case Mapping():
            return Document(_plain(given), "config")
        case str() | os.PathLike():
            return read_document(Path(given))
    what = f"must be a path, a dict or an experiment, got {type(given).__name__}"
    raise ConfigError(what, where=Parameter("config"), hint='such as "configs/quickstart.yaml"')


def arrays_for_dataset(config: Source) -> Override:
    """Return the override that replaces the dataset of a config by arrays from Python.

    The keys for the preparation, such as split, are kept. Raises ConfigError if the config cannot
    be read.
    """
    section = read(config).data.get("dataset")
    kept = section if isinstance(section, dict) else {}
    kept = {key: value for key, value in kept.items() if key in PREPARATION}
    return Override("dataset", {"name": "arrays"} | kept, "data=(X, y)")


def quickstart_text() -> str:
    """Return the YAML text of the experiment that gdrun runs without a config file."""
    return _packaged(QUICKSTART)


def starter_text() -> str:
    """Return the YAML text of a config with comments, which `gdrun config new` writes."""
    return _packaged("starter")


def _packaged(name: str) -> str:
    return (resources.files("gdrun.config") / f"{name}.yaml").read_text(encoding="utf-8")


def parsed_changes(overrides: Iterable[Change]) -> list[Override]:
    """The changes as overrides. Raises ConfigError if one of them has a wrong form."""
    parsed, problems = _parsed(overrides)
    if problems:
        raise ConfigError(problems)
    return parsed


def _parsed(overrides: Iterable[Change]) -> tuple[list[Override], list[Problem]]:
    """The overrides, and a problem for each text among them that has a wrong form.

    Raises ConfigError for more than MOST_OVERRIDES.
    """
    changes = list(overrides)
    number = sum(len(each) if isinstance(each, Mapping) else 1 for each in changes)
    if number > MOST_OVERRIDES:
        what = f"there are {number:,} overrides, but at most {MOST_OVERRIDES} are allowed"
        raise ConfigError(what, hint="write them into a config: `gdrun config new` starts one")
    parsed: list[Override] = []
    problems: list[Problem] = []
    for override in changes:
        try:
            parsed.extend(_overrides_of(override))
        except ConfigError as error:
            problems.extend(error.problems)
    return parsed, problems


def _overrides_of(change: object) -> list[Override]:
    """The overrides that a text KEY=VALUE or a mapping of keys to values describes."""
    match change:
        case str():
            return [parse_override(change)]
        case Override():
            return [change]
        case Mapping():
            plain = _plain(change)
            return [
                Override(key, value, f"{key}={short_flow(value)}") for key, value in plain.items()
            ]
    what = f"must be a text KEY=VALUE or a dict, got {type(change).__name__}"
    raise ConfigError(what, where=repr(change), hint='such as "lr=0.1" or {"lr": 0.1}')


def _plain(value: Any) -> Any:
    """Return Python data as YAML would give them: lists for tuples and arrays, text for paths."""
    # NumPy arrays and numbers, without an import of NumPy for them.
    if hasattr(value, "tolist"):
        return value.tolist()
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Path():
            return str(value)
    return value
