"""`gdrun gradcheck`: compare the gradient of an experiment with central differences."""

from __future__ import annotations

from gdrun.cli import console, faults
from gdrun.cli.experiments import ConfigOrData, Json, Overrides, Plugins, Seed, first_experiment
from gdrun.cli.next_steps import shown, step_with

CHECK_FAILED = 4
"""The exit code of `gdrun gradcheck` if a gradient is wrong."""


def gradcheck(
    config: ConfigOrData = None,
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

    first = first_experiment(config, overrides, seed)
    if not json:
        for line in first.assumed:
            faults.note(f"assumed {line}")
    check = check_gradient(first.experiment)
    if json:
        console.print_json(gradient_data(check))
    else:
        following = step_with("train it", "train", config, overrides, seed)
        console.show(gradient_table(check), *shown(following if check.passed else []))
    return 0 if check.passed else CHECK_FAILED
