"""Command lines in the records of studies, and commands made from them."""

from __future__ import annotations

import shlex
from pathlib import Path


def resuming_words(command: str, path: Path) -> list[str]:
    """The words of a command line that continues the study in `path`.

    command: the command line that started the study. Empty if it cannot be split into words.

    >>> resuming_words("gdrun sweep lr --resume=old -j 2", Path("runs/new"))
    ['gdrun', 'sweep', 'lr', '-j', '2', '--resume', 'runs/new']
    """
    words = without_resume(command)
    return [*words, "--resume", str(path)] if words else []


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
