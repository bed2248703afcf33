"""The sections of a config: dataset, model, surface, variant, optimizer, schedule and average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from gdrun.config.section_kinds import Section, SectionKind, Where
from gdrun.config.settings import HELD_OUT, HeldOut, Label, Split, Standardize, Standardized
from gdrun.config.wording import FILES_ELSEWHERE
from gdrun.data.other_formats import is_unreadable_data
from gdrun.data.sources import DATASETS, QUERY, READERS, reader_of, unreadable_format
from gdrun.errors import Problem
from gdrun.methods.averaging import AVERAGES
from gdrun.methods.definitions import (
    AUTO,
    Definition,
    Option,
    Seed,
    options_of,
)
from gdrun.methods.rules import COMMON_OPTIONS as OPTIMIZER_OPTIONS
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.sampling import VARIANT_ALIASES, VARIANTS
from gdrun.methods.schedules import COMMON_OPTIONS as SCHEDULE_OPTIONS
from gdrun.methods.schedules import SCHEDULES
from gdrun.problems.model_options import COMMON_OPTIONS as MODEL_OPTIONS
from gdrun.problems.models import MODELS, Task
from gdrun.problems.surfaces import COMMON_OPTIONS as SURFACE_OPTIONS
from gdrun.problems.surfaces import SURFACES

DATASET_KEYS = ("name", "path", "query")
"""The keys that can choose the dataset; a config has one of them."""


def _dataset_options(
    task: Task | None = None,
    positive: Label = None,
    validation: HeldOut = None,
    test: HeldOut = None,
    split: Split = Split(),  # noqa: B008 (frozen, so sharing it is harmless)
    standardize: Standardized = Standardize(),  # noqa: B008
    seed: Seed | Literal["run"] = 0,
) -> None:
    """The options of all datasets. Only the signature is used; this function is never called.

    seed: that of the split and of generated data; `run` is the seed of the run.
    """


@dataclass(frozen=True)
class ModelKind(SectionKind):
    """The model section. `init: auto` is replaced by the name of the init that suits the model."""

    def options(
        self, definition: Definition, given: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Option]:
        own = self.own_options(definition)
        values = {name: given.get(name, option.default) for name, option in own.items()}
        # The default of init depends on the other choices, so they must be valid first.
        if all(
            option.choice is None or option.choice.allows(values[name])
            for name, option in own.items()
        ):
            given = self.completed(definition, values)
        return super().options(definition, given)

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        if options["init"] != AUTO:
            return options
        return options | {"init": MODELS[definition.name].init(options)}


@dataclass(frozen=True)
class SurfaceKind(SectionKind):
    """The surface section. Without the option start, the default start of the surface is used."""

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        if options["start"] is not None:
            return options
        return options | {"start": SURFACES[definition.name].start}


@dataclass(frozen=True)
class DatasetKind(SectionKind):
    """The dataset section, which has a name, a path or a query.

    The name chooses a dataset, the path a file, and the query the result of SQL over files. The
    suffix of a path chooses the reader.
    """

    def definitions(self) -> tuple[Definition, ...]:
        readers = {reader.name: reader for reader in READERS.values()}
        return (*super().definitions(), *readers.values(), QUERY)

    def definition(self, section: Section) -> Definition:
        if section.chosen_by == "query":
            return QUERY
        reader = reader_of(section.name) if section.chosen_by == "path" else None
        return reader or super().definition(section)

    def completed(self, definition: Definition, options: dict[str, Any]) -> dict[str, Any]:
        # A part with a file of its own takes no rows from the other file.
        none = {part: 0 for part in HELD_OUT if options[part] is not None}
        return options | {"split": options["split"].model_copy(update=none)}

    def choose(self, given: Mapping[str, Any]) -> str:
        return next((key for key in DATASET_KEYS if key in given), "name")

    def find(self, given: Mapping[str, Any], chosen_by: str, where: Where) -> Definition | Problem:
        if chosen_by == "name":
            definition = super().find(given, chosen_by, where)
            name = given.get("name")
            if isinstance(definition, Problem) and isinstance(name, str):
                hint = _dataset_hint(name)
                return replace(definition, hint=hint) if hint else definition
            return definition
        text = given[chosen_by]
        if not isinstance(text, str):
            return Problem(f"must be a text, got {text!r}", where((self.key, chosen_by)))
        reader = QUERY if chosen_by == "query" else reader_of(text)
        if reader is None:
            what, hint = unreadable_format(text)
            return Problem(f"{text} {what}", where((self.key, "path")), hint)
        return reader


def _dataset_hint(name: str) -> str | None:
    """A hint for a file name, or for a well-known dataset that gdrun has no copy of; else None."""
    if reader_of(name) is not None:
        return f"for a file, write dataset: {{path: {name}}}"
    if is_unreadable_data(name):
        what, advice = unreadable_format(name)
        return f"{name} {what}: {advice}"
    keys = FILES_ELSEWHERE.get(name.lower().replace("_", "-"))
    if keys is None:
        return None
    return f"gdrun downloads nothing: with the files of {name} in this directory, set {keys}"


DATASET = DatasetKind("dataset", DATASETS, "iris", options_of(_dataset_options))
MODEL = ModelKind("model", MODELS, "softmax", MODEL_OPTIONS)
VARIANT = SectionKind("variant", VARIANTS, "mbgd", aliases=VARIANT_ALIASES)
AVERAGE = SectionKind("average", AVERAGES, "polyak")
OPTIMIZER = SectionKind(
    "optimizer",
    OPTIMIZERS,
    "adam",
    OPTIMIZER_OPTIONS,
    OPTIMIZER_ALIASES,
    {"average": AVERAGE},
)
SCHEDULE = SectionKind("schedule", SCHEDULES, "constant", SCHEDULE_OPTIONS)

SURFACE = SurfaceKind("surface", SURFACES, "rosenbrock", SURFACE_OPTIONS)

SECTIONS: dict[str, SectionKind] = {
    kind.key: kind for kind in (DATASET, MODEL, SURFACE, VARIANT, OPTIMIZER, SCHEDULE)
}
"""The kinds of sections that choose a registry entry by name, in the order of a config file."""

PROBLEM = ("dataset", "model")
"""The sections that define what is minimised. A section surface replaces both."""


def beside_surface(key: str, where: str) -> Problem:
    """The problem with a key of the dataset or the model in an experiment with a surface."""
    hint = f"remove {key} or surface; surface=none removes the surface of a config file"
    return Problem("a surface replaces dataset and model", where, hint)


def section_keys(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the sections that an experiment uses.

    An experiment on a surface has no dataset and no model; any other one has no surface. data: the
    plain data of the experiment.
    """
    absent = PROBLEM if data.get("surface") is not None else ("surface",)
    return tuple(key for key in SECTIONS if key not in absent)
