"""An experiment: one fully resolved configuration, seed included.

Everything that a run depends on is in here, with every default filled in, so that the plain form of
an experiment, written as a file, describes the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from gdrun.config.sections import SECTIONS, Section, stated_by
from gdrun.config.settings import (
    Clip,
    Evaluate,
    Log,
    Settings,
    Stopping,
)
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
        header = self.header.model_copy(update={"name": self.name, "seed": seed})
        return replace(self, header=header)
