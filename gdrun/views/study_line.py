"""The line above the tables of a study: what all its candidates have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Header
from gdrun.config.sections import SECTIONS
from gdrun.study.design.trials import StudyPlan
from gdrun.views.experiment_panel import is_scheduled, options_text, section_text
from gdrun.views.numbers import count
from gdrun.views.surface_runs import SAME_GRADIENT, has_equal_batches

_SECTIONS = ("surface", "dataset", "model", "variant", "optimizer", "schedule")


def study_line(plan: StudyPlan) -> str:
    """The data, the method and the budget that all candidates share, and the number of seeds.

    A constant schedule, no clipping and the default dtype are not named. A section of which the
    candidates share only some options, such as an optimizer with several rates, is named with
    those that were set or that differ from their defaults. A section with several names is left
    out, because the tables show the names.
    """
    configs = [candidate.experiment.plain() for candidate in plan.candidates]
    parts = []
    for key in _SECTIONS:
        sections = [config[key] for config in configs if config.get(key)]
        names = {_name(each) for each in sections}
        if len(sections) == len(configs) and len(names) == 1 and "" not in names:
            same = all(each == sections[0] for each in sections)
            shared = sections[0] if same else _shared(key, sections, plan.for_all)
            if key != "schedule" or any(map(is_scheduled, sections)):
                parts.append(_section(key, shared))
                if key == "variant" and all(map(has_equal_batches, configs)):
                    parts[-1] += f" ({SAME_GRADIENT})"
    for text in (_clipping, _dtype, _budget):
        texts = {text(config) for config in configs}
        if len(texts) == 1 and texts != {""}:
            parts.append(texts.pop())
    return "; ".join([*parts, count(len(plan.seeds), "seed")])


def _name(section: Mapping[str, Any]) -> str:
    """The name that a section chooses, or that of its file of data; empty if it has neither."""
    path = section.get("path")
    return str(section.get("name") or (Path(path).name if isinstance(path, str) else ""))


def _shared(
    key: str, sections: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The name of a section, and the options that all candidates share and that are worth naming.

    These are the options that the user set, and those that differ from their defaults. given: the
    settings of every candidate, by key.
    """
    first, kind = sections[0], SECTIONS[key]
    definition = kind.registry.get(_name(first))  # none without its plugin
    defaults = {} if definition is None else kind.own_options(definition)
    return {
        name: value
        for name, value in first.items()
        if name in ("name", "path")
        or (
            all(each.get(name) == value for each in sections)
            and (f"{key}.{name}" in given or (name in defaults and defaults[name].default != value))
        )
    }


def _section(key: str, section: Mapping[str, Any]) -> str:
    """A section in a few words, with the options that it has here."""
    if key == "dataset":
        return f"data {_name(section)}"
    return f"{key} {_name(section) if key == 'model' else section_text(section)}"


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
