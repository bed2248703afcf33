"""`gdrun plot`: draw the schedule of an experiment in the terminal, without training."""

from __future__ import annotations

from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment
from gdrun.errors import GdrunError

Schedule = Annotated[
    bool, typer.Option("--schedule", help="Draw the schedule of the learning rate.")
]


def plot(
    config: Config = None,
    overrides: Overrides = None,
    schedule: Schedule = False,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Draw the learning rate over the whole run, and the momentum if it changes too."""
    if not schedule:
        raise GdrunError("nothing to draw", where="gdrun plot", hint="add --schedule")
    from gdrun.engine.build import cohort_of, experiment_data
    from gdrun.engine.preview import preview
    from gdrun.views.schedule import schedule_data, schedule_view

    experiment = load_experiment(config, overrides, seed)
    planned = preview(cohort_of([experiment], experiment_data(experiment)))
    if json:
        console.print_json(schedule_data(planned))
    else:
        console.show(schedule_view(experiment, planned))
