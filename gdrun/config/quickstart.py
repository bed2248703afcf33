"""The quickstart config, adapted to what the user sets: name, budget, and the rate of a surface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gdrun.config.overrides import Override, paths_of
from gdrun.config.sections import DATASET_KEYS, SURFACE
from gdrun.problems.surfaces import SURFACES

PROBLEM_KEYS = ("dataset", "model", "surface")

_RATE_PATHS = {("optimizer",), ("optimizer", "name"), ("optimizer", "lr")}
"""The keys that decide the learning rate."""


def adapted(
    data: dict[str, Any], quickstart: Mapping[str, Any], overrides: Iterable[Override]
) -> dict[str, Any]:
    """Return the plain data of the quickstart after overrides, adapted to them.

    data: the plain data with the overrides of the user applied. quickstart: the plain data of the
    quickstart itself. overrides: those of the user.
    """
    changes = list(overrides)
    if _problem(data) != _problem(quickstart):
        data = _unnamed(data, quickstart["name"])
    data = _with_own_budget(data, changes)
    rate = assumed_rate(data, changes)
    return data if rate is None else data | {"optimizer": data["optimizer"] | {"lr": rate}}


def assumed_rate(data: Mapping[str, Any], overrides: Iterable[Override]) -> float | None:
    """Return the rate that suits the surface in place of the rate of the quickstart.

    None means that the rate of the quickstart is kept: there is no surface, or this rate suits the
    surface, or the user has set the rate or the optimizer. data: the plain data with the overrides
    of the user applied. overrides: those of the user.
    """
    raw = data.get("surface")
    section = None if raw is None else SURFACE.resolve(raw, lambda path: "")[0]
    if section is None or any(
        path in _RATE_PATHS for each in overrides for path in paths_of(each, data)
    ):
        return None
    rate = SURFACES[section.name].rate_with(section.options)
    return None if rate == data["optimizer"]["lr"] else rate


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
    if not other or any(each.key.removeprefix("stopping.") == "epochs" for each in overrides):
        return data
    return {
        **data,
        "stopping": {key: value for key, value in stopping.items() if key != "epochs"},
    }
