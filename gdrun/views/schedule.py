"""The view of a schedule: its curve and its numbers."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.config.experiment import Experiment
from gdrun.engine.preview import Preview
from gdrun.methods.schedules import SCHEDULES
from gdrun.views.terminal_plot import terminal_plot


def schedule_view(experiment: Experiment, planned: Preview) -> RenderableType:
    """The equation, the curve of the learning rate, and the curve of the momentum if it changes.

    planned: the preview of the experiment's schedule.
    """
    section = experiment.schedule
    curves = [*terminal_plot(planned.times, planned.rates, labels=(planned.unit, "learning rate"))]
    if planned.betas is not None:
        curves += [
            "",
            *terminal_plot(planned.times, planned.betas, labels=(planned.unit, "momentum")),
        ]
    if planned.follows_loss:
        curves += [
            "",
            "the rate also drops when the validation loss stops falling; this is not drawn",
        ]
    equation = SCHEDULES[section.name].doc.equation
    title = Text(f"{experiment.name}: {section.name}", style="bold")
    return Group(title, Text(equation, style="dim"), "", Text("\n".join(curves)))


def schedule_data(planned: Preview) -> dict[str, Any]:
    """The planned rates as plain data for JSON: lists by `epoch` or `step`, `lr`, `momentum`."""
    betas = {} if planned.betas is None else {"momentum": planned.betas.tolist()}
    return {planned.unit: planned.times.tolist(), "lr": planned.rates.tolist(), **betas}
