"""Functions that write files safely.

After a crash a file is complete, or, if lines are appended to it, only its last line is incomplete.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import ELOOP, ENOENT, ENOSPC, ENOTDIR
from pathlib import Path
from typing import BinaryIO

from gdrun.errors import RecordError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is either complete or unchanged, even after a crash.

    write: a function that writes the contents to an open file. This is a temporary file in the same
    directory, which is then renamed to `path`. After an error the temporary file is removed. Raises
    OSError if the file cannot be written or renamed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            # Without fsync a power failure may leave the new name with an empty file.
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, atomically. Raises OSError if this fails."""
    write_atomically(path, lambda file: file.write(text.encode()))


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to a file in one write, so that a crash can cut off only the last lines.

    Raises OSError if the file cannot be written, or is a symbolic link, which could lead out of
    the directory.
    """
    text = "".join(f"{line}\n" for line in lines)
    if text:
        with os.fdopen(_no_link(path), "ab") as file:
            file.write(text.encode())


def _no_link(path: Path) -> int:
    """Open a file for appending, and return its descriptor.

    Raises OSError if the file is a symbolic link, or cannot be opened.
    """
    # Windows has no O_NOFOLLOW; only Windows has O_BINARY.
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | more, 0o666)
    except OSError as error:
        if error.errno == ELOOP:
            raise OSError(ELOOP, f"{path.name} is a symbolic link", str(path)) from None
        raise


def remove_empty(directory: Path) -> None:
    """Remove a directory if it is empty, because nothing could be written to it."""
    with suppress(OSError):
        directory.rmdir()


def was_removed(path: Path, error: OSError) -> str | None:
    """A sentence if a file cannot be written because its directory was removed; None otherwise."""
    gone = error.errno in (ENOENT, ENOTDIR) and not path.exists()
    return "was removed by another program while gdrun wrote to it" if gone else None


def cannot_write(path: Path, error: OSError) -> RecordError:
    """The error for a file or directory of a run that cannot be written."""
    if (removed := was_removed(path, error)) is not None:
        return RecordError(removed, where=str(path), hint="train again, with another `out`")
    free = "free disk space, or " if error.errno == ENOSPC else ""
    return RecordError(
        f"cannot be written: {error.strerror or error}",
        where=str(path),
        hint=f'{free}choose another directory, such as `out="runs"`',
    )
