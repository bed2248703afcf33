"""Command lines in the records of studies, and commands made from them."""

from __future__ import annotations

import shlex
from pathlib import Path

STDIN = "-"
"""The word for a config that is read from stdin."""


def resuming_words(command: str, path: Path) -> list[str]:
    """The words of a command line that continues the study in `path`.

    command: the command line that started the study. The result is empty if it cannot be split into
    words. It repeats the command if this reads the config from stdin, which must be passed again.

    >>> resuming_words("gdrun sweep lr --resume=old -j 2", Path("runs/new"))
    ['gdrun', 'sweep', '--resume', 'runs/new']
    """
    words = without_resume(command)
    kept = words if STDIN in words or "--config=-" in words else words[:2]
    return [*kept, "--resume", str(path)] if words else []


def without_resume(command: str) -> list[str]:
    """The words of a command line without --resume and its value.

    Empty if the command line cannot be split into words.
    """
    try:
        words = shlex.split(command)
    except ValueError:  # study.json was edited, or written by another program
        return []
    return [
        word
        for before, word in zip(["", *words], words, strict=False)
        if "--resume" not in (before, word) and not word.startswith("--resume=")
    ]
