"""The view of a schedule of the learning rate: its curve, and its numbers for JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.config.experiment import Experiment
from gdrun.engine.preview import Preview
from gdrun.methods.schedules import SCHEDULES
from gdrun.views.curves import Chart, Curve
from gdrun.views.terminal_plot import PlotView


def schedule_view(experiment: Experiment, planned: Preview) -> RenderableType:
    """The equation of the schedule, and the curves of the learning rate and of a changing momentum.

    planned: the preview of the experiment's schedule.
    """
    section = experiment.schedule
    plots: list[RenderableType] = []
    for chart in schedule_charts(experiment, planned):
        plots += [PlotView(chart), ""]
    if planned.follows_loss:
        plots += ["the rate also drops when the validation loss stops falling; this is not drawn"]
    else:
        plots.pop()
    equation = SCHEDULES[section.name].doc.equation
    title = Text(f"{experiment.name}: {section.name}", style="bold")
    return Group(title, Text(equation, style="dim"), "", *plots)


def schedule_charts(experiment: Experiment, planned: Preview) -> list[Chart]:
    """The planned learning rate over time, and the momentum if it changes."""
    quantities = {"learning rate": planned.rates, "momentum": planned.betas}
    name = f"{experiment.name}: {experiment.schedule.name}"
    return [
        Chart(name, planned.unit, words, (Curve("", planned.times, values),))
        for words, values in quantities.items()
        if values is not None
    ]


def schedule_data(planned: Preview) -> dict[str, Any]:
    """The planned rates as a dict that can be written as JSON.

    Its lists are called epoch or step, lr, and momentum.
    """
    betas = {} if planned.betas is None else {"momentum": planned.betas.tolist()}
    return {planned.unit: planned.times.tolist(), "lr": planned.rates.tolist(), **betas}
