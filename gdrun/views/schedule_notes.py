"""The notes on schedules whose rate never fell in a run, because their first drop is too late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.engine.trace import Columns
from gdrun.quantities import quantity

if TYPE_CHECKING:
    from gdrun.study.judgement.ranking import Standing

KEYS = {"step": "drop_every", "multistep": "milestones"}
"""For each schedule that lowers the rate at some points, the option with these points."""

BUDGETS = ("epochs", "steps", "gradients", "seconds")
"""The rules that end a run because its budget is used up."""


def unused_schedule(config: Mapping[str, Any], steps: Columns, stop: Mapping[str, Any]) -> str:
    """A sentence if the schedule of a run never lowered its rate; empty otherwise.

    It is also empty if the run ended before its budget was used up: the first drop of the rate may
    have been planned for later. config: that of the run. steps: the columns of its steps. stop: as
    in run.json.
    """
    schedule, rates = config["schedule"], steps.get("lr", np.empty(0))
    if schedule["name"] not in KEYS or stop.get("rule") not in BUDGETS:
        return ""
    if not len(rates) or np.ptp(rates) > 0:
        return ""
    unit = "steps" if schedule["per"] == "step" else "epochs"
    length = quantity(stop[unit.removesuffix("s")])
    key = KEYS[schedule["name"]]
    return (
        f"{schedule['name']} never lowers the rate within {length} {unit}: set {key} below {length}"
    )


def schedule_notes(standings: Iterable[Standing]) -> list[tuple[str, str]]:
    """The notes on schedules that never lowered the rate in a study, as (label, text)."""
    found: dict[str, list[str]] = {}
    for each in standings:
        config = each.candidate.experiment.plain()
        texts = {unused_schedule(config, run.steps, run.record["stop"]) for run in each.results}
        if len(texts) == 1 and (text := texts.pop()):
            found.setdefault(text, []).append(each.name)
    return [
        ("schedule", text if len(names) > 3 else f"{', '.join(names)}: {text}")
        for text, names in found.items()
    ]
