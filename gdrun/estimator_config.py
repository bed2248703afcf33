"""The config of an experiment, made from the parameters of a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from gdrun.data.splitting import part_size

Section = str | Mapping[str, Any]
"""A section of a config: a name, or a mapping with the name and its options."""


def section(value: Section) -> dict[str, Any]:
    """The section as a new dict, which the caller may change; "adam" becomes {"name": "adam"}."""
    return dict(value) if isinstance(value, Mapping) else {"name": value}


def merged(values: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """The values, replaced by those in `further`. A mapping keeps its keys that are not replaced.

    A text in `further` replaces only the key `name` of a mapping.
    """
    found = dict(values)
    for key, value in further.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, str | Mapping):
            value = merged(before, section(value))
        found[key] = value
    return found


def limit_batch(config: dict[str, Any], batch_size: Any, rows: int) -> None:
    """Set the batch size of mbgd in `config`, in place: at most the number of training rows.

    Other variants are not changed. batch_size: the size if the variant section has none. rows: the
    number of rows before the split into parts. A value of a wrong type is not changed, so that the
    check of the config reports it.
    """
    variant = section(config["variant"])
    if variant.get("name") != "mbgd":
        return
    split = config["dataset"]["split"]
    shares = (split.get("validation"), split.get("test"))
    held_out = sum(part_size(float(share), rows) for share in shares if isinstance(share, Real))
    size = variant.get("batch_size", batch_size)
    if isinstance(size, Integral):
        size = min(int(size), max(rows - held_out, 1))
    config["variant"] = variant | {"batch_size": size}
