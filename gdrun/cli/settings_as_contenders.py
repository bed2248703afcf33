"""The errors for settings of a comparison that are meant as contenders."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from gdrun.errors import GdrunError

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
    the user typed and that this command has.
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
        _refuse_names(words, contenders, base, options)
        return
    key = meant[0]
    shared = [word for word in settings if word not in words[key]]
    named = _contenders(key, values[key], contenders, base(shared))
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
    words: Mapping[str, Sequence[str]],
    contenders: Sequence[str],
    base: Callable[[Sequence[str]], str],
    options: Callable[[str], Sequence[str]],
) -> None:
    """Raise GdrunError if settings that choose names make two contenders with the one given.

    words: the settings KEY=VALUE by their key, each with one value. If the contender chooses a name
    of the same section as a setting, such as mlp and model=linear, only such settings are meant.
    """
    from gdrun.study.design.contenders import NAMED, chosen_names, is_config

    chosen = {each.key for each in chosen_names(contenders)}
    named = [key for key in words if key.removesuffix(".name") in NAMED]
    meant = [key for key in named if key.removesuffix(".name") in chosen] or named
    if len(contenders) > 1 or len(contenders) + len(meant) < 2 or any(map(is_config, contenders)):
        return
    shared = [word for key, (word,) in words.items() if key not in meant]
    values = {key: words[key][0].partition("=")[2] for key in meant}
    joined = base(shared)
    found = [_contenders(key, [value], [], joined)[0] for key, value in values.items()]
    compare = _command("compare", *found, *contenders, *shared, *options("compare"))
    raise GdrunError(
        "a comparison needs at least two contenders, and a setting applies to every contender",
        where=" ".join(word for key in meant for word in words[key]),
        hint=f"`{compare}` compares them",
    )


def _command(*words: str) -> str:
    return " ".join(["gdrun", *map(shlex.quote, words)])


def _listed(key: str, text: str) -> list[str]:
    """The names that the value of a key lists, with commas between them; else the value alone."""
    from gdrun.study.design.contenders import NAMED

    inside = text.strip()
    if key.removesuffix(".name") not in NAMED or "{" in inside:
        return [inside]
    inside = inside.removeprefix("[").removesuffix("]")
    return [each.strip(" '\"") for each in inside.split(",") if each.strip(" '\"")]


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
