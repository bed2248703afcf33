"""Files that a command writes for the user, such as predictions as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gdrun.errors import GdrunError


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """The rows as CSV. None becomes an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")]


def require_new(file: Path, force: bool | None = None) -> None:
    """Raise GdrunError if the file exists and must not be replaced.

    force: whether to replace it; None for a command without the option --force.
    """
    if file.exists() and not force:
        hint = "choose another name" + ("" if force is None else ", or add --force to replace it")
        raise GdrunError("the file exists already", where=str(file), hint=hint)


def write_new(file: Path, blocks: Iterable[str]) -> None:
    """Write texts to a file atomically; an existing file is replaced.

    blocks: the texts, in order. Raises GdrunError if the file cannot be written.
    """
    from gdrun.runs.files import write_atomically

    try:
        write_atomically(file, lambda opened: opened.writelines(block.encode() for block in blocks))
    except OSError as error:
        hint = "check the permissions of its directory"
        if not file.parent.is_dir():
            hint = f"the directory {file.parent} does not exist"
        what = f"the file cannot be written: {error.strerror}"
        raise GdrunError(what, where=str(file), hint=hint) from None
