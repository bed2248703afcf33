"""What went wrong, worded for stderr: errors of the user, of the command line, and of gdrun."""

from __future__ import annotations

import re
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from gdrun.cli import console
from gdrun.cli.options import with_options
from gdrun.errors import TRACEBACK, Problem, note_traceback, suggestion, traceback_note

_WANTED = {int: "must be a whole number", float: "must be a number"}


def show(problems: Iterable[Problem]) -> None:
    """Write each problem on stderr: where, what, and the next move."""
    from rich.text import Text

    screen = console.stderr()
    labels = {"error": "bold red", "hint": "bold cyan"}
    for problem in map(with_options, problems):
        for line in str(problem).splitlines():
            label, colon, rest = line.partition(":")
            styled = Text.assemble((label, labels.get(label, "")), colon, rest)
            screen.print(styled, soft_wrap=True)


def usage_problem(error: typer.TyperException) -> Problem:
    """What the parser of the command line found wrong, in gdrun's words."""
    context: Any = getattr(error, "ctx", None)
    usage = context.get_usage().removeprefix("Usage: ") if context else None
    parameter: Any = getattr(error, "param", None)
    # The parser's classes stand in a private module, so they are told apart by name.
    match type(error).__name__:
        case "NoSuchOption":
            option = getattr(error, "option_name", "")
            known = [name for each in context.command.get_params(context) for name in each.opts]
            options = [name for name in known if name.startswith("--")]
            return Problem(
                f"{context.command_path} has no option {option}", hint=suggestion(option, options)
            )
        case "BadOptionUsage":
            hint = f"write {getattr(error, 'option_name', '')} and its value, with a space between"
            return Problem(_sentence(error.format_message()), hint=hint)
        case "MissingParameter" if parameter:
            return Problem(f"{parameter.display_name_raw} is missing", hint=f"usage: {usage}")
        case "BadParameter" if parameter:
            # The long name says more: --jobs, and not -j.
            name = max(
                (each for each in parameter.opts if each.startswith("-")), key=len, default=None
            )
            where = name or parameter.display_name_raw
            return Problem(_unfit_value(parameter, error.message), where, f"usage: {usage}")
    hint = f"usage: {usage}" if usage else "gdrun --help lists the commands"
    return Problem(_sentence(error.format_message()), hint=hint)


def _unfit_value(parameter: Any, message: str) -> str:
    """What an option's value must be: at least so much, or a number at all."""
    if bound := re.search(r"greater than or equal to (\S+)", message):
        return f"must be ≥ {bound[1]}"
    return _WANTED.get(parameter.type_descriptor.annotation, _sentence(message))


def too_large(error: MemoryError) -> Problem:
    """What was asked for does not fit in memory; NumPy says how large the one array was."""
    wanted = re.search(r"allocate ([\d.]+ \w+) for an array", str(error))
    what = f"{wanted[1]} for one array" if wanted else "this"
    hint = "dtype: float32 halves it; a smaller model, batch_size or dataset needs less"
    return Problem(f"{what} is more memory than there is", hint=hint)


def bug(error: Exception) -> Problem:
    """An error that no user can cause; its traceback goes to a file.

    One that was raised within a run or a study has been kept in its directory.
    """
    kind = type(error).__name__
    said = str(error).splitlines()
    what = f"a fault in gdrun, not in what you asked: {kind}{f': {said[0]}' if said else ''}"
    try:
        return Problem(what, hint=traceback_note(error) or _keep_traceback(error))
    except OSError as failure:
        return Problem(what, hint=f"its traceback could not be kept: {failure.strerror}")


def _keep_traceback(error: Exception) -> str:
    """Write the traceback to a temporary file; the sentence that says where."""
    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(
        "w", prefix="gdrun-", suffix=f"-{TRACEBACK}", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return note_traceback(error, Path(file.name))


def _sentence(message: str) -> str:
    """The parser's sentence in the form of an error: no capital at the start, no full stop."""
    words = " ".join(message.split()).removesuffix(".")
    return words[:1].lower() + words[1:]
