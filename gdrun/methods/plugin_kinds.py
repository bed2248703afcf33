"""The kinds of methods that a plugin can register."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gdrun.methods.definitions import AUTO
from gdrun.methods.plugin_checks import Fault, first_fault
from gdrun.methods.rules import OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES


@dataclass(frozen=True)
class PluginKind:
    """A kind of method that a plugin can register.

    name: the word for a method of this kind in messages, such as `loss`. registry: every method of
    this kind by name. first_fault: a function that checks a method. replaceable: whether a record
    that names a method can be read without the plugin. builtin: the methods that are not from a
    plugin file.
    """

    name: str
    registry: dict[str, Any]
    first_fault: Callable[[Any], Fault | None]
    replaceable: bool = False
    builtin: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "builtin", dict(self.registry))


KINDS = [
    PluginKind("rule", OPTIMIZERS, first_fault, replaceable=True),
    PluginKind("schedule", SCHEDULES, first_fault, replaceable=True),
]
"""The kinds of methods; a later layer adds its kinds when it is imported."""


def takes_plugins(registry: Mapping[str, Any]) -> bool:
    """Whether a plugin can add entries to this registry."""
    return any(registry is kind.registry for kind in KINDS)


def is_replaceable(registry: Mapping[str, Any]) -> bool:
    """Whether a record that names an entry of this registry can be read without its plugin."""
    return any(registry is kind.registry and kind.replaceable for kind in KINDS)


def chooses_from_plugins(names: Iterable[str]) -> bool:
    """Whether all these names, apart from `auto`, are in one registry to which plugins can add."""
    chosen = set(names) - {AUTO}
    return any(chosen and chosen <= kind.registry.keys() for kind in KINDS)
