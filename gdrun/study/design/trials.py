"""The plan of a study: its candidates, and the seeds with which each candidate is trained.

A trial is one candidate trained with one seed. The identity of a trial is a hash of its resolved
experiment (the config with all defaults), so that a resumed study finds its finished trials even if
trials were added, removed or reordered.
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
    """One of the experiments that a study compares.

    settings: the values, by key, in which the experiment differs from the base of the study.
    """

    name: str
    settings: Settings
    experiment: Experiment


@dataclass(frozen=True)
class Trial:
    """A trial: one candidate, trained with one seed.

    number: the place of the trial in the plan, from 1. candidate: the index of the candidate in the
    plan, from 0. experiment: that of the candidate, with the seed of the trial.
    """

    number: int
    candidate: int
    experiment: Experiment

    @cached_property
    def identity(self) -> str:
        """The hash of the trial's experiment; it does not depend on the order of keys."""
        return identity(self.experiment)


@dataclass(frozen=True)
class StudyPlan:
    """The candidates of a study, and the seeds with which each candidate is trained.

    verb: the kind of study: "sweep", "compare" or "tune".
    """

    verb: str
    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...]

    @property
    def noiseless(self) -> bool:
        """Whether every seed gives the same run, so that one seed is enough."""
        return noiseless(self.candidates)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """All trials: for each candidate, one for each seed."""
        pairs = [
            (place, candidate, seed)
            for place, candidate in enumerate(self.candidates)
            for seed in self.seeds
        ]
        return tuple(
            Trial(number, place, reseeded(candidate.experiment, seed))
            for number, (place, candidate, seed) in enumerate(pairs, start=1)
        )


def noiseless(candidates: Sequence[Candidate]) -> bool:
    """Whether all candidates descend on surfaces without noise, where no seed has an effect."""
    surfaces = (candidate.experiment.surface for candidate in candidates)
    return all(surface is not None and not surface["noise"] for surface in surfaces)


def seeds_of(candidates: Sequence[Candidate], first: int, count: int) -> tuple[int, ...]:
    """The seeds of a study: first, first + 1, …, `count` of them; one if no seed has an effect."""
    return tuple(range(first, first + (1 if noiseless(candidates) else count)))


def identity(experiment: Experiment) -> str:
    """The hash of an experiment without its name: the first 16 hexadecimal digits of SHA-256."""
    plain = experiment.plain()
    # The name does not change the training, and may differ when a study is resumed.
    del plain["name"]
    return hashlib.sha256(dumps(_sorted(plain)).encode()).hexdigest()[:16]


def reseeded(experiment: Experiment, seed: int) -> Experiment:
    """The same experiment with this seed."""
    return experiment if seed == experiment.seed else experiment.with_seed(seed)


def candidates_of(base: Source, combinations: Sequence[Settings]) -> tuple[Candidate, ...]:
    """Return one candidate for each combination of settings: the base with these settings.

    Raises ConfigError with every problem of all combinations, each problem once.
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
    """The overrides for these settings, with the name of each section before its options.

    A name must come first, because a name such as optimizer=adam resets the section's options.
    """
    ordered = sorted(settings.items(), key=lambda item: (item[0].count("."), "name" not in item[0]))
    return [Override(key, value, f"{key}={short_flow(value)}") for key, value in ordered]


def label(settings: Settings) -> str:
    """The settings as a short text with the last part of each key, as lr=0.1 optimizer=adam."""
    return " ".join(f"{key.rpartition('.')[2]}={short_flow(v)}" for key, v in settings.items())


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
