"""How errors name the options of the command line instead of arguments of Python functions.

The errors of the package name an argument of a Python function: a `Parameter` as the place of the
error, or a text in backticks in the hint. This module replaces the argument by an option: trials by
--trials, `search="random"` by --search random, and `gdrun.load_plugin("my.py")` by --plugin my.py.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from gdrun.cli.hinted_commands import with_plugins
from gdrun.errors import Parameter, Problem

OPTIONS = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("seeds", "search", "trials", "halving", "tune", "budget", "baseline"),
        *("config", "metric", "target", "jobs", "out", "resume"),
        *("extend", "schedule_length"),
        *("unseen", "targets", "runs", "noise", "kind", "where", "weights", "y"),
    )
}

# An argument in backticks, such as `trials`, `search="random"`, `seeds=5` or `tune=["lr", "l2"]`.
_ARGUMENT = re.compile(r"""`(\w+)(?:=(?:"([^"`]*)"|(\w+)|\[([^]`]*)\]))?`""")

_PLUGIN = re.compile(r"""`gdrun\.load_plugin\("([^"`]*)"\)`""")


def with_options(problem: Problem) -> Problem:
    """The same error, with options of the command line in place of Python arguments."""
    where, hint = problem.where, problem.hint
    if isinstance(where, Parameter):
        where = OPTIONS.get(where, where)
    return replace(problem, where=where, hint=hint and with_plugins(as_options(hint)))


def as_options(text: str) -> str:
    """The text with an option in place of each argument in backticks; other backticks are kept.

    >>> as_options('leave `trials` out, or add `search="random"`; `gdrun list` helps')
    'leave --trials out, or add --search random; `gdrun list` helps'
    """
    text = _PLUGIN.sub(lambda match: f"--plugin {shlex.quote(match[1])}", text)
    return _ARGUMENT.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    name, text, word, listed = match.groups()
    if name not in OPTIONS:
        return match[0]
    if listed is not None:
        return " ".join(
            f"{OPTIONS[name]} {shlex.quote(each)}" for each in re.findall('"([^"]*)"', listed)
        )
    value = shlex.quote(text) if text is not None else word
    return OPTIONS[name] if value is None else f"{OPTIONS[name]} {value}"
