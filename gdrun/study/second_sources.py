"""Overrides that name other data than the file from which a first experiment starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.config.key_paths import as_mapping
from gdrun.config.overrides import Override, applied, other_data
from gdrun.config.sections import DATASET_KEYS
from gdrun.data.sources import with_real_paths
from gdrun.errors import ConfigError


def require_one_source(path: str, base: Mapping[str, Any], changes: Sequence[Override]) -> None:
    """Raise ConfigError if the overrides replace the data of a file, which are then not read.

    path: the file, or a query in SQL after `query=`. base: the config with these data. An override
    may name the same data again; of several that set one key, the last counts.
    """

    def replaced(some: Sequence[Override]) -> bool:
        changed, *_ = applied(base, some, lambda _: path)
        return _source(changed) != _source(base)

    if replaced(changes):
        raise ConfigError(other_data(each.text, path) for each in changes if replaced([each]))


def _source(config: Mapping[str, Any]) -> tuple[object, dict[str, Any]]:
    """The surface of a config, and the name, path or query of its data."""
    section = as_mapping(config.get("dataset") or {})
    named = {key: section[key] for key in DATASET_KEYS if key in section}
    return config.get("surface"), with_real_paths(named)
