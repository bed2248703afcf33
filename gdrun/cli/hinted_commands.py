"""Commands in hints: add the options that load the plugins which a command needs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_COMMAND = re.compile(r"`gdrun ([^`]+)`")


def with_plugins(text: str) -> str:
    """The text, with its commands in backticks completed by options --plugin.

    A command without such an option gets one for each plugin that it needs, see `missing_options`:
    those that this process has loaded, and those of the runs and studies that the command names.
    """
    return _COMMAND.sub(lambda match: f"`gdrun {_completed(match[1])}`", text)


def _completed(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:  # it quotes a text of the user's that has a quotation mark
        return command
    return " ".join([command, *map(shlex.quote, missing_options(words))])


def missing_options(words: Sequence[str]) -> list[str]:
    """The options --plugin that a command needs; empty if it has such an option.

    A command needs the plugins that this process has loaded, and the plugins of the runs and the
    studies that the command names. The result is also empty for a command that takes no plugins.
    words: the words of the command, without gdrun.
    """
    if not words or "--plugin" in words:
        return []
    from gdrun.methods.plugins import WITHOUT_PLUGINS, loaded_plugins, options_for

    if words[0] in WITHOUT_PLUGINS:
        return []
    named = [plugin for word in words[1:] for plugin in plugins_beside(Path(word))]
    return options_for([*loaded_plugins(), *named])


def plugins_beside(path: Path) -> Sequence[Mapping[str, str]]:
    """The plugins in the record of a run or a study. path: its directory, or a file in it."""
    from gdrun.errors import GdrunError
    from gdrun.runs.run import RECORD, read_record
    from gdrun.study.storage.study_directory import RECORD as STUDY
    from gdrun.study.storage.study_directory import read_study

    for directory in (path, path.parent):
        # Even with a damaged record, the hint is shown.
        with suppress(GdrunError, OSError):
            if (directory / RECORD).is_file():
                return read_record(directory)["plugins"]
            if (directory / STUDY).is_file():
                return read_study(directory).get("plugins", ())
    return ()
