"""`gdrun sweep`: a grid or a random search over any keys, and which values serve."""

from __future__ import annotations

import shlex
from pathlib import Path
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
    closing,
    document,
    exit_code,
    means_of,
    study_directory,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdrun.spec.experiment import Experiment
    from gdrun.study.axes import Axis
    from gdrun.study.sweep import Sweep

Keys = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY[=VALUES]...",
        help="Keys to sweep, such as lr, lr=log:1e-4:10:21 or optimizer=adam,lion. "
        "A key with one value is only set.",
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="K", min=1, help="Run every setting under K seeds.")
]
SearchBy = Annotated[
    str, typer.Option("--search", metavar="grid|random", help="All combinations, or drawn ones.")
]
Trials = Annotated[
    int | None,
    typer.Option("--trials", metavar="N", min=1, help="How many a random search draws."),
]
Halving = Annotated[
    bool,
    typer.Option(
        "--halving", help="Let only the best third go on, at a ninth, a third of the way."
    ),
]
PrintTrials = Annotated[
    bool, typer.Option("--print-trials", help="Print what would be run, and stop.")
]
SaveBest = Annotated[
    Path | None,
    typer.Option("--save-best", metavar="FILE", help="Write the best as a config to train."),
]


def sweep(
    keys: Keys,
    config: ConfigOption = None,
    seed: Seed = None,
    seeds: Seeds = 3,
    search: SearchBy = "grid",
    trials: Trials = None,
    metric: MetricOption = None,
    target: TargetOption = None,
    halving: Halving = False,
    jobs: Jobs = 1,
    print_trials: PrintTrials = False,
    save_best: SaveBest = None,
    out: Out = RUNS,
    resume: Resume = None,
    plugins: Plugins = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Try every value of some keys, side by side, and say which serve and which diverge."""
    from gdrun.runs.files import write_text
    from gdrun.spec.document import to_yaml
    from gdrun.study.metrics import metric_called, parse_target
    from gdrun.study.running import run_sweep
    from gdrun.study.sweep import plan_sweep
    from gdrun.study.tasks import prepared, tasks_of
    from gdrun.views import sweeps as views

    base, axes = _base_and_axes(keys, config, seed)
    plan = plan_sweep(base, axes, seeds=seeds, search=search, trials=trials)
    experiments = [candidate.experiment for candidate in plan.candidates]
    by = metric_called(metric, experiments)
    goal = parse_target(target, experiments) if target else None
    _refuse_existing(save_best)
    if print_trials:
        cohorts = [len(task.trials) for task in tasks_of(plan.trials, jobs=jobs)]
        if json:
            console.print_json(_plan_document(plan, cohorts))
        else:
            console.show(views.plan_view(plan, axes, cohorts))
        return 0
    name = f"sweep-{'-'.join(axis.leaf for axis in axes)}"
    directory = study_directory(plan, name, base, prepared(base), out, resume)
    interruption = Interruption()
    with interruption.watching():
        means = means_of(jobs, quiet, directory, interruption)
        found = run_sweep(plan, axes, by, means, target=goal, halving=halving)
    if save_best is not None and found.best is not None:
        write_text(save_best, to_yaml(found.best.experiment.plain()))
    if json:
        console.print_json(document(directory))
    else:
        ended = sum(len(each.results) for each in found.standings)
        advice = _advice(found, save_best or directory.path / "best.yaml")
        table = [views.sweep_result(found), ""] if ended else []
        console.show(*table, *closing(plan, ended, directory, *advice))
    return exit_code(found.diverged, interruption)


def _base_and_axes(
    keys: list[str], config: str | None, seed: int | None
) -> tuple[Experiment, Sequence[Axis]]:
    """The experiment with every key of one value set on it, and the axes of the others."""
    from gdrun.errors import ConfigError
    from gdrun.spec.loading import load
    from gdrun.spec.overrides import Override
    from gdrun.spec.values import parse_sweep
    from gdrun.study.axes import axes_of

    changes: list[Any] = [] if seed is None else [Override("seed", seed, f"--seed {seed}")]
    swept = []
    for word in keys:
        if "=" not in word and Path(word).is_file():
            hint = f"an experiment is named with -c {shlex.quote(word)}"
            raise ConfigError("is a file, and no key to sweep", where=word, hint=hint)
        key, equals, values = word.partition("=")
        try:
            listed = parse_sweep(values) if equals else []
        except ConfigError:
            listed = []  # refused with its place where the axes are read
        if len(listed) == 1 and key.strip() != "seed":
            changes.append(Override(key.strip(), listed[0], word))
        else:
            swept.append(word)
    base = load(config, changes)
    if not swept:
        hint = "give it several, such as lr=0.1,0.01, or none for a usual range"
        raise ConfigError("no key has more than one value to try", hint=hint)
    return base, axes_of(swept, base)


def _refuse_existing(save_best: Path | None) -> None:
    from gdrun.errors import GdrunError

    if save_best is not None and save_best.exists():
        hint = "choose another name; nothing is ever overwritten"
        raise GdrunError("there is such a file already", where=str(save_best), hint=hint)


def _advice(found: Sweep, best: Path) -> list[str]:
    if found.best is None:
        return []
    return [f"train the best: gdrun train {shlex.quote(str(best))}"]


def _plan_document(plan: Any, cohorts: list[int]) -> dict[str, object]:
    trials = [
        {
            "trial": trial.number,
            "settings": dict(plan.candidates[trial.candidate].settings),
            "seed": trial.experiment.seed,
        }
        for trial in plan.trials
    ]
    return {"trials": trials, "cohorts": cohorts}
