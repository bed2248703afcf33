"""From plain data to an experiment: every section resolved, every fault found at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from gdrun.config.checks import contradictions
from gdrun.config.document import Document
from gdrun.config.experiment import DEFAULTS, FIXED, KEYS, WALK_LOG, Experiment, Header, Path, Where
from gdrun.config.sections import PROBLEM, SECTIONS, Section, stated_by
from gdrun.config.settings import Settings, Split, with_default_budget
from gdrun.config.wording import problems_of
from gdrun.errors import ConfigError, Problem, suggestion


def resolve(data: Mapping[str, Any], where: Where | None = None) -> Experiment:
    """The experiment that plain data describes. `where` says where a path stands, for errors.

    Raises ConfigError with everything that is wrong, at once.
    """
    where = where or Document({}, "config").where
    problems = [
        Problem(f"unknown key {key!r}", where((key,)), suggestion(key, KEYS))
        for key in data
        if key not in KEYS
    ]
    parts: dict[str, Any] = {}
    head = {key: data[key] for key in Header.model_fields if key in data}
    parts["header"] = _checked(Header, head, (), where, problems)
    for key in stated_by(data):
        kind, raw = SECTIONS[key], data.get(key, DEFAULTS.get(key))
        if raw is None:
            hint = f"such as {key}: {kind.default}"
            problems.append(Problem(f"has no {key}", where(()), hint))
            continue
        parts[key], found = kind.resolve(raw, where)
        problems.extend(found)
    for key, model in FIXED.items():
        raw = data.get(key)
        raw = {} if raw is None else raw
        if key == "stopping" and isinstance(raw, dict):
            raw = with_default_budget(raw)
        if key == "log" and isinstance(raw, dict) and data.get("surface") is not None:
            raw = WALK_LOG | raw
        parts[key] = _checked(model, raw, (key,), where, problems)
    parts |= _problem(parts.get("surface"), data, where, problems)
    if not problems:
        experiment = Experiment(**parts)
        problems = contradictions(experiment, where)
    if problems:
        raise ConfigError(problems)
    return experiment


def _problem(
    surface: Section | None, data: Mapping[str, Any], where: Where, problems: list[Problem]
) -> dict[str, Any]:
    """What a surface stands for: a dataset without any data, and a model without options."""
    if data.get("surface") is None:
        return {"surface": None}
    for key in PROBLEM:
        if data.get(key) is not None:
            hint = f"leave {key} out, or surface: it is the whole problem"
            problems.append(Problem("has no place beside a surface", where((key,)), hint))
    if surface is None:
        return {}
    start = surface["start"]
    if len(start) != 2:
        what = f"must be a place of two numbers, got {len(start)}"
        problems.append(Problem(what, where(("surface", "start")), "such as start: [-1.5, 2.0]"))
    none = Split(validation=0, test=0)
    return {
        "dataset": Section("gradient noise", {"split": none, "standardize": False, "seed": 0}),
        "model": Section(surface.name, {"l2": 0.0}),
    }


def _checked(
    model: type[Settings], raw: Any, path: Path, where: Where, problems: list[Problem]
) -> Settings | None:
    """The settings that plain data describes; what is wrong goes to `problems`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        word = path[0] if path else "the top level"
        problems.extend(problems_of(error, path, where, model=model, of=str(word)))
        return None
