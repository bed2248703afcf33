"""Error messages on stderr: errors in configs and data, in the command line, and in gdrun."""

from __future__ import annotations

import errno
import re
import shlex
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gdrun.cli import console
from gdrun.cli.named_files import is_file
from gdrun.cli.options import with_options
from gdrun.cli.typed_settings import note_for, with_typed_settings
from gdrun.cli.unknown_options import hint_for_option, option_as_key
from gdrun.errors import (
    TRACEBACK,
    Problem,
    abridged,
    note_traceback,
    traceback_note,
)

if TYPE_CHECKING:
    from gdrun.runs.run import Run
    from gdrun.study.storage.reading import ReadStudy

_EXAMPLES = {
    "sweep": "such as: gdrun sweep lr",
    "compare": "such as: gdrun compare bgd sgd mbgd",
}
"""The hint for a missing argument, by command."""

_REQUIREMENTS = {int: "must be a whole number", float: "must be a number"}


def show(problems: Iterable[Problem]) -> None:
    """Print each problem on stderr: where it is, what is wrong, and a hint."""
    from rich.text import Text

    screen = console.stderr()
    labels = {"error": "bold red", "hint": "bold cyan"}
    for problem in map(with_typed_settings, map(with_options, problems)):
        for line in str(problem).splitlines():
            label, colon, rest = line.partition(":")
            styled = Text.assemble((label, labels.get(label, "")), colon, rest)
            screen.print(styled, soft_wrap=True)


def note(text: str) -> None:
    """Print a note on stderr: something that the user should know, and that is no error."""
    console.stderr().print(f"note: {text}", soft_wrap=True)


def note_on_data(text: str) -> None:
    """Print a note on the data or the training.

    Settings in its text, such as `keep: ["id"]`, are printed in the form in which this user writes
    settings: as in a config file, or as overrides such as 'keep=["id"]'.
    """
    note(note_for(text))


def note_changed_plugins(runs: Iterable[Run]) -> None:
    """Print a note for each plugin that changed or vanished since the runs were trained with it."""
    from gdrun.runs.recorded_experiment import plugin_notes

    found = (text for run in runs for text in plugin_notes(run.record["plugins"]))
    for text in dict.fromkeys(found):
        note(text)


def note_plugins_of_config(config: str) -> None:
    """Print a note for each plugin of a run or a study that is not loaded as it was recorded.

    The plugin has changed, or other plugins are loaded instead of it. config: the path of a config
    file, perhaps in the directory of a run or study; otherwise nothing is printed. The same config
    trains differently with another version of its plugin.
    """
    from gdrun.cli.hinted_commands import plugins_beside
    from gdrun.methods.plugins import changed, loaded_plugins, shown_path

    recorded = plugins_beside(Path(config))
    if not recorded:
        return
    loaded = {plugin["sha256"]: plugin["path"] for plugin in loaded_plugins()}
    renewed, place = changed(recorded), Path(config).parent
    for each in recorded:
        path = shown_path(each["path"])
        if each in renewed:
            note(f"the plugin {path} changed since {place}; this command uses the new version")
        elif loaded and each["sha256"] not in loaded:
            others = ", ".join(shown_path(each) for each in loaded.values())
            remedy = f"for those of {path}, replace it by --plugin {shlex.quote(path)}"
            if not Path(each["path"]).is_file():
                remedy = f"{path} no longer exists"
            note(
                f"{place} used the plugin {path}; this command uses the methods of {others}; "
                f"{remedy}"
            )


def note_plugins_of_study(study: ReadStudy) -> None:
    """Print a note for each plugin that has changed since a study whose results are shown."""
    from gdrun.methods.plugins import changed, shown_path

    for each in changed(study.record.get("plugins", ())):
        was = f"the old version (sha256 {each['sha256'][:8]}…)"
        path = shown_path(each["path"])
        note(f"the plugin {path} changed since the study; the results shown are from {was}")


def note_unknown_bounds(study: ReadStudy) -> None:
    """Print a note on wider ranges that are not proposed, because a plugin is not loaded."""
    from gdrun.methods.plugins import options_for
    from gdrun.study.judgement.sweep_findings import Sweep

    edges = study.found.at_edge if isinstance(study.found, Sweep) else ()
    if keys := [edge.axis.leaf for edge in edges if not edge.bounded]:
        loading = shlex.join(options_for(study.record.get("plugins", ())))
        note(f"a wider range for {' and '.join(keys)} is proposed with {loading}")


def usage_problem(error: typer.TyperException, arguments: Sequence[str] = ()) -> Problem:
    """The Problem for an error of the command-line parser, with a message in the style of gdrun.

    arguments: the words after `gdrun`.
    """
    context: Any = getattr(error, "ctx", None)
    usage = context.get_usage().removeprefix("Usage: ") if context else None
    parameter: Any = getattr(error, "param", None)
    # The classes of these errors are in a private module of typer, so their names are compared.
    match type(error).__name__:
        case "NoSuchOption":
            option = getattr(error, "option_name", "")
            known = [name for each in context.command.get_params(context) for name in each.opts]
            options = [name for name in known if name.startswith("--")]
            what = f"{context.command_path} has no option {option}"
            return Problem(what, hint=hint_for_option(context, option, options, arguments))
        case "BadOptionUsage":
            option, message = getattr(error, "option_name", ""), error.format_message()
            hint = f"write {option} and its value, with a space between"
            if "does not take a value" in message:
                hint = f"write {option} without a value"
            return Problem(_sentence(message), hint=hint)
        case "MissingParameter" if parameter and parameter.name == "data":
            command, given = context.command.name, list(arguments)[1:]
            file = next(filter(is_file, given), None)
            # A file of NumPy may be the weights of a run.
            if file is None or Path(file).suffix == ".npz":
                return Problem("DATA is missing", hint=f"usage: {usage}")
            hint = f"the run comes first: gdrun {command} last {shlex.quote(file)}"
            return Problem("RUN is missing", hint=hint)
        case "MissingParameter" if parameter:
            hint = _EXAMPLES.get(context.command.name, f"usage: {usage}")
            return Problem(f"{parameter.display_name_raw} is missing", hint=hint)
        case "BadParameter" if parameter:
            # The longest name is the clearest: --jobs, not -j.
            name = max(
                (each for each in parameter.opts if each.startswith("-")), key=len, default=None
            )
            where = name or parameter.display_name_raw
            unfit, hint = _unfit_value(parameter, error.message), f"usage: {usage}"
            if name is not None and unfit in _REQUIREMENTS.values():
                example = parameter.default or (1 if unfit == _REQUIREMENTS[int] else 0.5)
                hint = f"write a number, such as {name} {example}"
                meant = _number_meant(name, arguments)
                if meant is not None and unfit == _REQUIREMENTS[float]:
                    hint = f"write {name} {meant:g}"
            return Problem(unfit, where, hint)
    hint = f"usage: {usage}" if usage else "gdrun --help lists the commands"
    if context and (option := option_as_key(context, arguments)):
        hint = f"write {option}"
    return Problem(_sentence(error.format_message()), hint=hint)


def _unfit_value(parameter: Any, message: str) -> str:
    """The requirement that the value of an option or argument does not meet, such as `must be ≥ 1`.

    parameter: the option or argument. message: the error of the parser.
    """
    if bound := re.search(r"greater than or equal to (\S+)", message):
        return f"must be ≥ {bound[1]}"
    return _REQUIREMENTS.get(parameter.type_descriptor.annotation, _sentence(message))


def _number_meant(option: str, arguments: Sequence[str]) -> float | None:
    """The number that the value of an option, such as 20% or 0,2, means; None for other values.

    option: its name, such as --threshold. arguments: the words after `gdrun`.
    """
    typed = re.search(rf"(?:^|\0){option}[\0=](\d*[.,]?\d+) ?(%?)(?:\0|$)", "\0".join(arguments))
    if typed is None:
        return None
    return float(typed[1].replace(",", ".")) / (100 if typed[2] else 1)


def out_of_memory(error: MemoryError) -> Problem:
    """The Problem for a lack of memory, with the size of the array if the error contains it."""
    size = re.search(r"allocate ([\d.]+ \w+) for an array", str(error))
    need = f": one array needs {size[1]}" if size else ""
    hint = "use a smaller model, batch_size or dataset; dtype: float32 needs half the memory"
    return Problem(f"there is not enough memory{need}", hint=hint)


def system_problem(error: OSError) -> Problem | None:
    """The Problem for a path or an output that the system refuses; None for any other error.

    The refusals are errors such as a name that is too long, a missing permission, a full or
    read-only disk, and a closed stream. They come from the machine, and not from gdrun.
    """
    if error.errno not in _REFUSALS:
        return None
    reason = _sentence(error.strerror or str(error))
    if error.filename is None:
        return Problem(f"the output cannot be written: {reason}", hint=_REFUSALS[error.errno])
    return Problem(reason, abridged(str(error.filename), 200), _REFUSALS[error.errno])


_REFUSALS = {
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ELOOP: "the symbolic links lead in a circle: give the path of the file itself",
    errno.EACCES: "check the permissions of the file and of the directories above it",
    errno.EPERM: "check the permissions of the file and of the directories above it",
    errno.EROFS: "choose a directory on a disk that can be written",
    errno.ENOSPC: "free some space on the disk, or choose another one",
    errno.EFBIG: "the limit on the size of a file is too small: `ulimit -f` shows it",
    errno.EIO: "the disk or the terminal fails; try another one",
    errno.EBADF: "open the standard streams of the command for reading and writing",
} | ({errno.EDQUOT: "free some space within your quota"} if hasattr(errno, "EDQUOT") else {})
"""The hint for each error of the system that is no error in gdrun, by the number of the error."""


def internal_error(error: Exception) -> Problem:
    """The Problem for an error in gdrun itself; its hint has the path of a file with the traceback.

    If a run or a study raised the error, this file is already in the directory of the run or study;
    otherwise it is a new temporary file.
    """
    kind = type(error).__name__
    lines = str(error).splitlines()
    what = f"internal error in gdrun, not in your input: {kind}{f': {lines[0]}' if lines else ''}"
    try:
        return Problem(what, hint=traceback_note(error) or _keep_traceback(error))
    except OSError as failure:
        return Problem(what, hint=f"the traceback could not be saved: {failure.strerror}")


def _keep_traceback(error: Exception) -> str:
    """Write the traceback of an error to a temporary file, and return a sentence with the path.

    Raises OSError if the file cannot be written.
    """
    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(
        "w", prefix="gdrun-", suffix=f"-{TRACEBACK}", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return note_traceback(error, Path(file.name))


def _sentence(message: str) -> str:
    """A message of the parser in the style of gdrun: a small first letter, no full stop."""
    words = " ".join(message.split()).removesuffix(".")
    return words[:1].lower() + words[1:]
