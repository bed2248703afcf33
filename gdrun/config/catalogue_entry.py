"""One entry of the catalogue that `gdrun list` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gdrun.methods.definitions import Option
from gdrun.methods.docstrings import Doc


@dataclass(frozen=True)
class Entry:
    """One entry of the catalogue, such as the optimizer adam.

    doc: the parts of the entry's docstring. options: the entry's options by name. aliases: other
    names that a config may use for the entry. usage: a line of YAML that chooses the entry. keys:
    the keys of a config that the entry describes, such as log.points and points.
    """

    name: str
    doc: Doc
    options: Mapping[str, Option] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    usage: str = ""
    keys: tuple[str, ...] = ()
