"""Where a key of a configuration stands: the path to it, and its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from gdrun.config.scalars import quoted

KeyPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Position:
    """Line and column of a character, counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def dotted(path: Iterable[str | int]) -> str:
    """A path as text: `optimizer.lr`, `watch[0]`; a key that is no plain word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if re.fullmatch(r"[\w-]+", part) else quoted(part)
            text += f".{word}" if text else word
    return text


def place_of(source: str, position: Position | None, path: Iterable[str | int]) -> str:
    numbers = f":{position.line}:{position.column}" if position else ""
    return f"{source}{numbers} {dotted(path)}".rstrip()
