"""The options that the chosen entries of registries bring, such as those of a loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.methods.definitions import Definition, Option


def with_chosen(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Option]:
    """Return `options`, with the options of the chosen entry inserted after each Choice option.

    given: the values that a config section sets, by option name. They name the chosen entries.
    """
    extended: dict[str, Option] = {}
    for name, option in options.items():
        extended[name] = option
        for _, entry in chosen_entries({name: option}, given):
            extended |= entry.options
    return extended


def chosen_entries(
    options: Mapping[str, Option], given: Mapping[str, Any]
) -> Iterator[tuple[str, Definition]]:
    """Yield a pair for each Choice option in `options`: its name, and the entry it chooses.

    given: option values by name; an option that is not in `given` has its default. The value `auto`
    yields nothing, and an unknown name yields a pair for every allowed entry.
    """
    for name, option in options.items():
        if option.choice is not None:
            for entry in option.choice.named(given.get(name, option.default)):
                yield name, entry


def brought_options(options: Mapping[str, Option]) -> dict[str, list[tuple[str, Option]]]:
    """Return the options of all entries that the Choice options in `options` may name.

    The result has, for each option name, pairs of the entry's label, such as `loss huber`, and the
    option of that entry.
    """
    found: dict[str, list[tuple[str, Option]]] = {}
    for choice, option in options.items():
        for entry in option.choice.entries.values() if option.choice else ():
            for name, brought in entry.options.items():
                found.setdefault(name, []).append((f"{choice} {entry.name}", brought))
    return found
