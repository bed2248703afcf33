"""Extend the budget of a run, so that it trains past its end.

A schedule without a length T, such as exponential, continues with its equation. A schedule with a
length has reached its end, and a larger budget would change all its rates, also those of the steps
that were taken. So the old schedule keeps its length, and the user chooses what follows it:

    keep       the last rate of the schedule, until the new end
    restart    the schedule once more, over the rest of the budget
    stretch    the rest of the same schedule over the whole new budget

Each choice is written into config.yaml as a schedule `join`. So the config repeats the extended
run, with the old rates before the old end. With `stretch` the rate jumps at the old end, because a
longer schedule has not fallen as far at that time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override, parse_override
from gdrun.config.settings import BUDGETS
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Plan
from gdrun.errors import ConfigError, Parameter, suggestion
from gdrun.methods.schedules import SCHEDULES, needs_length, rates

LENGTHS = ("keep", "restart", "stretch")
COMMON = ("per", "warmup", "warmup_start")
"""The options that every schedule has; in a join they belong to the whole, not to the parts."""


@dataclass(frozen=True)
class Extension:
    """A larger budget for a run.

    budget: a text such as epochs=100, for the whole budget with the part that the run has used.
    schedule_length: what follows the old end of a schedule with a length, such as cosine: "keep"
    (its last rate), "restart" (the schedule once more, over the rest of the budget) or "stretch"
    (the rest of the same schedule over the whole new budget); None for a schedule without a length.
    """

    budget: str
    schedule_length: str | None = None


def budget_override(text: str, experiment: Experiment) -> Override:
    """The override for a text such as epochs=100, which enlarges the budget of an experiment.

    Raises ConfigError if the text does not name a budget, if the experiment has no such budget, or
    if the new budget is not larger.
    """
    if "=" not in text:
        unit = next(iter(experiment.stopping.budgets))
        hint = f'write `extend="{unit}={text}"`'
        raise ConfigError(f"must name its unit, got {text!r}", where=Parameter("extend"), hint=hint)
    given = parse_override(text)
    unit = given.key.removeprefix("stopping.")
    old = experiment.stopping.budgets.get(unit)
    where = Parameter("extend")
    if old is None:
        known = [*experiment.stopping.budgets]
        if unit in BUDGETS:
            what = f"the run has no budget of {unit}"
            raise ConfigError(what, where=where, hint=f"write {known[0]}=N")
        raise ConfigError(f"{unit} is not a budget", where=where, hint=suggestion(unit, BUDGETS))
    number = isinstance(given.value, int | float) and not isinstance(given.value, bool)
    if not number or not given.value > old:
        raise ConfigError(
            f"must be more than the {old:.15g} {unit} that the run had, got {given.value!r}",
            where=where,
            hint="give the whole budget, with the part that the run has used",
        )
    return Override(f"stopping.{unit}", given.value, text)


def extended(
    experiment: Experiment, plan: Plan, extension: Extension
) -> tuple[Experiment, float | None]:
    """The experiment with a larger budget, and the time at which its old schedule ends.

    plan: the batches, budgets and schedule of the given experiment. The time is in epochs or steps,
    the unit of the schedule; None for a schedule without a length. Raises ConfigError if the budget
    or schedule_length is wrong or missing, or if the schedule cannot be extended.
    """
    length = extension.schedule_length
    budget = budget_override(extension.budget, experiment)
    changes: list[str | Override] = [budget]
    if length is not None and length not in LENGTHS:
        hint = suggestion(length, LENGTHS)
        what = f"{length!r} is not one of the choices"
        raise ConfigError(what, where=Parameter("schedule_length"), hint=hint)
    if not needs_length(SCHEDULES[experiment.schedule.name]):
        return load(experiment, changes), None
    name = experiment.schedule.name
    if length is None:
        raise ConfigError(
            f"the schedule {name} ends with the old budget, so it has no rates for further steps",
            where=Parameter("schedule_length"),
            hint='add `schedule_length="keep"` (its last rate), or choose restart (the schedule '
            "once more) or stretch (the rest of the schedule with the new length)",
        )
    if SCHEDULES[name].beta is not None or plan.length is None:
        why = "the old budget gives its schedule no length in epochs or steps"
        if SCHEDULES[name].beta is not None:
            why = "only rates can be continued, and this schedule is also one of the momentum"
        raise ConfigError(
            f"{name} cannot be extended: {why}",
            where="schedule",
            hint="train a new run with the larger budget",
        )
    unit = budget.key.removeprefix("stopping.")
    longer = replace(plan, limits={**plan.limits, unit: budget.value})
    assert longer.length is not None  # it has the budgets of the plan, and one is larger
    joined = _joined(experiment, plan, (plan.length, longer.length), length)
    changes.append(Override("schedule", joined, f"schedule_length={length}"))
    return load(experiment, changes), plan.length


def notes_on_rates(cohort: Cohort, seam: float | None) -> list[str]:
    """A note with the rates before and after the time at which the old schedule ends.

    cohort: the runs with the extended budget. seam: that time, in epochs or steps; None for a
    schedule without a length, for which the list is empty.
    """
    if seam is None:
        return []
    plan, lanes = cohort.plan, Lanes.all_of(cohort)
    none = np.zeros(cohort.lanes, dtype=np.int64)
    times = np.array([seam - 1, seam])
    lr, _ = plan.rates(lanes.numbers.lr, lanes.schedule_options, times, 2, none)
    unit = "step" if plan.schedule.per_step else "epoch"
    before, after = (f"{rate:.4g}" for rate in lr[:, 0])
    return [f"the learning rate is {before} before and {after} after {unit} {seam:g}"]


def _joined(
    experiment: Experiment, plan: Plan, ends: tuple[float, float], length: str
) -> dict[str, Any]:
    """The section `schedule` of the extended run: the old schedule and what follows it.

    ends: the times at which the old budget and the new one end. length: one of LENGTHS.
    """
    section = experiment.schedule.plain()
    common = {name: section.pop(name) for name in COMMON if name in section}
    parts, at, scales, lengths = [section], [], [1.0], [0.0]
    if section["name"] == "join":
        parts, at = list(section["parts"]), list(section["at"])
        scales = list(section.get("scales") or [1.0] * len(parts))
        lengths = list(section.get("lengths") or [0.0] * len(parts))
    old, new = (end - plan.schedule.warmup for end in ends)
    # A part with a length continues the time of the part before it. This is the start of the last
    # part without one.
    origin = next(start for start, T in zip([*at[::-1], 0.0], lengths[::-1], strict=True) if not T)
    following = "constant" if length == "keep" else parts[-1]
    scale = _last_rate(experiment, plan, ends[0]) if length == "keep" else scales[-1]
    return {
        "name": "join",
        "parts": [*parts, following],
        "at": [*at, old],
        "scales": [*scales, scale],
        "lengths": [*lengths, new - origin if length == "stretch" else 0.0],
        **common,
    }


def _last_rate(experiment: Experiment, plan: Plan, end: float) -> float:
    """The last rate before the time `end`, as a multiple of the option lr.

    Raises ConfigError if this rate is 0.
    """
    schedule, lr = plan.schedule, float(experiment.optimizer["lr"])
    options = {name: experiment.schedule[name] for name in schedule.form.options}
    last = rates(
        schedule.form,
        np.array([end - 1]),
        np.array([lr]),
        length=end,
        options=options,
        warmup=schedule.warmup,
        warmup_start=schedule.warmup_start,
    )
    scale = float(last[0, 0]) / lr
    if scale <= 0:
        raise ConfigError(
            "the last rate of the schedule is 0, so no step would change the weights",
            where=Parameter("schedule_length"),
            hint='add `schedule_length="restart"`',
        )
    return scale
