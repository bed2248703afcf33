"""The plan of a study: its candidates, and the seeds with which each candidate is trained.

A trial is one candidate trained with one seed. The identity of a trial is a hash of its resolved
experiment (the config with all defaults). So a resumed study finds its finished trials even if
trials were added, removed or reordered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

from gdrun.config.experiment import Experiment
from gdrun.config.key_paths import known_paths
from gdrun.config.loading import Source, load
from gdrun.config.overrides import Override
from gdrun.config.quickstart import assumed_rate
from gdrun.config.sections import SECTIONS
from gdrun.config.writing import short_flow
from gdrun.errors import ConfigError, Problem
from gdrun.methods.sampling import VARIANTS
from gdrun.runs.strict_json import dumps

Settings = Mapping[str, Any]

Verb: TypeAlias = Literal["sweep", "compare", "tune"]
"""The kind of a study: tune is the tuning before a comparison."""


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

    for_all: the settings of every candidate, by key; the base of the study has them already.
    """

    verb: Verb
    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...]
    for_all: Settings = field(default_factory=dict)

    @property
    def lacking(self) -> dict[str, list[str]]:
        """For each key of `for_all` that some candidates lack, the names of these candidates.

        For example, batch_size=8 has no effect on bgd and sgd.
        """
        found: dict[str, list[str]] = {}
        for candidate in self.candidates:
            for key in options_missing(self.for_all, candidate.experiment):
                found.setdefault(key, []).append(candidate.name)
        return found

    @property
    def noiseless(self) -> bool:
        """Whether all candidates descend on surfaces without noise, which have no examples."""
        return noiseless(self.candidates)

    @property
    def steps_per_epoch(self) -> dict[str, int]:
        """The steps of the first epoch on a surface, by variant, such as `bgd` or `mbgd of 8`.

        Empty for experiments on data.
        """
        found = {}
        for candidate in self.candidates:
            surface, variant = candidate.experiment.surface, candidate.experiment.variant
            if surface is not None:
                batching = VARIANTS[variant.name].function(surface["examples"], **variant.options)
                size = variant.options.get("batch_size")
                name = variant.name if size is None else f"{variant.name} of {size}"
                found[name] = batching.at(0).steps_per_epoch
        return found

    @property
    def deterministic(self) -> bool:
        """Whether every seed gives the same run, so that one seed is enough."""
        return deterministic(self.candidates)

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

    @cached_property
    def different(self) -> tuple[Trial, ...]:
        """The trials, each experiment once: two candidates may be the same experiment."""
        return tuple({trial.identity: trial for trial in self.trials}.values())

    @cached_property
    def equal_runs(self) -> list[list[Trial]]:
        """The different trials in groups that have the same result: one of each group trains."""
        return equal_runs(self.different)

    @property
    def runs(self) -> int:
        """The number of runs that train."""
        return len(self.equal_runs)

    def runs_ended(self, ended: Container[str]) -> int:
        """The number of runs that have ended. ended: the identities of the trials with a result."""
        return sum(any(each.identity in ended for each in group) for group in self.equal_runs)


def equal_runs(trials: Iterable[Trial]) -> list[list[Trial]]:
    """The trials in groups that have the same result; a group has several if nothing is random."""
    groups: dict[tuple[int, int | None], list[Trial]] = {}
    for trial in trials:
        seed = None if trial.experiment.deterministic else trial.experiment.seed
        groups.setdefault((trial.candidate, seed), []).append(trial)
    return list(groups.values())


def noiseless(candidates: Sequence[Candidate]) -> bool:
    """Whether all candidates descend on surfaces without noise, which have no examples."""
    surfaces = (candidate.experiment.surface for candidate in candidates)
    return all(surface is not None and not surface["noise"] for surface in surfaces)


def deterministic(candidates: Iterable[Candidate]) -> bool:
    """Whether no random number affects the training of any candidate."""
    return all(candidate.experiment.deterministic for candidate in candidates)


def seeds_of(candidates: Sequence[Candidate], first: int, count: int) -> tuple[int, ...]:
    """The seeds of a study: first, first + 1, …, `count` of them; one if no seed has an effect."""
    return tuple(range(first, first + (1 if deterministic(candidates) else count)))


def identity(experiment: Experiment) -> str:
    """The hash of an experiment without its name: the first 16 hexadecimal digits of SHA-256."""
    plain = experiment.plain()
    # The name does not change the training, and may differ when a study is resumed.
    del plain["name"]
    return hashlib.sha256(dumps(_sorted(plain)).encode()).hexdigest()[:16]


def reseeded(experiment: Experiment, seed: int) -> Experiment:
    """The same experiment with this seed."""
    return experiment if seed == experiment.seed else experiment.with_seed(seed)


def candidates_of(
    base: Source, combinations: Sequence[Settings], for_all: Settings | None = None
) -> tuple[Candidate, ...]:
    """Return one candidate for each combination of settings: the base with these settings.

    for_all: the settings of every candidate, which the base has already. They also apply to a
    candidate that chooses another optimizer, model and so on, as far as that has these options. For
    example, with lr=0.1 for all, the candidate optimizer=adam has the rate 0.1 and not Adam's
    default. Raises ConfigError with every problem of all combinations, each problem once.
    """
    found: list[Candidate] = []
    problems: dict[Problem, None] = {}
    for settings in combinations:
        try:
            experiment = load(base, overrides_of(settings))
            if kept := kept_settings(for_all or {}, settings, experiment):
                experiment = load(base, overrides_of({**kept, **settings}))
            experiment = with_suitable_rate(experiment, {**kept, **settings})
        except ConfigError as error:
            problems |= dict.fromkeys(_lacking(base, settings) or error.problems)
        else:
            found.append(Candidate(label(settings), settings, experiment))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def with_suitable_rate(experiment: Experiment, settings: Settings) -> Experiment:
    """The experiment; if its settings choose an optimizer but no rate, with a rate for its surface.

    On a surface, plain gradient descent and its momentum variants may diverge at the default rate
    of the rule. settings: those of the candidate. An experiment on data is returned unchanged.
    """
    if not {"optimizer", "optimizer.name"} & settings.keys():
        return experiment
    rate = assumed_rate(experiment.plain(), overrides_of(settings))
    return experiment if rate is None else load(experiment, [Override("optimizer.lr", rate, "")])


def _lacking(base: Source, settings: Settings) -> list[Problem]:
    """A problem for each key that does not exist with the names in the same settings.

    For example, beta1 does not exist with optimizer=momentum. Empty if the settings contain no
    name, or if the base with these names is not a valid experiment.
    """
    names = {key: settings[key] for key in settings if key.removesuffix(".name") in SECTIONS}
    try:
        missing = options_missing(settings, load(base, overrides_of(names))) if names else []
    except ConfigError:
        return []
    what = ", ".join(f"{key.removesuffix('.name')}={name}" for key, name in names.items())
    hint = "sweep only names that have this option, or compare settings such as adam+beta1=0.8"
    return [Problem(f"{what} has no option {key.rpartition('.')[2]}", key, hint) for key in missing]


def kept_settings(for_all: Settings, chosen: Iterable[str], experiment: Experiment) -> Settings:
    """The settings that a candidate must get again, because its choice of a name has reset them.

    for_all: the settings of every candidate; the result is a part of them. chosen: the keys that
    the candidate sets, such as optimizer or dataset.name. experiment: that of the candidate, with
    the defaults. Settings for which the experiment has no option are left out.
    """
    sections = {key.removesuffix(".name") for key in chosen}
    reset = [
        key
        for key in for_all
        if "." in key and key.partition(".")[0] in sections and not key.endswith(".name")
    ]
    missing = options_missing(reset, experiment) if reset else []
    return {key: for_all[key] for key in reset if key not in missing}


def options_missing(keys: Iterable[str], experiment: Experiment) -> list[str]:
    """The dotted keys for which the experiment has no option.

    >>> bgd = load({"surface": "bowl", "variant": "bgd"})
    >>> options_missing(["optimizer.lr", "variant.batch_size"], bgd)
    ['variant.batch_size']
    """
    known = {".".join(path) for path in known_paths(experiment.plain())}
    return [key for key in keys if key not in known]


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
