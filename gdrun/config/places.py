"""The place of a key in a config: its path of keys, its line and its column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from gdrun.config.scalars import quoted

KeyPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Position:
    """The line and the column of a character, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def dotted(path: Iterable[str | int]) -> str:
    """Return a path of keys as text, such as `optimizer.lr` or `watch[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if re.fullmatch(r"[\w-]+", part) else quoted(part)
            text += f".{word}" if text else word
    return text


def place_of(source: str, position: Position | None, path: Iterable[str | int]) -> str:
    """Return the place of a key for an error message, such as `a.yaml:12:1 schedule.warmup`.

    source: the name of the file. position: the line and column, or None if unknown.
    """
    numbers = f":{position.line}:{position.column}" if position else ""
    return f"{source}{numbers} {dotted(path)}".rstrip()
