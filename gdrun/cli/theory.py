"""`gdrun theory`: what the mathematics predicts for an experiment, and whether a run agrees."""

from __future__ import annotations

from gdrun.cli import console
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment


def theory(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Predict the limits, rates and bounds of gradient descent for an experiment."""
    from gdrun.insight.theory import theory_of
    from gdrun.views.theory import theory_data, theory_view

    predicted = theory_of(load_experiment(config, overrides, seed))
    if json:
        console.print_json(theory_data(predicted))
    else:
        console.show(theory_view(predicted))
