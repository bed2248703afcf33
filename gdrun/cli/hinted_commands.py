"""Commands in hints: add the options for their plugins, and replace those that need arrays."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from gdrun.cli.commands_on_arrays import python_call, record_beside

_COMMAND = re.compile(r"`gdrun ([^`]+)`")


def with_plugins(text: str) -> str:
    """The text, with its commands in backticks completed by options --plugin.

    A command without such an option gets one for each plugin that it needs, see `missing_options`:
    those that this process has loaded, and those of the runs and studies that the command names. A
    command that would need arrays of Python becomes a call in Python.
    """
    return _COMMAND.sub(lambda match: f"`{_completed(match[1])}`", text)


def _completed(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:  # it quotes a text of the user's that has a quotation mark
        return f"gdrun {command}"
    if call := python_call(words):
        return call
    return " ".join(["gdrun", command, *map(shlex.quote, missing_options(words))])


def missing_options(words: Sequence[str]) -> list[str]:
    """The options --plugin that a command needs and does not have.

    A command needs the plugins that this process has loaded. If it has no such option, it also
    needs the plugins of the runs and the studies that it names. The result is empty for a command
    that takes no plugins. words: the words of the command, without gdrun.
    """
    if not words:
        return []
    from gdrun.methods.plugins import WITHOUT_PLUGINS

    if words[0] in WITHOUT_PLUGINS:
        return []
    named = () if _given_plugins(words) else words[1:]
    return _options(words, [each for word in named for each in plugins_beside(Path(word))])


def loaded_options(words: Sequence[str]) -> list[str]:
    """The options --plugin for the plugins that this process has loaded and the words do not name.

    words: the words of a command, without gdrun.
    """
    return _options(words, ())


def _options(words: Sequence[str], others: Sequence[Mapping[str, str]]) -> list[str]:
    from gdrun.methods.plugins import loaded_plugins, options_for

    given, needed = _given_plugins(words), [*loaded_plugins(), *others]
    return options_for(each for each in needed if each["path"] not in given)


def _given_plugins(words: Sequence[str]) -> set[str]:
    """The whole paths of the plugins that a command loads with --plugin FILE or --plugin=FILE."""
    option = "--plugin"
    files = [word for before, word in pairwise(words) if before == option]
    files += [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
    return {str(Path(file).resolve()) for file in files}


def plugins_beside(path: Path) -> Sequence[Mapping[str, str]]:
    """The plugins in the record of a run or a study. path: its directory, or a file in it."""
    match record_beside(path):
        case {"plugins": [*plugins]}:
            return [each for each in plugins if isinstance(each, dict) and "path" in each]
    return ()
