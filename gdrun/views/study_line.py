"""The line above the tables of a study: what all its candidates have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.study.design.trials import StudyPlan
from gdrun.views.experiment_panel import options_text, section_text
from gdrun.views.numbers import count

_SECTIONS = ("surface", "dataset", "model", "variant", "optimizer")


def study_line(plan: StudyPlan) -> str:
    """The data, the method and the budget that all candidates share, and the number of seeds.

    A section of which the candidates share only the name, such as an optimizer with several rates,
    is named without its options. A section with several names is left out, because the tables show
    the names.
    """
    configs = [candidate.experiment.plain() for candidate in plan.candidates]
    parts = []
    for key in _SECTIONS:
        sections = [config[key] for config in configs if config.get(key)]
        names = {_name(each) for each in sections}
        if len(sections) == len(configs) and len(names) == 1 and "" not in names:
            same = all(each == sections[0] for each in sections)
            parts.append(_section(key, sections[0], same))
    budgets = [_budget(config) for config in configs]
    if budgets[0] and all(each == budgets[0] for each in budgets):
        parts.append(budgets[0])
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


def _budget(config: Mapping[str, Any]) -> str:
    """The budget of a config, such as epochs 30."""
    units = ("epochs", "steps", "gradients", "seconds")
    return options_text({unit: config["stopping"].get(unit) for unit in units})
