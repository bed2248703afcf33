"""The error for several values of one key in a comparison, which are meant as contenders."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gdrun.errors import GdrunError

_BASE = "vanilla"
"""The contender that gets the values of a key, such as lr, if the user names none."""


def refuse_values_as_contenders(
    settings: Sequence[str], contenders: Sequence[str], config: str | None
) -> None:
    """Raise GdrunError if several values of one key are given in the place of contenders.

    They are names with commas between them, such as optimizer=adam,vanilla or optimizer=[adam,
    vanilla]; or, with at most one contender, a key that is set several times. settings: the words
    KEY=VALUE. contenders: the other words. config: the file that --config names; None without one.
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
        return
    key = meant[0]
    others = [shlex.quote(word) for word in settings if word not in words[key]]
    others += [] if config is None else ["-c", shlex.quote(config)]
    sweep = " ".join(["gdrun sweep", shlex.quote(f"{key}={','.join(values[key])}"), *others])
    named = [shlex.quote(word) for word in _contenders(key, values[key], contenders)]
    compare = " ".join(["gdrun compare", *named, *others])
    raise GdrunError(
        f"{key} has several values, and a setting applies to every contender",
        where=" ".join(words[key]),
        hint=f"`{compare}` compares them; `{sweep}` tries each value",
    )


def _listed(key: str, text: str) -> list[str]:
    """The names that the value of a key lists, with commas between them; else the value alone."""
    from gdrun.study.design.contenders import NAMED

    inside = text.strip()
    if key.removesuffix(".name") not in NAMED or "{" in inside:
        return [inside]
    inside = inside.removeprefix("[").removesuffix("]")
    return [each.strip(" '\"") for each in inside.split(",") if each.strip(" '\"")]


def _contenders(key: str, values: Sequence[str], contenders: Sequence[str]) -> list[str]:
    """The contenders that differ in the value of a key, as words of the command line.

    A name, such as adam, is a contender of its own, or a part that joins those that the user named.
    """
    from gdrun.config.sections import SECTIONS
    from gdrun.study.design.contenders import chosen_names

    section = key.removesuffix(".name")
    if section not in SECTIONS:
        return [f"{base}+{key}={value}" for base in contenders or [_BASE] for value in values]
    names = [SECTIONS[section].aliases.get(value, value) for value in values]
    # A name of several sections, such as linear, is ambiguous without its key.
    plain = all([each.key for each in chosen_names([name])] == [section] for name in names)
    if not plain:
        return [f"{base}+{section}={name}" for base in contenders or [_BASE] for name in names]
    chosen = {each.key for each in chosen_names(contenders)}
    if not contenders or section in chosen:
        return [*dict.fromkeys([*contenders, *names])]
    return [f"{base}+{name}" for base in contenders for name in names]
