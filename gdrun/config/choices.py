"""Checks of options that come with a chosen registry entry, as delta comes with the loss huber."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.methods.chosen_options import brought_options, chosen_entries
from gdrun.methods.definitions import Option

Problems = Iterator[tuple[str, str, str]]
"""For each problem: the name of the option, the message, and the hint."""


def same_names(owner: str, own: Mapping[str, Option], given: Mapping[str, Any]) -> Problems:
    """Yield a problem if two entries that a section chooses have an option with the same name.

    owner: the name of the section's main entry, such as mlp for the section model. own: the options
    of this entry, one of which may choose another entry, such as a loss. given: the values that the
    section sets, by option name.
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
    """Yield a problem for each option of an entry that is not chosen, such as delta with loss mse.

    The default value of such an option is accepted. owner: the name of the section's main entry,
    such as mlp for the section model. own: the options of this entry. known: the options in `own`,
    and those of the other entries that the section chooses. given: the values that the section
    sets, by option name.
    """
    # With its default value such an option is accepted: older resolved configs list all options.
    for name, owners in brought_options(own).items():
        if name in known or name not in given:
            continue
        if all(given[name] != option.default for _, option in owners):
            labels = " or ".join(label for label, _ in owners)
            hint = f"{name} is an option of {labels}, which is not chosen here"
            yield name, f"{owner} has no option {name!r} here", hint


def entry_of_option(own: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, str]:
    """Return, by option, the name of the chosen entry, such as a loss, that has this option.

    own: the options of the section's main entry, of which some choose other entries. given: the
    values that the section sets, by option name.
    """
    return {name: entry.name for _, entry in chosen_entries(own, given) for name in entry.options}
