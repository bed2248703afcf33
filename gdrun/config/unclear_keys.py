"""What is wrong with a key of an override that is unknown or ambiguous, and which key is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.config.experiment import KEYS, Header
from gdrun.config.key_paths import as_mapping
from gdrun.config.names_elsewhere import NO_TRAINING, key_elsewhere, spelt, way_elsewhere
from gdrun.config.sections import DATASET_KEYS, PROBLEM, SECTIONS, beside_surface
from gdrun.errors import Problem, near, suggestion
from gdrun.methods.chosen_options import brought_options


def unclear_key(
    key: str,
    text: str,
    paths: Sequence[tuple[str, ...]],
    known: Sequence[tuple[str, ...]],
    data: Mapping[str, Any],
) -> Problem:
    """The problem of a key that means no path of the config, or more than one.

    key: the key that the user wrote in the override `text`. paths: the paths that the key can mean.
    known: all paths of the config. data: the plain data of the config.
    """
    where, leaf = repr(text), key.split(".")[-1]
    names_data = leaf in DATASET_KEYS or key.split(".")[0] in PROBLEM
    if not paths and names_data and data.get("surface") is not None:
        return beside_surface(key, where)
    if paths:
        renamed = next((path for path in paths if path[-1] != leaf), None)
        if renamed is not None and key == leaf:
            here = " or ".join(".".join(path) for path in paths if path != renamed)
            chosen = as_mapping(data[renamed[0]])["name"]
            what = f"{key} is {here} here; the {key} of {renamed[0]} {chosen} is {renamed[-1]}"
            written = f"{'.'.join(renamed)}={text.partition('=')[2]}"
            return Problem(what, where, f"write {written}, or the whole path {here}")
        meanings = ", ".join(".".join(path) for path in paths)
        what = f"{key} is ambiguous: it can mean {meanings}"
        return Problem(what, where, "write the whole path of the key you mean")
    if (own := spelt(leaf)) != leaf and (meant := [path for path in known if path[-1] == own]):
        hint = f"write {' or '.join('.'.join(path) for path in meant)}"
        return Problem(f"unknown key {key!r}", where, hint)
    leaf = spelt(leaf)
    if other := way_elsewhere(leaf, data):
        return Problem(f"gdrun has no {leaf}", where, other)
    gdrun_name = key_elsewhere(leaf, data)
    if gdrun_name and tuple(gdrun_name.split(".")) in known:
        hint = f"the name in gdrun is {gdrun_name}"
        return Problem(f"unknown key {key!r}", where, hint)
    if owners := _owners(leaf):
        hint = f"{leaf} is an option of {' or '.join(owners)}, which this experiment does not use"
        chosen = owners[0].split()[0]
        if chosen in SECTIONS and (own := _own_options(chosen, data)):
            hint += f"; {own}"
        hint = "; ".join(filter(None, [NO_TRAINING.get(leaf), hint]))
        return Problem(f"unknown key {key!r}", where, hint)
    inner = [".".join(path) for path in known if path[-1] == leaf and leaf != "name"]
    if inner:
        # target may be that of a stopping rule: target_loss or target_accuracy.
        longer = [".".join(p) for p in known if len(p) == 2 and p[-1].startswith(f"{leaf}_")]
        hint = f"did you mean {' or '.join([*inner, *longer][:3])}?"
        return Problem(f"unknown key {key!r}", where, hint)
    dotted = [".".join(path) for path in known]
    leaves = {path[-1]: ".".join(path) for path in known if path not in _TOP}
    by_leaf = [leaves[leaf] for leaf in near(leaf, leaves)]
    similar = list(dict.fromkeys([*near(key, dotted), *by_leaf]))[:3]
    hint = f"did you mean {' or '.join(similar)}?" if similar else suggestion("", KEYS)
    return Problem(f"unknown key {key!r}", where, hint)


def _own_options(section: str, data: Mapping[str, Any]) -> str:
    """A sentence with the options of the entry that a section chooses; empty if it has none."""
    chosen = data.get(section)
    name = chosen.get("name") if isinstance(chosen, Mapping) else chosen
    definition = SECTIONS[section].registry.get(name) if isinstance(name, str) else None
    if definition is None or not definition.options:
        return ""
    return f"the options of {name} are {', '.join(definition.options)}"


def _owners(option: str, most: int = 3) -> list[str]:
    """Return labels of entries that have an option with this name, such as `variant mbgd`.

    At most `most` labels are returned.
    """
    owners = [
        f"{key} {name}"
        for key, kind in SECTIONS.items()
        for name, definition in kind.registry.items()
        if option in definition.options
    ]
    owners += [
        label
        for kind in SECTIONS.values()
        for definition in kind.registry.values()
        for label, _ in brought_options(kind.own_options(definition)).get(option, ())
    ]
    return list(dict.fromkeys(owners))[:most]


_TOP = {(key,) for key in Header.model_fields}
