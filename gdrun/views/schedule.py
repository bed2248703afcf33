"""A schedule as a picture and as numbers."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.config.experiment import Experiment
from gdrun.engine.preview import Preview
from gdrun.methods.schedules import SCHEDULES
from gdrun.views.terminal_plot import terminal_plot


def schedule_view(experiment: Experiment, planned: Preview) -> RenderableType:
    """The equation, the curve of the rate, and that of the momentum where it is cycled."""
    section = experiment.schedule
    curves = [*terminal_plot(planned.times, planned.rates, labels=(planned.unit, "learning rate"))]
    if planned.betas is not None:
        curves += [
            "",
            *terminal_plot(planned.times, planned.betas, labels=(planned.unit, "momentum")),
        ]
    if planned.follows_loss:
        curves += ["", "drops will come when the validation loss stops falling; none is drawn"]
    equation = SCHEDULES[section.name].doc.equation
    title = Text(f"{experiment.name}: {section.name}", style="bold")
    return Group(title, Text(equation, style="dim"), "", Text("\n".join(curves)))


def schedule_data(planned: Preview) -> dict[str, Any]:
    """The planned rates as plain data."""
    betas = {} if planned.betas is None else {"momentum": planned.betas.tolist()}
    return {planned.unit: planned.times.tolist(), "lr": planned.rates.tolist(), **betas}
