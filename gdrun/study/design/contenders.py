"""Contenders by name: what `gdrun compare bgd sgd mbgd+adam tuned.yaml` stands for.

A word is a variant, an optimizer, a schedule or a model; words and settings are joined with `+`. A
name that the config has chosen already keeps its options, another starts from its own defaults.
`sgd` is always the variant: the plain rule is called vanilla.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override, parse_override, resolve_key
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError, Problem, suggestion
from gdrun.study.design.trials import Candidate

NAMED = ("variant", "optimizer", "schedule", "model")
"""The sections that a contender may name, in the order in which a name is looked for."""

FILES = (".yaml", ".yml")


def contenders_of(
    words: Sequence[str | Mapping[str, Any] | Experiment],
    base: Experiment,
    changes: Sequence[str | Override] = (),
) -> tuple[Candidate, ...]:
    """A candidate for each word. Raises ConfigError with everything that is wrong.

    changes: what is set on contenders that are configs of their own, as it is on the base.
    """
    found: list[Candidate] = []
    problems: list[Problem] = []
    for place, word in enumerate(words, start=1):
        try:
            found.append(_contender(word, place, base, changes))
        except ConfigError as error:
            problems.extend(error.problems)
    names = [candidate.name for candidate in found]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    problems += [Problem("is listed twice", name, "compare each contender once") for name in twice]
    if len(words) < 2 and not problems:
        hint = "such as: gdrun compare bgd sgd mbgd"
        problems.append(Problem("a comparison needs two contenders or more", hint=hint))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def is_setting(word: str) -> bool:
    """Whether a word is KEY=VALUE and names no contender."""
    return "=" in word and len(_parts(word)) == 1 and Path(word).suffix.lower() not in FILES


def are_configs(words: Sequence[str | Mapping[str, Any] | Experiment]) -> bool:
    """Whether every contender is a config of its own, so that none says anything of a base."""
    return all(not isinstance(word, str) or Path(word).suffix.lower() in FILES for word in words)


def _contender(
    word: str | Mapping[str, Any] | Experiment,
    place: int,
    base: Experiment,
    changes: Sequence[str | Override],
) -> Candidate:
    if not isinstance(word, str):
        experiment = load(word, [*changes, _seed_of(base)])
        return Candidate(experiment.header.name or f"contender {place}", {}, experiment)
    if Path(word).suffix.lower() in FILES:
        experiment = load(word, [*changes, _seed_of(base)])
        return Candidate(Path(word).stem, {"config": word}, experiment)
    overrides = _overrides(word, base)
    experiment = load(base, overrides)
    plain = experiment.plain()
    settings = {".".join(*resolve_key(each.key, plain)): each.value for each in overrides}
    return Candidate(word, settings, experiment)


def _parts(word: str) -> list[str]:
    """The words that + joins; the one within 1e+3 joins nothing."""
    return re.split(r"\+(?=[A-Za-z_])", word)


def _overrides(word: str, base: Experiment) -> list[Override]:
    """What the parts of a contender's name set on the base."""
    changes: list[Override] = []
    by_key: dict[str, str] = {}
    for part in _parts(word):
        change = parse_override(part) if "=" in part else _meant(part, word)
        if change.key in by_key:
            what = f"{by_key[change.key]} and {part} both set the {change.key}"
            raise ConfigError(what, where=repr(word), hint="leave one of them out")
        by_key[change.key] = part
        kept = change.key in base.sections and getattr(base, change.key).name == change.value
        if not kept:
            changes.append(change)
    return changes


def _meant(part: str, word: str) -> Override:
    """The section that a name chooses, as a change."""
    meant = {key: name for key in NAMED if (name := _named(key, part)) is not None}
    if "variant" in meant:
        meant = {"variant": meant["variant"]}  # sgd is the rule's other name too
    if len(meant) > 1:
        hint = f"write {' or '.join(f'{key}={part}' for key in meant)}"
        raise ConfigError(f"{part} may mean {' or '.join(meant)}", where=repr(word), hint=hint)
    for key, name in meant.items():
        return Override(key, name, part)
    known = [name for key in NAMED for name in SECTIONS[key].registry]
    what = f"no variant, optimizer, schedule or model is called {part!r}"
    raise ConfigError(what, where=repr(word), hint=suggestion(part, known))


def _named(section: str, part: str) -> str | None:
    """The name in a section's registry that a word stands for, if it is one."""
    kind = SECTIONS[section]
    name = kind.aliases.get(part, part)
    return name if name in kind.registry else None


def _seed_of(base: Experiment) -> Override:
    return Override("seed", base.seed, f"seed={base.seed}")
