"""The kinds of methods that a plugin can register."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gdrun.methods.definitions import AUTO, Definition
from gdrun.methods.plugin_checks import Fault, first_fault
from gdrun.methods.rules import COMMON_OPTIONS as OPTIMIZER_OPTIONS
from gdrun.methods.rules import OPTIMIZERS
from gdrun.methods.schedules import COMMON_OPTIONS as SCHEDULE_OPTIONS
from gdrun.methods.schedules import SCHEDULES


@dataclass(frozen=True)
class PluginKind:
    """A kind of method that a plugin can register.

    name: the word for a method of this kind in messages, such as `loss`. registry: every method of
    this kind by name. check: a function that returns the first fault of a method. section: the
    section of a config that has the options of the method. taken: the keys that this section has
    with every method, so that no option may have their names. replaceable: whether a record that
    names a method can be read without the plugin. builtin: the methods that are not from a plugin
    file.
    """

    name: str
    registry: dict[str, Any]
    check: Callable[[Any], Fault | None]
    section: str
    taken: tuple[str, ...]
    replaceable: bool = False
    builtin: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "builtin", dict(self.registry))

    def first_fault(self, method: Definition) -> Fault | None:
        """The first fault of a method: the name of an option, or what `check` finds; or None."""
        return taken_name(self.section, self.taken, method.options) or self.check(method)


def taken_name(section: str, taken: Sequence[str], options: Iterable[str]) -> Fault | None:
    """A fault if an option of a method has the name of a key that every method's section has.

    The section cannot hold both values. section: its key. taken: the keys that it always has.
    options: the names of the method's own options.
    """
    found = next((name for name in options if name in taken), None)
    if found is None:
        return None
    others = [name for name in taken if name != found]
    hint = f"choose another name, such as own_{found}; also taken: {', '.join(others)}"
    return f"has an option {found}, but every {section} section has this key", hint


KINDS = [
    PluginKind(
        "rule",
        OPTIMIZERS,
        first_fault,
        "optimizer",
        ("name", *OPTIMIZER_OPTIONS),
        replaceable=True,
    ),
    PluginKind(
        "schedule",
        SCHEDULES,
        first_fault,
        "schedule",
        ("name", *SCHEDULE_OPTIONS),
        replaceable=True,
    ),
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
