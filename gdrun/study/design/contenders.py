"""The contenders of a comparison, from texts such as bgd, mbgd+adam, adam+lr=0.1 or tuned.yaml.

A file, or the directory of a run, is a whole config.
Any other contender is a variant of a base experiment. Its text joins names and settings with `+`. A
name is that of a variant, an optimizer, a schedule or a model. If the base already uses this name,
the options of the name keep their values; otherwise they get their defaults. `sgd` always means the
variant, never the optimizer; write `vanilla` for the latter. `gd` always means the optimizer, with
the batches of the base; write `bgd` for full batches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import Change, load
from gdrun.config.names_elsewhere import option_not_name
from gdrun.config.overrides import Override, parse_override, paths_of
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError, Parameter, Problem, suggestion
from gdrun.methods.plugins import with_own_names
from gdrun.study.design.contender_files import (
    FILES,
    config_file,
    contender_of,
    near_config,
    with_different_names,
)
from gdrun.study.design.trials import (
    Candidate,
    Settings,
    kept_settings,
    overrides_of,
    with_suitable_rate,
)

NAMED = ("variant", "optimizer", "schedule", "model")
"""The sections of a config whose names a contender can use, in the order of the search."""


def contenders_of(
    words: Sequence[str | Mapping[str, Any] | Experiment],
    base: Experiment,
    changes: Sequence[Change] = (),
    for_all: Settings | None = None,
) -> tuple[Candidate, ...]:
    """Return one candidate for each contender in `words`. Raises ConfigError with every problem.

    base: the experiment to start from; a contender given as a text such as adam+lr=0.1 is this
    experiment with these changes. changes: the overrides to apply to contenders that are configs;
    they are already applied to `base`. for_all: the settings of every contender, by key; `base` has
    them already, and a contender that chooses another optimizer, model and so on gets those of them
    for which it has options.
    """
    found: list[Candidate] = []
    problems: list[Problem] = []
    if isinstance(words, str):
        listed = words.split() if " " in words else [words, "bgd" if words == "mbgd" else "mbgd"]
        hint = f"write a list of contenders, such as {json.dumps(listed)}"
        raise ConfigError("is a text, not a list", where=Parameter("contenders"), hint=hint)
    if isinstance(words, Mapping):
        hint = "write a list of whole configs, each with its own name"
        raise ConfigError("is a mapping, not a list", where=Parameter("contenders"), hint=hint)
    for place, word in enumerate(words, start=1):
        try:
            found.append(_contender(word, place, base, changes, for_all or {}))
        except ConfigError as error:
            if isinstance(word, Mapping) and not {"dataset", "surface"} & set(word):
                hint = "a dict must have its own dataset and model; write a change as a text"
                hint += ', such as "adam+lr=0.1"'
                problems.append(Problem("is not a whole config", f"contender {place}", hint))
            else:
                problems.extend(error.problems)
    found = with_different_names(found)
    names = [candidate.name for candidate in found]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    hint = "list each contender once"
    if not all(isinstance(word, str) for word in words):
        hint += ", and give each config its own name"
    problems += [Problem("is listed twice", name, hint) for name in twice]
    if len(words) < 2 and not problems:
        hint = "such as bgd and mbgd: `gdrun compare bgd mbgd`"
        problems.append(Problem("a comparison needs at least two contenders", hint=hint))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def is_setting(word: str) -> bool:
    """Whether a word of the command line is an override KEY=VALUE rather than a contender."""
    return "=" in word and len(_parts(word)) == 1 and Path(word).suffix.lower() not in FILES


def is_name(word: str) -> bool:
    """Whether a contender is one name, such as adam."""
    return any(_named(key, word) is not None for key in NAMED)


def is_config(word: str | Mapping[str, Any] | Experiment) -> bool:
    """Whether a contender is a config, or the file of one, so that it needs no base experiment."""
    return not isinstance(word, str) or _file(word) is not None


def chosen_names(words: Iterable[object]) -> list[Override]:
    """The overrides for the names that contenders choose, such as optimizer=adam.

    Wrong words are left out here; `contenders_of` raises their errors.
    """
    names = []
    for part in (part for word in words if isinstance(word, str) for part in _parts(word)):
        with suppress(ConfigError):
            names += [] if "=" in part else [_choice(part, part)]
    return names


def set_keys(words: Iterable[object]) -> list[Override]:
    """The overrides of all parts of contenders, such as variant=sgd for sgd, and lr=0.1.

    Wrong words are left out here; `contenders_of` raises their errors.
    """
    found = chosen_names(words)
    for part in (part for word in words if isinstance(word, str) for part in _parts(word)):
        with suppress(ConfigError):
            found += [parse_override(part)] if "=" in part else []
    return found


def require_names(words: Iterable[str], optimizer: str) -> None:
    """Raise ConfigError with every part of contenders that should be a name, and is none.

    optimizer: the name of the optimizer of the base experiment, for the hint.
    """
    problems: list[Problem] = []
    for word in words:
        try:
            for part in [] if is_config(word) else _parts(word):
                _ = "=" in part or _choice(part, word, optimizer)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)


def _contender(
    word: str | Mapping[str, Any] | Experiment,
    place: int,
    base: Experiment,
    changes: Sequence[Change],
    for_all: Settings,
) -> Candidate:
    if not isinstance(word, str):
        experiment = load(word, [*changes, _seed_of(base)])
        return Candidate(experiment.header.name or f"contender {place}", {}, experiment)
    if (file := _file(word)) is not None:
        experiment = load(file, [*changes, _seed_of(base)])
        return contender_of(word, file, Candidate(word, {}, experiment))
    overrides = _overrides(word, base)
    experiment = load(base, overrides)
    if kept := kept_settings(for_all, [each.key for each in overrides], experiment):
        experiment = load(base, [*overrides_of(kept), *overrides])
    plain = experiment.plain()
    settings = {".".join(*paths_of(each, plain)): each.value for each in overrides}
    experiment = with_suitable_rate(experiment, {**kept, **settings})
    return Candidate(word, settings, experiment)


def _file(word: str) -> Path | None:
    """The config that a contender names; None for a name, also if a directory has this name."""
    return None if is_name(word) else config_file(word)


def _parts(word: str) -> list[str]:
    """The parts of a contender's text, which `+` joins; the `+` in 1e+3 belongs to a number."""
    return re.split(r"\+(?=[A-Za-z_])", word)


def _overrides(word: str, base: Experiment) -> list[Override]:
    """The overrides that change the base into the contender that `word` describes."""
    changes: list[Override] = []
    by_key: dict[str, str] = {}
    for part in _parts(word):
        change = parse_override(part) if "=" in part else _choice(part, word, base.optimizer.name)
        if change.key in by_key:
            what = f"{by_key[change.key]} and {part} both set the {change.key}"
            raise ConfigError(what, where=repr(word), hint="remove one of them")
        by_key[change.key] = part
        # Choosing a name resets the options of its section; the same name again keeps them.
        kept = change.key in base.sections and getattr(base, change.key).name == change.value
        if not kept:
            changes.append(change)
    return changes


def _choice(part: str, word: str, optimizer: str | None = None) -> Override:
    """The override for a part that is a name: adam gives optimizer=adam.

    For the error: word, the text of the whole contender; optimizer, the name of the optimizer of
    the experiment that it changes.
    """
    choices = {key: name for key in NAMED if (name := _named(key, part)) is not None}
    if {"variant", "optimizer"} <= choices.keys():
        # The rule vanilla is also called gd and sgd. Here sgd means the variant, which has this
        # very name, and gd means the rule.
        del choices["optimizer" if part in SECTIONS["variant"].registry else "variant"]
    if len(choices) > 1:
        hint = f"write {' or '.join(_with_key(key, part, word, optimizer) for key in choices)}"
        what = f"{part} is ambiguous: it is the name of a {' and of a '.join(choices)}"
        raise ConfigError(what, where=repr(word), hint=hint)
    for key, name in choices.items():
        return Override(key, name, part)
    several = [each.strip() for each in part.split(",")]
    if part == word and len(several) > 1 and all(several):
        quoted = ", ".join(f'"{each}"' for each in several)
        hint = f"write `contenders=[{quoted}]`"
        raise ConfigError("a comma cannot separate contenders", where=repr(word), hint=hint)
    known = [name for key in NAMED for name in SECTIONS[key].registry]
    what = f"no variant, optimizer, schedule or model is called {part!r}"
    if part == word and len(Path(word).parts) > 1:
        what, hint = "is neither a config nor the directory of a run", near_config(word)
        raise ConfigError(what, where=word, hint=hint)
    if (option := option_not_name(part)) is not None:
        others = [each for each in _parts(word) if each != part] or [option.name]
        hint = f"{option.words}, such as {'+'.join([*others, option.setting])}"
        raise ConfigError(f"{part} is not the name of a contender", where=repr(word), hint=hint)
    hint = with_own_names(suggestion(part, known))
    if part == word:
        hint += "; a contender may also be a config file or the directory of a run"
    raise ConfigError(what, where=repr(word), hint=hint)


def _with_key(key: str, part: str, word: str, optimizer: str | None) -> str:
    """The contender `word` with KEY=NAME in the place of a part, which is this name.

    KEY=NAME alone is a setting of all contenders, so the optimizer of the base joins it.
    """
    parts = [f"{key}={each}" if each == part else each for each in _parts(word)]
    if len(parts) == 1 and optimizer is not None:
        parts.insert(0, optimizer)
    return "+".join(parts)


def _named(section: str, part: str) -> str | None:
    """The name in a section that a part of a contender means, directly or as an alias, or None."""
    kind = SECTIONS[section]
    name = kind.aliases.get(part, part)
    return name if name in kind.registry else None


def _seed_of(base: Experiment) -> Override:
    return Override("seed", base.seed, f"seed={base.seed}")
