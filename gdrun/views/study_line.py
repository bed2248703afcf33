"""The line above the tables of a study: what all its candidates have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Header
from gdrun.study.design.trials import StudyPlan
from gdrun.views.experiment_panel import is_scheduled, options_text, section_text
from gdrun.views.numbers import count

_SECTIONS = ("surface", "dataset", "model", "variant", "optimizer", "schedule")


def study_line(plan: StudyPlan) -> str:
    """The data, the method and the budget that all candidates share, and the number of seeds.

    A constant schedule, no clipping and the default dtype are not named. A section of which the
    candidates share only the name, such as an optimizer with several rates, is named without its
    options. A section with several names is left out, because the tables show the names.
    """
    configs = [candidate.experiment.plain() for candidate in plan.candidates]
    parts = []
    for key in _SECTIONS:
        sections = [config[key] for config in configs if config.get(key)]
        names = {_name(each) for each in sections}
        if len(sections) == len(configs) and len(names) == 1 and "" not in names:
            same = all(each == sections[0] for each in sections)
            if key != "schedule" or any(map(is_scheduled, sections)):
                parts.append(_section(key, sections[0], same))
    for text in (_clipping, _dtype, _budget):
        texts = {text(config) for config in configs}
        if len(texts) == 1 and texts != {""}:
            parts.append(texts.pop())
    return "; ".join([*parts, count(len(plan.seeds), "seed")])


def _name(section: Mapping[str, Any]) -> str:
    """The name that a section chooses, or that of its file of data; empty if it has neither."""
    path = section.get("path")
    return str(section.get("name") or (Path(path).name if isinstance(path, str) else ""))


def _section(key: str, section: Mapping[str, Any], same: bool) -> str:
    """A section in a few words. same: whether all candidates share its options too."""
    if key == "dataset":
        return f"data {_name(section)}"
    return f"{key} {section_text(section) if same and key != 'model' else _name(section)}"


def _clipping(config: Mapping[str, Any]) -> str:
    """The clipping of a config, such as clip norm 1; empty without clipping."""
    limits = options_text(config.get("clip") or {})
    return f"clip {limits}" if limits else ""


def _dtype(config: Mapping[str, Any]) -> str:
    """The dtype of a config; empty if it is the default."""
    dtype = str(config["dtype"])
    return "" if dtype == Header.model_fields["dtype"].default else dtype


def _budget(config: Mapping[str, Any]) -> str:
    """The budget of a config, such as epochs 30."""
    units = ("epochs", "steps", "gradients", "seconds")
    return options_text({unit: config["stopping"].get(unit) for unit in units})
