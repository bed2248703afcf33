"""The options of the command line for arguments of the Python functions.

Errors of the package name an argument of Python: a `Parameter` as their place, or a text in
backticks in a hint. This module changes it to an option: trials to --trials, and `search="random"`
to --search random.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from gdrun.errors import Parameter, Problem

OPTIONS = {
    name: f"--{name}"
    for name in (
        *("seeds", "search", "trials", "halving", "tune", "budget"),
        *("metric", "target", "jobs", "out", "resume", "plugin"),
    )
}

# An argument in backticks, such as `trials`, `search="random"` or `seeds=5`.
_ARGUMENT = re.compile(r"""`(\w+)(?:=(?:"([^"`]*)"|(\w+)))?`""")


def with_options(problem: Problem) -> Problem:
    """The problem with an option in place of each argument that it names."""
    where, hint = problem.where, problem.hint
    if isinstance(where, Parameter):
        where = OPTIONS.get(where, where)
    return replace(problem, where=where, hint=hint and as_options(hint))


def as_options(text: str) -> str:
    """The text with an option in place of each argument in backticks; other backticks stay.

    >>> as_options('leave `trials` out, or add `search="random"`; `gdrun list` helps')
    'leave --trials out, or add --search random; `gdrun list` helps'
    """
    return _ARGUMENT.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    name, text, word = match.groups()
    if name not in OPTIONS:
        return match[0]
    value = shlex.quote(text) if text is not None else word
    return OPTIONS[name] if value is None else f"{OPTIONS[name]} {value}"
