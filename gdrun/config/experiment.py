"""An experiment: a validated config in which every option has a value.

An experiment contains everything that a run depends on, including the seed. A YAML file with the
plain data of an experiment describes the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from gdrun.config.section_kinds import Section
from gdrun.config.sections import SECTIONS, section_keys
from gdrun.config.settings import (
    Clip,
    Diagnose,
    Evaluate,
    Log,
    Settings,
    Stopping,
)
from gdrun.data.sources import stem
from gdrun.methods.definitions import Seed
from gdrun.problems.models import LANE_OPTIONS, MODELS, Task
from gdrun.problems.surfaces import SURFACES, Surface

Path = tuple[str | int, ...]
Where = Callable[[Path], str]

SAME_RUN = "nothing in the training is random, so every seed gives the same run"
"""What a message says of an experiment that is deterministic."""


class Header(Settings):
    """The keys at the top level of a file that are not sections.

    name: the name of the experiment; None if its surface, or its dataset and model, give it a name.
    seed: the seed of the run. dtype: the type of the numbers. engine: what computes the steps,
    NumPy or kernels in C; `auto` chooses the faster one.
    """

    name: str | None = None
    seed: Seed = 0
    dtype: Literal["float64", "float32"] = "float64"
    engine: Literal["auto", "numpy", "compiled"] = "auto"


FIXED: dict[str, type[Settings]] = {
    "clip": Clip,
    "stopping": Stopping,
    "evaluate": Evaluate,
    "log": Log,
    "diagnose": Diagnose,
}
"""The sections with fixed keys, by name: each is a pydantic model."""

DEFAULTS: dict[str, Any] = {
    "variant": "mbgd",
    "optimizer": "vanilla",
    "schedule": "constant",
    "clip": {},
    "stopping": {},
    "evaluate": {},
    "log": {},
    "diagnose": {},
}
"""The value of each section that is not in a config file.

The sections dataset, model and surface have no default: a file must have dataset and model, or
surface. On a surface without noise the variant is NOISELESS_VARIANT.
"""

NOISELESS_VARIANT = "bgd"
"""The default variant on a surface without noise.

All its batches have the same gradient, so that each step is an epoch: the stopping rules and the
tables see every step.
"""

SURFACE_LOG: dict[str, Any] = {"points": 10_000}
"""The default of the section log for a surface: more points than a picture of a path can show."""

RUN = "run"
"""The value of dataset.seed that means the seed of the run."""

KEYS = (*Header.model_fields, *SECTIONS, *FIXED)
"""All keys of the top level of a config file, in the order in which gdrun writes them."""


@dataclass(frozen=True)
class Experiment:
    """Everything that a run depends on: each section, with a value for every option.

    header: the keys of the top level, such as the seed. surface: the function to minimise; None for
    an experiment on data. With a surface, dataset and model are placeholders that a config cannot
    set.
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
    diagnose: Diagnose

    @property
    def name(self) -> str:
        """The name in the config, or else the name of the surface, or else `DATASET-MODEL`."""
        if self.header.name is not None:
            return self.header.name
        if self.surface is not None:
            return self.surface.name
        dataset = self.dataset.name
        if self.dataset.chosen_by == "path":
            dataset = stem(dataset)
        elif self.dataset.chosen_by == "query":
            dataset = "query"
        return f"{dataset}-{self.model.name}"

    @property
    def seed(self) -> int:
        return self.header.seed

    @property
    def dtype(self) -> str:
        return self.header.dtype

    @property
    def task(self) -> Task | None:
        """The task of the model, or else dataset.task; None if only the target decides it.

        On a surface the task is `regression`.
        """
        if self.surface:
            return "regression"
        of_model = MODELS[self.model.name].task_with(self.model.options)
        task: Task | None = of_model or self.dataset["task"]
        return task

    @property
    def validates(self) -> bool:
        """Whether there is a validation part: some rows of the dataset, or a file of its own."""
        return bool(self.dataset["split"].validation or self.dataset["validation"])

    @property
    def exact_steps(self) -> bool:
        """Whether each step uses the full objective: with full batches, or without any noise.

        Dropout makes every step random. A surface without noise is the same for any batch.
        """
        if self.surface is not None and not self.surface["noise"]:
            return True
        dropout = self.surface is None and self.model.options.get("dropout")
        return self.variant.name == "bgd" and not dropout

    @property
    def draws_data(self) -> bool:
        """Whether the random split and generated data depend on the seed of the run."""
        return self.surface is None and self.dataset["seed"] == RUN

    @property
    def data_seed(self) -> int:
        """The seed of the random split, and of generated data."""
        return self.seed if self.draws_data else int(self.dataset["seed"])

    @property
    def deterministic(self) -> bool:
        """Whether training uses no random numbers, so every seed gives the same run.

        This is so if the order of the examples is not random, the initial weights are zero, and
        there is no dropout, and the data do not depend on the seed of the run. On a surface the
        examples are noise vectors that are the same for every seed, so only their order can be
        random; without noise it does not matter. With a budget in seconds the result is False,
        because runs then end at different steps.
        """
        if self.stopping.seconds is not None or self.draws_data:
            return False
        ordered = self.variant.options.get("sampling", "sequential") == "sequential"
        if self.surface is not None:
            return ordered or not self.surface["noise"]
        return ordered and self.model["init"] == "zeros" and not self.model.options.get("dropout")

    @property
    def walks_on(self) -> Surface | None:
        """The surface (function of two weights) to minimise; None for an experiment on data."""
        return None if self.surface is None else SURFACES[self.surface.name]

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of the sections that choose a registry entry by name, such as optimizer."""
        return section_keys({"surface": self.surface})

    def plain(self) -> dict[str, Any]:
        """Return the experiment as plain data, in the form and order of a config file."""
        header = self.header.model_dump() | {"name": self.name}
        named = {key: getattr(self, key).plain() for key in self.sections}
        fixed = {key: getattr(self, key).plain() for key in FIXED}
        return header | named | {key: value for key, value in fixed.items() if value}

    @cached_property
    def shape(self) -> str:
        """A text that is equal for experiments whose runs can be trained together in one loop.

        It contains the whole experiment except the name, the seed, and the values of the options in
        which such runs may differ, such as optimizer.lr. The seed of the data is always in it.
        """
        plain = self.plain()
        del plain["name"], plain["seed"]
        for key in ("optimizer", "schedule"):
            section, kind = getattr(self, key), SECTIONS[key]
            for name, option in kind.definition(section).options.items():
                if option.varies and section[name] is not None:
                    plain[key][name] = "number"
        if self.draws_data:
            plain["dataset"]["seed"] = self.seed
        for name in LANE_OPTIONS & plain.get("model", {}).keys():
            plain["model"][name] = "number"
        # Lanes may differ in their limits, but all or none of them clip.
        plain["clip"] = sorted(plain.get("clip", {}))
        return repr(plain)

    def with_seed(self, seed: int) -> Experiment:
        """Return the same experiment with another seed."""
        # self.name, so that a name made from dataset and model becomes part of the config.
        header = self.header.model_copy(update={"name": self.name, "seed": seed})
        return replace(self, header=header)
