"""`gdrun compare`: contenders by name on the same problem, under the same seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli.options import as_options
from gdrun.cli.studying import StudyOptions, study_command

if TYPE_CHECKING:
    from gdrun.study.judgement.comparison import Comparison
    from gdrun.study.study import StudyContext

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


@study_command
def compare(
    names: Names,
    seeds: Seeds = 5,
    tune: TuneKeys = None,
    budget: BudgetOption = None,
    *,
    study: StudyOptions,
) -> int:
    """Compare methods on one problem: what each takes, what it reaches, and how surely."""
    from gdrun.config.loading import load
    from gdrun.config.overrides import Override
    from gdrun.study.design.budgets import parse_budget, with_budget
    from gdrun.study.design.comparison_plan import plan_comparison
    from gdrun.study.design.contenders import are_configs, contenders_of, is_setting
    from gdrun.study.studies import run_comparison
    from gdrun.study.tasks import prepared
    from gdrun.views import comparisons as views

    changes: list[str | Override] = [name for name in names if is_setting(name)]
    if study.seed is not None:
        changes.append(Override("seed", study.seed, f"--seed {study.seed}"))
    base = load(study.config, changes)
    words = [name for name in names if not is_setting(name)]
    contenders = contenders_of(words, base, changes)
    if study.config is None and are_configs(words):
        base = contenders[0].experiment
    data = prepared(contenders[0].experiment)
    if budget is not None:
        amount = parse_budget(budget, base, data.train.rows)
        contenders = tuple(with_budget(each, amount) for each in contenders)
    plan = plan_comparison(contenders, range(base.seed, base.seed + seeds))
    metric, target = study.aims(plan)

    def run(context: StudyContext) -> Comparison:
        return run_comparison(plan, metric, context, target=target, keys=tune or ())

    return study.carry_out(
        plan,
        "compare",
        base,
        data,
        run,
        view=lambda found: views.comparison_result(found, as_options),
    )
