"""The options of the command line, by the names that their arguments have in Python.

An error below the command line names an argument: as its place, a `Parameter`, or in backticks
within a hint. Here, and nowhere else, it becomes an option: trials is --trials, and the hint
`search="random"` is --search random.
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

_ARGUMENT = re.compile(r"""`(\w+)(?:=(?:"([^"`]*)"|(\w+)))?`""")


def with_options(problem: Problem) -> Problem:
    """The problem with options for the arguments that it names."""
    where, hint = problem.where, problem.hint
    if isinstance(where, Parameter):
        where = OPTIONS.get(where, where)
    return replace(problem, where=where, hint=hint and as_options(hint))


def as_options(text: str) -> str:
    """The text with an option for each argument in backticks; other backticks stay.

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
