"""The errors for settings of a comparison that are meant as contenders."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from gdrun.errors import GdrunError, Problem

_FURTHER = re.compile(r"[\s+]+(?=[A-Za-z_][\w.]*=)")
"""What separates a value from further settings in one word: schedule=cosine schedule.warmup=5."""


def refuse_settings_as_contenders(
    settings: Sequence[str],
    contenders: Sequence[str],
    base: Callable[[Sequence[str]], str],
    options: Callable[[str], Sequence[str]],
) -> None:
    """Raise GdrunError if settings are given in the place of contenders.

    They are several values of one key: names with commas between them, such as
    optimizer=adam,vanilla or optimizer=[adam,vanilla]; or, with at most one contender, a key that
    is set several times. Or they are names of sections, such as model=linear, that make at least
    two contenders with the one that there is. settings: the words KEY=VALUE. contenders: the other
    words. base: a function of the settings that all contenders share, which returns the name of
    their optimizer. options: a function of the name of a command, which returns the options that
    the user typed and that this command has. A contender or a value that is no name has its own
    error, because the comparison in the hint would fail.
    """
    values: dict[str, list[str]] = {}
    words: dict[str, list[str]] = {}
    for word in settings:
        key, _, text = word.partition("=")
        values.setdefault(key, []).extend(_listed(key, text))
        words.setdefault(key, []).append(word)
    several = [key for key in values if len(values[key]) > 1]
    meant = [key for key in several if len(words[key]) < len(values[key]) or len(contenders) < 2]
    if not meant:
        _refuse_names(values, words, contenders, base, options)
        return
    key = meant[0]
    shared = [word for word in settings if word not in words[key]]
    optimizer = base(shared)
    _require_names({key: values[key]}, words, contenders, optimizer)
    named = _contenders(key, values[key], contenders, optimizer)
    compare = _command("compare", *named, *shared, *options("compare"))
    ways = [f"`{compare}` compares them"]
    # A key that is swept has plain values, without further settings.
    if not any(_FURTHER.search(value) for value in values[key]):
        swept = f"{key}={','.join(values[key])}"
        ways.append(f"`{_command('sweep', swept, *shared, *options('sweep'))}` tries each value")
    raise GdrunError(
        f"{key} has several values, and a setting applies to every contender",
        where=" ".join(words[key]),
        hint="; ".join(ways),
    )


def _refuse_names(
    values: Mapping[str, Sequence[str]],
    words: Mapping[str, Sequence[str]],
    contenders: Sequence[str],
    base: Callable[[Sequence[str]], str],
    options: Callable[[str], Sequence[str]],
) -> None:
    """Raise GdrunError if settings that choose names make two contenders with the one given.

    values: the values of the settings by their key, at most one of each. words: the settings. If
    the contender chooses a name of the same section as a setting, such as mlp and model=linear,
    only such settings are meant.
    """
    from gdrun.study.design.contenders import NAMED, chosen_names, is_config

    chosen = {each.key for each in chosen_names(contenders)}
    single = [key for key in values if len(values[key]) == len(words[key]) == 1]
    named = [key for key in single if key.removesuffix(".name") in NAMED]
    meant = [key for key in named if key.removesuffix(".name") in chosen] or named
    if len(contenders) > 1 or len(contenders) + len(meant) < 2 or any(map(is_config, contenders)):
        return
    shared = [word for key in words if key not in meant for word in words[key]]
    optimizer = base(shared)
    _require_names({key: values[key] for key in meant}, words, contenders, optimizer)
    found = [each for key in meant for each in _contenders(key, values[key], [], optimizer)]
    if set(found) & set(contenders):
        return
    compare = _command("compare", *found, *contenders, *shared, *options("compare"))
    raise GdrunError(
        "a comparison needs at least two contenders, and a setting applies to every contender",
        where=" ".join(word for key in meant for word in words[key]),
        hint=f"`{compare}` compares them",
    )


def _command(*words: str) -> str:
    return " ".join(["gdrun", *map(shlex.quote, words)])


def _require_names(
    values: Mapping[str, Sequence[str]],
    words: Mapping[str, Sequence[str]],
    contenders: Sequence[str],
    optimizer: str,
) -> None:
    """Raise GdrunError if a contender, or a value of a key that chooses names, is no such name.

    words: the settings by their key. optimizer: the name of the optimizer of the base.
    """
    from gdrun.study.design.contenders import NAMED, require_names

    require_names(contenders, optimizer)
    for key, listed in values.items():
        if (section := key.removesuffix(".name")) in NAMED:
            for value in listed:
                _require_name(section, _FURTHER.split(value)[0], " ".join(words[key]))


def _require_name(section: str, name: str, where: str) -> None:
    """Raise GdrunError if a section has no such name. where: the settings that have it."""
    from gdrun.config.sections import SECTIONS

    found = SECTIONS[section].find({"name": name}, "name", lambda path: where)
    if isinstance(found, Problem):
        raise GdrunError([found])


def _listed(key: str, text: str) -> list[str]:
    """The names that the value of a key lists, with commas between them; else the value alone.

    A mapping becomes its name and further settings, such as `sgd optimizer.lr=0.1`. Empty for a key
    of names whose value has none.
    """
    from gdrun.config.document import parse_flow
    from gdrun.study.design.contenders import NAMED

    section = key.removesuffix(".name")
    if section not in NAMED:
        return [text.strip()]
    try:
        values = parse_flow(text, "value")
    except GdrunError:
        return []
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    names = [_with_settings(section, value) for value in values]
    return [] if None in names else [name for name in names if name is not None]


def _with_settings(section: str, value: object) -> str | None:
    """A name, and the further settings that a mapping has; None for a value without a name."""
    from gdrun.config.writing import short_flow

    entries = dict(value) if isinstance(value, Mapping) else {"name": value}
    name = entries.pop("name", None)
    if not isinstance(name, str):
        return None
    further = (f"{section}.{key}={short_flow(each)}" for key, each in entries.items())
    return " ".join([name.strip(), *further])


def _contenders(key: str, values: Sequence[str], contenders: Sequence[str], base: str) -> list[str]:
    """The contenders that differ in the value of a key, as words of the command line.

    A name, such as adam, is a contender of its own, or a part that joins those that the user named.
    Further settings in the word of a value join it. base: the contender that gets the values of a
    key, such as lr, if the user names none.
    """
    from gdrun.config.sections import SECTIONS
    from gdrun.study.design.contenders import chosen_names

    section = key.removesuffix(".name")
    bases = contenders or [base]
    if section not in SECTIONS:
        parts = ["+".join(_FURTHER.split(value)) for value in values]
        return [f"{each}+{key}={part}" for each in bases for part in parts]
    split = [_FURTHER.split(value) for value in values]
    names = [SECTIONS[section].aliases.get(name, name) for name, *_ in split]
    parts = [
        "+".join([name, *(_short(each, section, name) for each in further)])
        for name, (_, *further) in zip(names, split, strict=True)
    ]
    # A name of several sections, such as linear, is ambiguous without its key.
    plain = all([each.key for each in chosen_names([name])] == [section] for name in names)
    if not plain:
        return [f"{each}+{section}={part}" for each in bases for part in parts]
    chosen = {each.key for each in chosen_names(contenders)}
    if not contenders or section in chosen:
        return [*dict.fromkeys([*contenders, *parts])]
    return [f"{each}+{part}" for each in contenders for part in parts]


def _short(setting: str, section: str, name: str) -> str:
    """A setting without the name of its section, if the last part of the key is clear without it.

    section, name: the section of the contender, and the name that it has there.
    """
    from gdrun.config.key_paths import resolve_key

    key, _, value = setting.partition("=")
    leaf = key.removeprefix(f"{section}.")
    clear = resolve_key(leaf, {section: {"name": name}}) == [(section, leaf)]
    return f"{leaf}={value}" if clear else setting
