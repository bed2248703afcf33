"""How hints write a setting for the command line: clip.norm=1 in place of clip: {norm: 1}.

The errors of the package write settings as a config file has them. A user who has no such file, or
whose override is wrong, types the setting as an override KEY=VALUE.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from gdrun.errors import Problem

COMMANDS = ("train", "sweep", "compare", "theory", "plot", "gradcheck", "config", "inspect")
"""The commands that take overrides KEY=VALUE."""

NEW_ROWS = ("predict", "evaluate")
"""The commands that read new rows. They have options for two keys of a dataset."""

_READING = re.compile(r"\b(encoding|decimal): (?:\"([^\"]*)\"|([\w-]+))")
"""A setting of one of these two keys."""

_LIST = r"\[[^\[\]]*\]"
_TEXT = r"\"(?:[^\"\\]|\\.)*\""
_MAPPING = rf"\{{(?:{_LIST}|[^{{}}\[\]])*\}}"
_SETTING = re.compile(
    r"(?<!left out )(?<![\w.`])([a-z_]\w*(?:\.\w+)*): "
    rf"({_MAPPING}|{_LIST}|{_TEXT}|'[^']*'|[^\s,;{{\[`]+)|{_MAPPING}"
)
"""A setting as a config file has it: a key, and a mapping, a list, a quoted text or a word.

It also finds a mapping alone, without a key: this is the value of an override in a command, such as
'clip=null,{norm: 1}', whose entries are no settings.
"""

_ENTRY = re.compile(rf"\s*(\w+): ({_LIST}|{_TEXT}|'[^']*'|[^,]+),?")
"""A key of a mapping, and its value."""

_POSITION = re.compile(r"(.+?):\d+:\d+\b")
"""The place of a key in a config file: its name, the line and the column."""


def with_typed_settings(problem: Problem) -> Problem:
    """The error, with overrides in its hint if the user has no config file to correct.

    A setting in the hint, such as `clip: {norm: 1}`, is then written `clip.norm=1`. For new rows,
    `encoding: latin-1` is written `--encoding latin-1`.
    """
    hint = problem.hint
    if hint is not None and sys.argv[1:2] and sys.argv[1] in NEW_ROWS:
        return replace(problem, hint=_READING.sub(r"--\1 \2\3", hint))
    if hint is None or _has_file(str(problem.where or ""), sys.argv[1:]):
        return problem
    return replace(problem, hint=typed_settings(hint))


def note_for(text: str) -> str:
    """The text of a note, with overrides if the command line names no config file.

    A setting in the text, such as `clip: {norm: 1}`, is then written `clip.norm=1`.
    """
    return text if _has_file("", sys.argv[1:]) else typed_settings(text)


def _has_file(where: str, words: Sequence[str]) -> bool:
    """Whether the user writes settings into a config file, and not as overrides.

    where: the place of the error; empty for a note. words: those of the command line after `gdrun`.
    """
    if not words or words[0] not in COMMANDS:
        return True
    if position := _POSITION.match(where):
        return position[1] != "quickstart"
    if where.startswith(("'", '"')):  # an override, quoted
        return False
    if list(words[:2]) == ["config", "new"]:  # its file is to be written, and takes overrides
        return False
    return any(word == "-" or Path(word).suffix.lower() in (".yaml", ".yml") for word in words[1:])


def typed_settings(text: str) -> str:
    """The text with an override in place of each setting of a config; other texts are kept.

    >>> typed_settings("such as clip: {norm: 1.0}, or schedule: {name: cosine, warmup: 5}")
    'such as clip.norm=1.0, or schedule=cosine schedule.warmup=5'
    >>> typed_settings("such as hidden: [64, 32]; or set missing: drop")
    "such as 'hidden=[64,32]'; or set missing=drop"
    >>> typed_settings("gdrun sweep 'clip=null,{norm: 1}'")
    "gdrun sweep 'clip=null,{norm: 1}'"
    """
    return _SETTING.sub(_typed, text)


def _typed(match: re.Match[str]) -> str:
    key, value = match.groups()
    if key is None or key.rpartition(".")[2] not in config_keys():
        return match[0]
    if not value.startswith("{"):
        return _override(key, value)
    entries = _ENTRY.findall(value[1:-1])
    words = (_override(key if name == "name" else f"{key}.{name}", each) for name, each in entries)
    return " ".join(words) or match[0]


def _override(key: str, value: str) -> str:
    """An override, quoted for the shell if this is necessary."""
    compact = re.sub(r"\s*,\s*", ",", value.strip()) if value.startswith("[") else value.strip()
    if key.endswith("query") and compact.startswith('"'):
        compact = json.loads(compact)
    typed = f"{key}={compact}"
    return typed if compact == "…" else shell_word(typed)


def shell_word(word: str) -> str:
    """The word for a shell; one with single quotes, such as a query, is put in double quotes."""
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word)


@cache
def config_keys() -> frozenset[str]:
    """The names of all keys that a config can have, each without its section."""
    from gdrun.config.experiment import FIXED, KEYS
    from gdrun.config.sections import SECTIONS

    kinds = list(SECTIONS.values())
    names = [name for kind in kinds for each in kind.definitions() for name in kind.options(each)]
    fixed = [name for model in FIXED.values() for name in model.model_fields]
    inner = ("name", "path", "query", "early_stopping", "validation", "test", "factor", "metric")
    return frozenset([*KEYS, *inner, *names, *fixed])
