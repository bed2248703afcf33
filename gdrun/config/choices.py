"""What is wrong with the options that choices bring, such as the δ that a Huber loss brings.

Each problem is the option, what is wrong, and a hint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.methods.definitions import Option, brought_options, chosen_entries

Found = Iterator[tuple[str, str, str]]


def same_names(owner: str, own: Mapping[str, Option], given: Mapping[str, Any]) -> Found:
    """Options of one name that two entries have which are chosen together.

    own: the options of `owner`. given: what a section says of them.
    """
    owners = dict.fromkeys(own, owner)
    right = {
        name: option
        for name, option in own.items()
        if option.choice and option.choice.allows(given.get(name, option.default))
    }
    for option, entry in chosen_entries(right, given):
        label = f"{option} {entry.name}"
        for name in entry.options:
            if name in owners:
                what = f"{owners[name]} and {label} both have an option {name!r}"
                yield option, what, f"rename it in {label}"
        owners |= dict.fromkeys(entry.options, label)


def not_chosen(
    owner: str, own: Mapping[str, Option], known: Mapping[str, Option], given: Mapping[str, Any]
) -> Found:
    """Options of entries that are not chosen, such as a δ under mse.

    At its default such an option is accepted: resolved configurations once listed all of them.
    """
    for name, owners in brought_options(own).items():
        if name in known or name not in given:
            continue
        if all(given[name] != option.default for _, option in owners):
            labels = " or ".join(label for label, _ in owners)
            hint = f"{name} is an option of {labels}, which is not chosen"
            yield name, f"{owner} has no option {name!r} here", hint


def entry_of_option(own: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, str]:
    """The entry that brings each option which a choice brings, by the option's name."""
    return {name: entry.name for _, entry in chosen_entries(own, given) for name in entry.options}
