"""An experiment: one fully resolved configuration, seed included.

Everything that a run depends on is in here, with every default filled in, so that the plain form of
an experiment, written as a file, describes the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from gdrun.config.checks import contradictions
from gdrun.config.document import Document
from gdrun.config.sections import PROBLEM, SECTIONS, Section, stated_by
from gdrun.config.settings import (
    Clip,
    Evaluate,
    Log,
    Settings,
    Split,
    Stopping,
    with_default_budget,
)
from gdrun.config.wording import problems_of
from gdrun.errors import ConfigError, Problem, suggestion
from gdrun.methods.definitions import Seed
from gdrun.problems.models import LANE_OPTIONS, MODELS, Task
from gdrun.problems.surfaces import SURFACES, Surface

Path = tuple[str | int, ...]
Where = Callable[[Path], str]


class Header(Settings):
    """The keys that stand alone at the top of a file."""

    name: str | None = None
    seed: Seed = 0
    dtype: Literal["float64", "float32"] = "float64"
    engine: Literal["auto", "numpy", "compiled"] = "auto"


FIXED: dict[str, type[Settings]] = {
    "clip": Clip,
    "stopping": Stopping,
    "evaluate": Evaluate,
    "log": Log,
}
"""The sections with fixed keys."""

DEFAULTS: dict[str, Any] = {
    "variant": "mbgd",
    "optimizer": "vanilla",
    "schedule": "constant",
    "clip": {},
    "stopping": {},
    "evaluate": {},
    "log": {},
}
"""What a section is when a file leaves it out; dataset and model, or a surface, must be named."""

WALK_LOG: dict[str, Any] = {"points": "all"}
"""What a walk on a surface logs unless told otherwise: its picture needs every place."""

KEYS = (*Header.model_fields, *SECTIONS, *FIXED)
"""Every key of the top level, in the order of a file."""


@dataclass(frozen=True)
class Experiment:
    """What a run depends on, resolved: each section with every option given a value.

    surface: stands for dataset and model; they then hold what the engine asks of them.
    """

    header: Header
    dataset: Section
    model: Section
    surface: Section | None
    variant: Section
    optimizer: Section
    schedule: Section
    clip: Clip
    stopping: Stopping
    evaluate: Evaluate
    log: Log

    @property
    def name(self) -> str:
        if self.header.name is not None:
            return self.header.name
        if self.surface is not None:
            return self.surface.name
        dataset = self.dataset.name
        if self.dataset.chosen_by == "path":
            dataset = dataset.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return f"{dataset}-{self.model.name}"

    @property
    def seed(self) -> int:
        return self.header.seed

    @property
    def dtype(self) -> str:
        return self.header.dtype

    @property
    def task(self) -> Task | None:
        """What the model does with the target; None where the target decides."""
        return (
            "regression" if self.surface else MODELS[self.model.name].task_with(self.model.options)
        )

    @property
    def walks_on(self) -> Surface | None:
        """The surface, where the problem is one."""
        return None if self.surface is None else SURFACES[self.surface.name]

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of the sections chosen by name that this experiment has."""
        return stated_by({"surface": self.surface})

    def plain(self) -> dict[str, Any]:
        """The experiment as plain data, in the order of a file; reading it gives it back."""
        header = self.header.model_dump() | {"name": self.name}
        named = {key: getattr(self, key).plain() for key in self.sections}
        fixed = {key: getattr(self, key).model_dump(exclude_none=True) for key in FIXED}
        return header | named | {key: value for key, value in fixed.items() if value}

    @cached_property
    def shape(self) -> str:
        """What lanes of one cohort must have in common: all but names, seeds and real numbers."""
        plain = self.plain()
        del plain["name"], plain["seed"]
        for key in ("optimizer", "schedule"):
            section, kind = getattr(self, key), SECTIONS[key]
            for name, option in kind.definition(section).options.items():
                if option.varies and section[name] is not None:
                    plain[key][name] = "number"
        for name in LANE_OPTIONS & plain.get("model", {}).keys():
            plain["model"][name] = "number"
        plain["clip"] = sorted(plain.get("clip", {}))
        return repr(plain)

    def with_seed(self, seed: int) -> Experiment:
        """The same experiment under another seed."""
        return resolve(self.plain() | {"seed": seed})


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
