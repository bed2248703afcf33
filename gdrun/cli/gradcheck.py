"""`gdrun gradcheck`: compare the gradient of an experiment with central differences."""

from __future__ import annotations

from gdrun.cli import console
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment
from gdrun.cli.next_steps import shown, step_with

CHECK_FAILED = 4
"""The exit code of `gdrun gradcheck` if a gradient is wrong."""


def gradcheck(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> int:
    """Compare the gradient of an experiment with central differences, weight by weight.

    The exit code is 0 if all gradients are right, and 4 if one is wrong.
    """
    from gdrun.insight.gradient_check import check_gradient
    from gdrun.views.gradcheck_table import gradient_data, gradient_table

    check = check_gradient(load_experiment(config, overrides, seed))
    if json:
        console.print_json(gradient_data(check))
    else:
        following = step_with("train it", "train", config, overrides, seed)
        console.show(gradient_table(check), *shown(following if check.passed else []))
    return 0 if check.passed else CHECK_FAILED
