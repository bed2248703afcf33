"""An experiment from wherever it is described: a file, plain data, or the quickstart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from gdrun.config.document import Document, parse_document, read_document
from gdrun.config.experiment import Experiment
from gdrun.config.overrides import Override, apply, parse_override
from gdrun.config.resolving import resolve
from gdrun.data.sources import PREPARATION
from gdrun.errors import ConfigError, Problem
from gdrun.methods.plugins import load_entry_points

Source: TypeAlias = str | Path | Mapping[str, Any] | Experiment | None

QUICKSTART = "quickstart"
PROBLEM_KEYS = ("dataset", "model", "surface")


def load(source: Source = None, overrides: Iterable[str | Override] = ()) -> Experiment:
    """The experiment that `source` describes, with the overrides set on it.

    source: the path of a file, plain data, an experiment, or None for the quickstart.
    overrides: texts of the form KEY=VALUE, in order.
    Raises ConfigError with everything that is wrong.
    """
    load_entry_points()
    document = read(source)
    data, where = apply(document.data, _parsed(overrides), document.where)
    if source is None and _problem(data) != _problem(document.data):
        data = _unnamed(data, document.data["name"])
    return resolve(data, where)


def read(source: Source = None) -> Document:
    """The plain data of `source`, knowing where each key stands; errors call a mapping `config`."""
    match source:
        case None:
            return parse_document(quickstart_text(), QUICKSTART)
        case Experiment():
            return Document(source.plain(), "config")
        case Mapping():
            return Document(_plain(source), "config")
    return read_document(Path(source))


def arrays_for_dataset(config: Source) -> Override:
    """What puts arrays in the place of the config's dataset, with its split and standardize."""
    stated = read(config).data.get("dataset")
    kept = stated if isinstance(stated, dict) else {}
    kept = {key: value for key, value in kept.items() if key in PREPARATION}
    return Override("dataset", {"name": "arrays"} | kept, "data=(X, y)")


def quickstart_text() -> str:
    """The experiment that runs when none is named, as it stands in its file."""
    return _packaged(QUICKSTART)


def starter_text() -> str:
    """A commented experiment to begin with."""
    return _packaged("starter")


def _problem(data: Mapping[str, Any]) -> list[Any]:
    """What the data choose to be trained on, and the model."""
    sections = [data.get(key) for key in PROBLEM_KEYS]
    return [
        (section.get("name"), section.get("path")) if isinstance(section, Mapping) else section
        for section in sections
    ]


def _unnamed(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The data without this name: the quickstart on another problem is named after that one."""
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
    """Data from Python in the terms of a file: lists for tuples and arrays, text for paths."""
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
