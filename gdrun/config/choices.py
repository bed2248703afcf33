"""Checks of the options of chosen entries, such as the option delta of the Huber loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.methods.definitions import Option, brought_options, chosen_entries

Problems = Iterator[tuple[str, str, str]]
"""Problems: the option, the message, and the hint of each."""


def same_names(owner: str, own: Mapping[str, Option], given: Mapping[str, Any]) -> Problems:
    """The problems with an option name that two entries have which are chosen together.

    own: the options of the definition `owner`. given: the values of the section.
    """
    owners = dict.fromkeys(own, owner)
    valid = {
        name: option
        for name, option in own.items()
        if option.choice and option.choice.allows(given.get(name, option.default))
    }
    for option, entry in chosen_entries(valid, given):
        label = f"{option} {entry.name}"
        for name in entry.options:
            if name in owners:
                what = f"{owners[name]} and {label} both have an option {name!r}"
                yield option, what, f"rename the option of {label}"
        owners |= dict.fromkeys(entry.options, label)


def not_chosen(
    owner: str, own: Mapping[str, Option], known: Mapping[str, Option], given: Mapping[str, Any]
) -> Problems:
    """The problems with options of entries that are not chosen, such as delta with the loss mse.

    own: the options of the definition `owner`. known: all options of the section, with those of
    chosen entries. given: the values of the section.
    """
    # With its default value such an option is accepted: older resolved configs list all options.
    for name, owners in brought_options(own).items():
        if name in known or name not in given:
            continue
        if all(given[name] != option.default for _, option in owners):
            labels = " or ".join(label for label, _ in owners)
            hint = f"{name} is an option of {labels}, which this section does not choose"
            yield name, f"{owner} has no option {name!r} here", hint


def entry_of_option(own: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, str]:
    """The name of the chosen entry that has an option, by the name of the option."""
    return {name: entry.name for _, entry in chosen_entries(own, given) for name in entry.options}
