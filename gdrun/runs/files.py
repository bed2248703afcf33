"""Writing so that a crash leaves whole files: atomically, or line by line at the end of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in its place in one move."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, atomically."""
    write_atomically(path, lambda file: file.write(text.encode()))


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append whole lines in one write, so that a crash can cut at most the last of them."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        with path.open("ab") as file:
            file.write(text.encode())
