"""The line of the panel on the data of a run: its parts, its split, and its features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.data.same_rows import standardises_target
from gdrun.runs.record import RunRecord
from gdrun.views.numbers import count


def data_line(config: Mapping[str, Any], record: RunRecord) -> str:
    """The data of a run in one line. config, record: of the run; config may be damaged."""
    data = record["data"]
    line = f"{data['name']}: "
    files = data.get("files", {})
    line += ", ".join(
        f"{rows:,} {part}" + (f" ({Path(files[part]['path']).name})" if part in files else "")
        for part, rows in data["parts"].items()
        if rows
    )
    for key in ("group", "time"):
        if isinstance(column := _at(config, "dataset", "split", key), str):
            line += f" (by {key}: {column})"
    line += f"; {count(data['features'], 'feature')}"
    if data["classes"]:
        line += f", {len(data['classes'])} classes"
        # The label that metrics, thresholds and probabilities of two classes mean.
        line += f" (positive: {data['classes'][1]})" if len(data["classes"]) == 2 else ""
    return "; ".join([line, *_scaling(config)])


def _scaling(config: Mapping[str, Any]) -> list[str]:
    """What is unusual in the scaling of the data: the features are scaled, the target is not."""
    target = target_is_standardised(config)
    chosen = _at(config, "dataset", "standardize")
    if False in (chosen, _at(config, "dataset", "standardize", "features")):
        return ["features not standardised, target standardised" if target else "not standardised"]
    return ["target standardised"] if target else []


def target_is_standardised(config: Mapping[str, Any]) -> bool:
    """Whether a config standardises its target. config: of a run; its values may be damaged."""
    dataset = config.get("dataset")
    return isinstance(dataset, Mapping) and standardises_target(dataset)


def _at(found: Any, *keys: str) -> Any:
    """The value at a path of keys in plain data; None if there is none."""
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
