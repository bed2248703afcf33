"""`gdrun compare`: compare methods on the same problem, with the same seeds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import completion, faults
from gdrun.cli.named_files import data_among, recorded
from gdrun.cli.options import as_options
from gdrun.cli.settings_as_contenders import refuse_settings_as_contenders
from gdrun.cli.studying import StudyOptions, study_command
from gdrun.cli.typed_options import typed_options
from gdrun.errors import GdrunError
from gdrun.runs.signals import before_training

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Contenders: variants, optimizers, schedules or models, joined with + as in "
        "mbgd+adam or mbgd+lr=0.1; or YAML files or runs. A separate KEY=VALUE applies to all.",
        autocompletion=completion.contenders,
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="K", help="Run every contender under K seeds.")
]
TuneKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--tune",
        metavar="KEY[=VALUES]",
        help="First find the best value of KEY, such as lr or lr=log:1e-4:1:9, for each contender. "
        "The tuning of each has the same number of runs, or more if a default range is widened.",
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="UNIT[=N]",
        help="Give every contender the same number of epochs, gradients or seconds, such as "
        "seconds=2.",
    ),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="NAME",
        help="Compare all other contenders with this one, and not all pairs.",
    ),
]


@study_command
def compare(
    names: Names,
    seeds: Seeds = 8,
    tune: TuneKeys = None,
    budget: BudgetOption = None,
    baseline: BaselineOption = None,
    *,
    study: StudyOptions,
) -> int:
    """Compare methods on one problem: cost, result, and how certain the difference is."""
    from gdrun.config.overrides import parse_override
    from gdrun.study.design.budgets import replaced_budgets
    from gdrun.study.design.contenders import chosen_names, is_setting
    from gdrun.study.requests import ComparisonRequest
    from gdrun.views.comparisons import comparison_result

    names = [_directory_of_run(word, study.out) for word in names]
    names, config = data_among(names, study.config)
    contenders = [name for name in names if not is_setting(name)]
    refuse_settings_as_contenders(
        [*filter(is_setting, names)],
        contenders,
        partial(_optimizer, config, study),
        partial(_options, config),
    )
    settings = list(map(parse_override, filter(is_setting, names)))
    request = ComparisonRequest(
        config=study.source(config, settings, chosen_names(contenders)),
        overrides=[*settings, *study.seed_override()],
        contenders=contenders,
        seeds=seeds,
        tune=tune or (),
        budget=budget,
        baseline=baseline,
        metric=study.metric,
        target=study.target,
        jobs=study.jobs,
        out=study.out,
        resume=study.resume,
        command=study.command,
    )
    with before_training():
        planned = request.planned()
    if budget is not None and not study.quiet:
        for text in replaced_budgets([*filter(is_setting, names), *contenders]):
            faults.note(f"--budget {budget} replaces {text}")
    ended = study.run(planned)
    return study.show(ended, lambda result: comparison_result(result, as_options))


def _optimizer(config: str | None, study: StudyOptions, settings: Sequence[str]) -> str:
    """The optimizer of an experiment with these settings; vanilla if it cannot be made.

    config: the file of the base, or of its data; None without one.
    """
    from gdrun.config.loading import load
    from gdrun.config.overrides import parse_override

    with suppress(GdrunError):
        overrides = [*map(parse_override, settings)]
        return load(
            replace(study, quiet=True).source(config, overrides, []), overrides
        ).optimizer.name
    return "vanilla"


def _options(config: str | None, command: str) -> list[str]:
    """The options that the user typed and that a command has, and the file of the base.

    config: this file; None without one. command: compare or sweep.
    """
    from gdrun.cli.sweep import sweep

    kept = typed_options(sys.argv[2:], compare, sweep if command == "sweep" else compare)
    if config is None or any(word.endswith(config) for word in kept):
        return kept
    return [*kept, "-c", config]


def _directory_of_run(word: str, out: Path) -> str:
    """The directory of the run in `out` that a word names; any other word is returned unchanged."""
    from gdrun.runs.finding import RECORD

    found = recorded(word, out)
    return str(found) if found is not None and (found / RECORD).is_file() else word
