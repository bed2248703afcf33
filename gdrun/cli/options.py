"""How errors name the options of the command line instead of arguments of Python functions.

The errors of the package name an argument of a Python function: a `Parameter` as the place of the
error, or a text in backticks in the hint. This module replaces the argument by an option: trials by
--trials, `search="random"` by --search random, `gdrun.load_plugin("my.py")` by --plugin my.py, and
`gdrun.train(resume="runs/a")` by `gdrun train --resume runs/a`.
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import replace

from gdrun.cli.hinted_commands import with_plugins
from gdrun.errors import Parameter, Problem

OPTIONS = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("seeds", "search", "trials", "halving", "tune", "budget", "baseline"),
        *("config", "metric", "target", "jobs", "out", "resume"),
        *("extend", "schedule_length"),
        *("unseen", "targets", "runs", "noise", "kind", "where", "weights", "x", "y"),
        "threshold",
    )
}

WORDS = ("values", "contenders")
"""The arguments whose texts are words of the command, without an option."""

# An argument in backticks, such as `trials`, `search="random"`, `seeds=5` or `tune=["lr", "l2"]`.
_ARGUMENT = re.compile(r"""`(\w+)(?:=(?:"([^"`]*)"|(\w+)|\[([^]`]*)\]))?`""")

_PLUGIN = re.compile(r"""`gdrun\.load_plugin\("([^"`]*)"\)`""")
_RESUMING = re.compile(r"""`gdrun\.train\(resume="([^"`]*)"\)`""")


def with_options(problem: Problem) -> Problem:
    """The same error, with options of the command line in place of Python arguments."""
    where, hint = problem.where, _option_for_key(problem) or problem.hint
    if isinstance(where, Parameter):
        where = OPTIONS.get(where, where)
    return replace(problem, where=where, hint=hint and with_plugins(as_options(hint)))


_TYPED_AS_KEYS = {
    "train": ("seeds",),
    "sweep": ("seeds", "trials", "search", "metric", "target", "jobs"),
    "compare": ("seeds", "tune", "budget", "baseline", "metric", "target", "jobs"),
}
"""The options of each command that a user may take for keys of the config."""

_OVERRIDE = re.compile(r"'(\w+)=([^']+)'(?: [\w.]+)?")
"""The place of an error in an override: its text, and the path of the key if it is known."""


def _option_for_key(problem: Problem) -> str | None:
    """The hint for an option that was typed as a key, such as seeds=3; None for other errors."""
    typed = _OVERRIDE.fullmatch(str(problem.where or ""))
    if typed is None:
        return None
    name, value = typed.groups()
    # metric is also a key of early stopping, with other values.
    if name != "metric" and not problem.what.startswith("unknown key "):
        return None
    if name not in _TYPED_AS_KEYS.get(next(iter(sys.argv[1:]), ""), ()):
        return None
    if name == "target":
        value = value.replace(":", "=", 1)
    default = "; by default the validation loss ranks" if name == "metric" else ""
    return f"it is an option: write {OPTIONS[name]} {shlex.quote(value)}{default}"


def as_options(text: str) -> str:
    """The text with the words of a command line in place of each Python argument in backticks.

    An argument becomes its option; the items of a list for an argument that is positional on the
    command line (WORDS) become bare words. Other texts in backticks are kept.

    >>> as_options('leave `trials` out, or add `search="random"`; `gdrun list` helps')
    'leave --trials out, or add --search random; `gdrun list` helps'
    >>> as_options('write `values=["lr", "beta"]`')
    'write lr beta'
    """
    text = _RESUMING.sub(lambda match: f"`gdrun train --resume {shlex.quote(match[1])}`", text)
    text = _PLUGIN.sub(lambda match: f"--plugin {shlex.quote(match[1])}", text)
    return _ARGUMENT.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    name, text, word, listed = match.groups()
    if name in WORDS and listed is not None:
        return " ".join(map(shlex.quote, re.findall('"([^"]*)"', listed)))
    if name not in OPTIONS:
        return match[0]
    if listed is not None:
        return " ".join(
            f"{OPTIONS[name]} {shlex.quote(each)}" for each in re.findall('"([^"]*)"', listed)
        )
    value = shlex.quote(text) if text is not None else word
    return OPTIONS[name] if value is None else f"{OPTIONS[name]} {value}"
