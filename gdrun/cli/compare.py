"""`gdrun compare`: contenders by name on the same problem, under the same seeds."""

from __future__ import annotations

from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json, Plugins, Seed
from gdrun.cli.running import RUNS, Interruption, Out, Quiet
from gdrun.cli.studying import (
    ConfigOption,
    Jobs,
    MetricOption,
    Resume,
    TargetOption,
    closing,
    document,
    exit_code,
    means_of,
    study_directory,
)

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Variants, optimizers, schedules or models, joined with + as in mbgd+adam or "
        "mbgd+lr=0.1; or YAML files. KEY=VALUE alone is set for all.",
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="K", min=1, help="Run every contender under K seeds.")
]
TuneKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--tune",
        metavar="KEY[=VALUES]",
        help="Find every contender's best value first, such as lr, with equal effort.",
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="UNIT[=N]",
        help="Give every contender so many epochs, gradients or seconds, such as seconds=2.",
    ),
]


def compare(
    names: Names,
    config: ConfigOption = None,
    seed: Seed = None,
    seeds: Seeds = 5,
    tune: TuneKeys = None,
    budget: BudgetOption = None,
    target: TargetOption = None,
    metric: MetricOption = None,
    jobs: Jobs = 1,
    out: Out = RUNS,
    resume: Resume = None,
    plugins: Plugins = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Compare methods on one problem: what each takes, what it reaches, and how surely."""
    from gdrun.spec.loading import load
    from gdrun.spec.overrides import Override
    from gdrun.study.budgets import parse_budget, with_budget
    from gdrun.study.comparison import plan_comparison
    from gdrun.study.contenders import contenders_of, is_setting
    from gdrun.study.metrics import metric_called, parse_target
    from gdrun.study.running import run_comparison
    from gdrun.study.tasks import prepared
    from gdrun.views import comparisons as views

    changes: list[str | Override] = [name for name in names if is_setting(name)]
    if seed is not None:
        changes.append(Override("seed", seed, f"--seed {seed}"))
    base = load(config, changes)
    contenders = contenders_of([name for name in names if not is_setting(name)], base)
    data = prepared(contenders[0].experiment)
    if budget is not None:
        amount = parse_budget(budget, base, data.train.rows)
        contenders = tuple(with_budget(each, amount) for each in contenders)
    plan = plan_comparison(contenders, range(base.seed, base.seed + seeds))
    experiments = [contender.experiment for contender in contenders]
    by = metric_called(metric, experiments)
    goal = parse_target(target, experiments) if target else None
    directory = study_directory(plan, "compare", base, data, out, resume)
    interruption = Interruption()
    with interruption.watching():
        means = means_of(jobs, quiet, directory, interruption)
        found = run_comparison(plan, by, means, target=goal, keys=tune or ())
    if json:
        console.print_json(document(directory))
    else:
        ended = sum(len(each.standing.results) for each in found.contenders)
        table = [views.comparison_result(found), ""] if ended else []
        console.show(*table, *closing(plan, ended, directory))
    return exit_code(found.diverged, interruption)
