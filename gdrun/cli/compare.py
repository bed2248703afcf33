"""`gdrun compare`: contenders by name on the same problem, under the same seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

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
    count_line,
    exit_code,
    runner,
    study_directory,
)
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.study.comparison import Comparison
    from gdrun.study.directory import StudyDirectory
    from gdrun.study.metrics import Metric
    from gdrun.study.plan import Candidate
    from gdrun.study.study import Means, Work
    from gdrun.study.tuning import Tuning

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Variants, optimizers, schedules or models, joined with + as in mbgd+adam; "
        "settings, as in mbgd+lr=0.1; or YAML files.",
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
    from gdrun.study.comparison import judge_comparison, plan_comparison
    from gdrun.study.contenders import contenders_of
    from gdrun.study.metrics import parse_target
    from gdrun.study.study import Means, carry_out
    from gdrun.study.tasks import prepared
    from gdrun.views import comparisons as views

    changes = [] if seed is None else [Override("seed", seed, f"--seed {seed}")]
    base = load(config, changes)
    contenders = contenders_of(names, base)
    data = prepared(contenders[0].experiment)
    if budget is not None:
        amount = parse_budget(budget, base, data.train.rows)
        contenders = tuple(with_budget(each, amount) for each in contenders)
    by = _metric(metric, contenders)
    goal = parse_target(target, contenders[0].experiment) if target else None
    plan = plan_comparison(contenders, range(base.seed, base.seed + seeds))
    alone = any(each.experiment.stopping.seconds is not None for each in contenders)
    if alone and jobs > 1:
        hint = "leave --jobs out, or give a budget of epochs or gradients"
        raise GdrunError("runs that share a machine share its seconds", where="--jobs", hint=hint)
    directory = study_directory(plan, "compare", base, data, out, resume)
    interruption = Interruption()
    with interruption.watching():
        means = Means(
            runner(jobs, quiet),
            jobs,
            directory,
            interrupted=interruption.name,
            told=count_line(quiet),
        )
        tunings, tuning_work = None, None
        if tune:
            contenders, tunings, tuning_work = _tuned(contenders, tune, seeds, by, means)
            plan = plan_comparison(contenders, plan.seeds)
            directory.adopt(plan)
        results, work = carry_out(plan, means, alone=alone)
        found = judge_comparison(
            plan, results, by, means, work, target=goal, tunings=tunings, tuning_work=tuning_work
        )
    _finish(found, directory)
    if json:
        console.print_json(directory.record | {"directory": str(directory.path)})
    else:
        console.show(views.comparison_result(found), "", *_closing(found, directory))
    return exit_code(found.diverged, interruption)


def _metric(name: str | None, contenders: tuple[Candidate, ...]) -> Metric:
    """The metric that is asked for; accuracy where the losses of the models differ in meaning."""
    from gdrun.study.comparison import comparable_losses
    from gdrun.study.metrics import metric_called

    first = contenders[0].experiment
    if name is None and not comparable_losses(contenders) and first.task == "classification":
        name = "accuracy"
    return metric_called(name, first)


def _tuned(
    contenders: tuple[Candidate, ...], keys: list[str], seeds: int, by: Metric, means: Means
) -> tuple[tuple[Candidate, ...], dict[str, Tuning], Work]:
    """The contenders at their best settings. Tuning has seeds that the comparison does not use."""
    from gdrun.study.directory import StudyDirectory
    from gdrun.study.tuning import MOST_SEEDS, tune, tuning_plan

    first = contenders[0].experiment.seed + seeds
    own = range(first, first + min(seeds, MOST_SEEDS))
    plan, tried = tuning_plan(contenders, keys, own)
    if means.directory is not None:
        within = StudyDirectory.within(means.directory.path / "tuning", plan)
        means = replace(means, directory=within)
    return tune(contenders, plan, tried, by, means)


def _finish(found: Comparison, directory: StudyDirectory) -> None:
    from gdrun.study.record import comparison_record

    directory.write(**comparison_record(found))


def _closing(found: Comparison, directory: StudyDirectory) -> list[str]:
    lines: list[Any] = [f"written to {directory.path}"]
    if not found.complete:
        ended = sum(len(each.standing.results) for each in found.contenders)
        left = len(found.plan.trials) - ended
        lines.insert(
            0, f"interrupted with {left} runs left: the same with --resume {directory.path}"
        )
    return lines
