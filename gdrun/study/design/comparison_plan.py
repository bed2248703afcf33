"""The plan of a comparison: its contenders, which all have the same problem and seeds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from gdrun.config.experiment import Experiment
from gdrun.config.section_kinds import Section
from gdrun.config.sections import SECTIONS
from gdrun.config.writing import short_flow
from gdrun.data.same_rows import rows_and_target, with_features_of
from gdrun.errors import ConfigError
from gdrun.study.design.trials import Candidate, Settings, StudyPlan

PROBLEM = ("dataset", "surface")
"""The sections of a config that contenders share."""


def plan_comparison(
    candidates: Sequence[Candidate], seeds: Sequence[int], for_all: Settings | None = None
) -> StudyPlan:
    """Return the plan of a comparison.

    candidates: one for each contender. for_all: the settings of every contender, by key. Contenders
    that write the path of the same file in different ways get the path of the first one. Datasets
    may differ in the features and their scale (see gdrun.data.same_rows), and in the scale of the
    target. Raises ConfigError if two contenders have different datasets or surfaces otherwise.
    """
    first, *others = candidates
    shared = [first, *(_with_problem_of(first, other) for other in others)]
    return StudyPlan("compare", tuple(shared), tuple(seeds), for_all or {})


def _with_problem_of(first: Candidate, other: Candidate) -> Candidate:
    """The other contender, with the paths in its dataset as the first one writes them."""
    for part in PROBLEM:
        wanted, own = getattr(first.experiment, part), getattr(other.experiment, part)
        if not _alike(wanted, own):
            raise ConfigError(
                f"has a different {part} from {first.name}",
                where=other.name,
                hint=_hint(part, first, other),
            )
    shared, own = first.experiment.dataset, other.experiment.dataset
    dataset = replace(shared, options=with_features_of(shared.options, own.options))
    return replace(other, experiment=replace(other.experiment, dataset=dataset))


def _alike(one: Section | None, other: Section | None) -> bool:
    """Whether two sections have the same rows and targets, or are the same surface."""
    if one == other or one is None or other is None:
        return one == other
    return rows_and_target(one.plain()) == rows_and_target(other.plain())


def _hint(part: str, first: Candidate, other: Candidate) -> str:
    """How to give two contenders the same dataset or surface."""
    files = [each.settings["config"] for each in (first, other) if "config" in each.settings]
    if len(files) == 1:
        return f'`config="{files[0]}"` gives every contender the {part} of {files[0]}'
    if None in (getattr(first.experiment, part), getattr(other.experiment, part)):
        return f"give all contenders the same {part}"
    setting = shlex.quote(f"{part}={short_flow(_shortest(part, first.experiment))}")
    return f"`{setting}` gives every contender the {part} of {first.name}"


def _shortest(part: str, experiment: Experiment) -> dict[str, object]:
    """The plain data of a section, without the options that have their defaults."""
    section, kind = getattr(experiment, part), SECTIONS[part]
    plain: dict[str, object] = section.plain()
    for key in [*plain][1:]:
        fewer = {name: value for name, value in plain.items() if name != key}
        if kind.resolve(fewer, lambda place: "")[0] == section:
            plain = fewer
    return plain
