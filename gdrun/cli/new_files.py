"""Files that a command writes for the user, such as predictions as CSV; none is overwritten."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gdrun.errors import GdrunError


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """The rows as CSV. None becomes an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def require_new(file: Path) -> None:
    """Raise GdrunError if the file exists."""
    if file.exists():
        hint = "choose another name; gdrun never overwrites a file"
        raise GdrunError("the file exists already", where=str(file), hint=hint)


def write_new(file: Path, blocks: Iterable[str]) -> None:
    """Write a new file atomically. Raises GdrunError if this fails."""
    from gdrun.runs.files import write_atomically

    try:
        write_atomically(file, lambda opened: opened.writelines(block.encode() for block in blocks))
    except OSError as error:
        hint = "check the permissions of its directory"
        if not file.parent.is_dir():
            hint = f"the directory {file.parent} does not exist"
        what = f"the file cannot be written: {error.strerror}"
        raise GdrunError(what, where=str(file), hint=hint) from None
