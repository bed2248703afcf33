"""The plan of a study: candidates, each an experiment, and the seeds that each is run under.

A trial is one candidate under one seed. Its identity is the hash of its resolved experiment, so
that it is known again in a study that is resumed, whatever the order or the number of trials.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import Source, load
from gdrun.config.overrides import Override
from gdrun.config.writing import short_flow
from gdrun.errors import ConfigError, Problem
from gdrun.runs.strict_json import dumps

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """What is judged: a name, the settings that make it differ, and its experiment."""

    name: str
    settings: Settings
    experiment: Experiment


@dataclass(frozen=True)
class Trial:
    """One candidate under one seed; number counts the trials of a plan from 1."""

    number: int
    candidate: int
    experiment: Experiment

    @cached_property
    def identity(self) -> str:
        """The hash of the resolved experiment, whatever the order of its keys."""
        return identity(self.experiment)


@dataclass(frozen=True)
class StudyPlan:
    """All trials of a study, candidate by candidate."""

    verb: str
    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...]

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        pairs = [
            (place, candidate, seed)
            for place, candidate in enumerate(self.candidates)
            for seed in self.seeds
        ]
        return tuple(
            Trial(number, place, reseeded(candidate.experiment, seed))
            for number, (place, candidate, seed) in enumerate(pairs, start=1)
        )


def identity(experiment: Experiment) -> str:
    """The hash of a resolved experiment but for its name, in 16 hexadecimal digits."""
    plain = experiment.plain()
    del plain["name"]
    return hashlib.sha256(dumps(_sorted(plain)).encode()).hexdigest()[:16]


def reseeded(experiment: Experiment, seed: int) -> Experiment:
    """The experiment under another seed; it is itself under its own."""
    return experiment if seed == experiment.seed else experiment.with_seed(seed)


def candidates_of(base: Source, combinations: Sequence[Settings]) -> tuple[Candidate, ...]:
    """A candidate for each combination of settings on the base.

    Raises ConfigError with everything that is wrong in any of them, each thing once.
    """
    found: list[Candidate] = []
    problems: dict[Problem, None] = {}
    for settings in combinations:
        try:
            experiment = load(base, overrides_of(settings))
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
        else:
            found.append(Candidate(label(settings), settings, experiment))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def overrides_of(settings: Settings) -> list[Override]:
    """The overrides that set them: a whole section before the options within it."""
    ordered = sorted(settings.items(), key=lambda item: (item[0].count("."), "name" not in item[0]))
    return [Override(key, value, f"{key}={short_flow(value)}") for key, value in ordered]


def label(settings: Settings) -> str:
    """The settings in a few words, by their leaves: lr=0.1 optimizer=adam."""
    return " ".join(f"{key.rpartition('.')[2]}={short_flow(v)}" for key, v in settings.items())


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
