"""Load an experiment from a file, from plain data, or from the quickstart config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from gdrun.config.document import Document, parse_document, read_document
from gdrun.config.experiment import Experiment
from gdrun.config.overrides import Override, apply, parse_override
from gdrun.config.resolving import resolve
from gdrun.config.sections import DATASET_KEYS
from gdrun.data.sources import PREPARATION
from gdrun.errors import ConfigError, Problem
from gdrun.methods.plugins import load_entry_points

Source: TypeAlias = str | Path | Mapping[str, Any] | Experiment | None

QUICKSTART = "quickstart"
PROBLEM_KEYS = ("dataset", "model", "surface")


def load(source: Source = None, overrides: Iterable[str | Override] = ()) -> Experiment:
    """Return the experiment that `source` describes, changed by the overrides.

    source: the path of a config file, plain data, an experiment, or None for the quickstart config.
    overrides: texts of the form KEY=VALUE; for the same key the last one counts.
    Raises ConfigError with all problems at once, and GdrunError if an installed plugin fails.
    """
    load_entry_points()  # Before validation, which reads the registries.
    document = read(source)
    data, where = apply(document.data, _parsed(overrides), document.where)
    if source is None and _problem(data) != _problem(document.data):
        data = _unnamed(data, document.data["name"])
    return resolve(data, where)


def read(source: Source = None) -> Document:
    """Return the plain data of a config, with the positions of its keys.

    source: the path of a file, plain data, an experiment, or None for the quickstart config. Error
    messages name a file by its path, and plain data `config`.
    Raises ConfigError if a file cannot be read or is not valid YAML.
    """
    match source:
        case None:
            return parse_document(quickstart_text(), QUICKSTART)
        case Experiment():
            return Document(source.plain(), "config")
        case Mapping():
            return Document(_plain(source), "config")
    return read_document(Path(source))


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


def _problem(data: Mapping[str, Any]) -> list[Any]:
    """The names, paths or queries of dataset, model and surface that the plain data choose."""
    sections = [data.get(key) for key in PROBLEM_KEYS]
    return [
        tuple(map(section.get, DATASET_KEYS)) if isinstance(section, Mapping) else section
        for section in sections
    ]


def _unnamed(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the plain data without the key `name`, if it has this value.

    With another dataset or model the quickstart is another experiment, and its name does not fit.
    """
    return {key: value for key, value in data.items() if (key, value) != ("name", name)}


def _packaged(name: str) -> str:
    return (resources.files("gdrun.config") / f"{name}.yaml").read_text(encoding="utf-8")


def _parsed(overrides: Iterable[str | Override]) -> list[Override]:
    parsed: list[Override] = []
    problems: list[Problem] = []
    for override in overrides:
        try:
            parsed.append(parse_override(override) if isinstance(override, str) else override)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return parsed


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
