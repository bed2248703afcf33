"""The quickstart config, adapted to what the user sets: name, budget, and what suits a surface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gdrun.config.overrides import Override, paths_of
from gdrun.config.resolving import is_noiseless
from gdrun.config.section_kinds import Section, SectionKind
from gdrun.config.sections import DATASET_KEYS, SECTIONS, SURFACE
from gdrun.problems.surfaces import SURFACES

PROBLEM_KEYS = ("dataset", "model", "surface")

_PROPORTIONAL = ("vanilla", "momentum", "nesterov")
"""The rules whose steps are proportional to the gradient, so that one rate suits all of them.

The steps of other rules, such as adam, have about the size of the rate on any surface.
"""


def adapted(
    data: dict[str, Any],
    quickstart: Mapping[str, Any],
    overrides: Iterable[Override],
    varied: Iterable[Override] = (),
) -> dict[str, Any]:
    """Return the plain data of the quickstart after overrides, adapted to them.

    Its name is removed if they choose another dataset, model or surface. Its budget is removed if
    they set another one. On a surface, its rate is replaced by the one that suits the surface,
    unless they set a rate, or the optimizer's steps are not proportional to the gradient. On a
    surface without noise, its variant and its epochs are removed, so that the defaults apply,
    unless the user sets or varies the batches: those of the quickstart suit its data.

    data: the plain data with the overrides of the user applied. quickstart: the plain data of the
    quickstart itself. overrides: those of the user. varied: the keys that the runs of a study vary,
    as overrides whose values are not used.
    """
    changes = list(overrides)
    if _problem(data) != _problem(quickstart):
        data = _unnamed(data, quickstart["name"])
    surface = _section(SURFACE, data)
    varied = [*varied]
    named = any(path[0] == "variant" for each in changes for path in paths_of(each, data))
    if is_noiseless(surface) and not named and not varies_batches(varied, data):
        data = {key: value for key, value in data.items() if key != "variant"}
        if not _sets_epochs(changes):
            data = _without_epochs(data)
    data = _with_own_budget(data, changes)
    rate = assumed_rate(data, changes)
    if rate is None:
        return data
    raw = data["optimizer"]
    chosen = {"name": raw} if isinstance(raw, str) else raw
    return data | {"optimizer": chosen | {"lr": rate}}


def varies_batches(varied: Iterable[Override], data: Mapping[str, Any]) -> bool:
    """Whether the runs of a study vary how examples make batches: the variant, or their noise.

    varied: the keys that the runs vary, as overrides whose values are not used. data: the plain
    data of the config.
    """
    paths = [path for each in varied for path in paths_of(each, data)]
    return ("surface", "noise") in paths or any(path[0] == "variant" for path in paths)


def assumed_rate(data: Mapping[str, Any], overrides: Iterable[Override]) -> float | None:
    """Return the rate that suits the surface, if it must replace the rate in `data`.

    Returns None if the rate in `data` is to be kept: if there is no surface, if that rate suits the
    surface, if the user has set it, or if the optimizer's steps are not proportional to the
    gradient. data: the plain data with the overrides of the user applied. overrides: those of the
    user.
    """
    surface = _section(SURFACE, data)
    optimizer = _section(SECTIONS["optimizer"], data)
    if surface is None or optimizer is None or any(_sets_rate(each, data) for each in overrides):
        return None
    rate = suitable_rate(surface, optimizer)
    return None if rate == optimizer["lr"] else rate


def suitable_rate(surface: Section, optimizer: Section) -> float | None:
    """Return the learning rate that the surface recommends for its options.

    Returns None if the optimizer's steps are not proportional to the gradient, or if the surface
    has no such rate.
    """
    if optimizer.name not in _PROPORTIONAL:
        return None
    return SURFACES[surface.name].rate_with(surface.options)


def _section(kind: SectionKind, data: Mapping[str, Any]) -> Section | None:
    """The validated section of the plain data; None if there is none or it is invalid."""
    raw = data.get(kind.key)
    return None if raw is None else kind.resolve(raw, lambda path: "")[0]


def _sets_rate(override: Override, data: Mapping[str, Any]) -> bool:
    """Whether the override has a learning rate: lr=0.1 or optimizer={name: momentum, lr: 0.1}."""
    paths = paths_of(override, data)
    whole = ("optimizer",) in paths and isinstance(override.value, Mapping)
    return ("optimizer", "lr") in paths or (whole and "lr" in override.value)


def _problem(data: Mapping[str, Any]) -> list[Any]:
    """The names, paths or queries of dataset, model and surface that the plain data choose."""
    sections = [data.get(key) for key in PROBLEM_KEYS]
    return [
        tuple(map(section.get, DATASET_KEYS)) if isinstance(section, Mapping) else section
        for section in sections
    ]


def _unnamed(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the plain data without the key `name`, if it has this value.

    With another dataset or model the quickstart is another experiment, and its name does not fit.
    """
    return {key: value for key, value in data.items() if (key, value) != ("name", name)}


def _with_own_budget(data: dict[str, Any], overrides: Iterable[Override]) -> dict[str, Any]:
    """Return the plain data without the epochs of the quickstart, if the user gives another budget.

    overrides: the overrides that the user gives. A budget in epochs among them is kept.
    """
    stopping = data.get("stopping")
    if not isinstance(stopping, Mapping):
        return data
    other = any(stopping.get(key) is not None for key in ("steps", "gradients", "seconds"))
    return _without_epochs(data) if other and not _sets_epochs(overrides) else data


def _sets_epochs(overrides: Iterable[Override]) -> bool:
    return any(each.key.removeprefix("stopping.") == "epochs" for each in overrides)


def _without_epochs(data: dict[str, Any]) -> dict[str, Any]:
    stopping = data.get("stopping")
    if not isinstance(stopping, Mapping):
        return data
    return data | {"stopping": {key: value for key, value in stopping.items() if key != "epochs"}}
