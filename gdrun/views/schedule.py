"""The view of a schedule of the learning rate: its curve, and its numbers for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.array_types import Numbers
from gdrun.config.experiment import Experiment
from gdrun.engine.preview import Preview
from gdrun.methods.schedules import SCHEDULES, needs_length
from gdrun.quantities import quantity
from gdrun.views.curves import Chart, Curve
from gdrun.views.terminal_plot import PlotView

Planned = Sequence[tuple[Experiment, Preview]]
"""Experiments that differ only in the schedule, each with the preview of its rates."""


def schedule_view(planned: Planned) -> RenderableType:
    """The equations of the schedules, and the curves of the learning rates and changing momenta."""
    plots: list[RenderableType] = []
    for chart in schedule_charts(planned):
        plots += [PlotView(chart), ""]
    if any(each.follows_loss for _, each in planned):
        plots += ["the rate also drops when the validation loss stops falling; this is not drawn"]
    else:
        plots.pop()
    names = [experiment.schedule.name for experiment, _ in planned]
    equations = [SCHEDULES[name].doc.equation for name in names]
    if len(names) > 1:
        equations = [f"{name}: {text}" for name, text in zip(names, equations, strict=True)]
    equations += [words for words in [_warm_up(*planned[0])] if words]
    title = Text(_title(planned), style="bold")
    return Group(title, *(Text(text, style="dim") for text in equations), "", *plots)


def _warm_up(experiment: Experiment, planned: Preview) -> str:
    """The words on the warm-up, from whose end the t of the equations counts; empty without one."""
    schedule, unit = experiment.schedule, planned.unit
    if not schedule["warmup"]:
        return ""
    n = quantity(schedule["warmup"])
    at = unit if schedule["warmup_start"] == "zero" else f"({unit} + 1)"
    words = f"warm-up ({unit} < {n}): lr = lr₀ · {at}/{n}; then t = {unit} − {n}"
    if needs_length(SCHEDULES[schedule.name]):
        words += f", T = {quantity(max(planned.end - schedule['warmup'], 1.0))}"
    return words


def schedule_charts(planned: Planned) -> list[Chart]:
    """The planned learning rates over time, and the momenta that change."""
    unit, several = planned[0][1].unit, len(planned) > 1
    quantities: dict[str, list[Numbers | None]] = {
        "learning rate": [each.rates for _, each in planned],
        "momentum": [each.betas for _, each in planned],
    }
    charts = []
    for words, columns in quantities.items():
        curves = tuple(
            Curve(experiment.schedule.name if several else "", *_drawn(each, values))
            for (experiment, each), values in zip(planned, columns, strict=True)
            if values is not None
        )
        charts += [Chart(_title(planned), unit, words, curves)] if curves else []
    return charts


def _drawn(planned: Preview, values: Numbers) -> tuple[Numbers, Numbers]:
    """The times and values of a curve: a staircase where a value stays for a whole epoch.

    A value that changes at each step is a slope, with a corner before each jump of a constant
    value: without it, the line to the next point would be a ramp.
    """
    if planned.unit == "epoch":
        times = np.append(planned.times, planned.end)
        return np.repeat(times, 2)[1:-1], np.repeat(values, 2)
    times = planned.times
    held = np.flatnonzero((values[2:] != values[1:-1]) & (values[1:-1] == values[:-2])) + 2
    return np.insert(times, held, times[held]), np.insert(values, held, values[held - 1])


def schedule_data(planned: Planned) -> dict[str, Any]:
    """The planned rates as a dict that can be written as JSON.

    Its lists are called epoch or step, lr, and momentum. Of several schedules, each has such a dict
    under its name.
    """
    found = {experiment.schedule.name: _numbers(each) for experiment, each in planned}
    return found if len(planned) > 1 else next(iter(found.values()))


def _title(planned: Planned) -> str:
    return f"{planned[0][0].name}: {', '.join(each.schedule.name for each, _ in planned)}"


def _numbers(planned: Preview) -> dict[str, Any]:
    betas = {} if planned.betas is None else {"momentum": planned.betas.tolist()}
    return {planned.unit: planned.times.tolist(), "lr": planned.rates.tolist(), **betas}
