"""The options of a config by their dotted paths, such as optimizer.lr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.config.writing import short_flow


def flat(config: Mapping[str, Any]) -> dict[str, str]:
    """The values of a config as short texts, by dotted path; a list is one value.

    >>> flat({"seed": 0, "optimizer": {"name": "adam", "lr": 0.1}})
    {'seed': '0', 'optimizer': 'adam', 'optimizer.lr': '0.1'}
    """
    return {path: short_flow(value) for path, value in options(config)}


def options(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of each option of a config.

    prefix: the beginning of each path.
    """
    for key, value in config.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from options(value, f"{path}.")
        else:
            yield path.removesuffix(".name"), value
