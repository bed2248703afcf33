"""`gdrun sweep`: a grid or a random search over any keys, and which values serve."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdrun.cli import console
from gdrun.cli.studying import StudyOptions, study_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdrun.config.experiment import Experiment
    from gdrun.study.design.axes import Axis
    from gdrun.study.design.trials import Candidate
    from gdrun.study.judgement.sweep import Sweep
    from gdrun.study.study import StudyContext

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


@study_command
def sweep(
    keys: Keys,
    seeds: Seeds = 3,
    search: SearchBy = "grid",
    trials: Trials = None,
    halving: Halving = False,
    print_trials: PrintTrials = False,
    save_best: SaveBest = None,
    *,
    study: StudyOptions,
) -> int:
    """Try every value of some keys, side by side, and say which serve and which diverge."""
    from gdrun.study.design.sweep_plan import plan_sweep
    from gdrun.study.studies import run_sweep
    from gdrun.study.tasks import prepared, tasks_of
    from gdrun.views import sweeps as views

    base, axes = _base_and_axes(keys, study.config, study.seed)
    plan = plan_sweep(base, axes, seeds=seeds, search=search, trials=trials)
    metric, target = study.aims(plan)
    _refuse_unfit(save_best)
    if print_trials:
        cohorts = [len(task.trials) for task in tasks_of(plan.trials, jobs=study.jobs)]
        if study.json:
            console.print_json(_plan_document(plan, cohorts))
        else:
            console.show(views.plan_view(plan, axes, cohorts))
        return 0

    def run(context: StudyContext) -> Sweep:
        found = run_sweep(plan, axes, metric, context, target=target, halving=halving)
        if save_best is not None and found.best is not None:
            _save(found.best, save_best)
        return found

    def advice(found: Sweep, path: Path) -> list[str]:
        best = shlex.quote(str(save_best or path / "best.yaml"))
        return [f"train the best: gdrun train {best}"] if found.best else []

    name = f"sweep-{'-'.join(axis.leaf for axis in axes)}"
    return study.carry_out(
        plan, name, base, prepared(base), run, view=views.sweep_result, advice=advice
    )


def _base_and_axes(
    keys: list[str], config: str | None, seed: int | None
) -> tuple[Experiment, Sequence[Axis]]:
    """The experiment with every key of one value set on it, and the axes of the others."""
    from gdrun.config.loading import load
    from gdrun.config.overrides import Override
    from gdrun.config.values import parse_sweep
    from gdrun.errors import ConfigError
    from gdrun.study.design.axes import axes_of

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


def _refuse_unfit(save_best: Path | None) -> None:
    """Raise GdrunError, before anything runs, where the best could not be saved afterwards."""
    from gdrun.errors import GdrunError

    if save_best is None:
        return
    if save_best.exists():
        hint = "choose another name; nothing is ever overwritten"
        raise GdrunError("there is such a file already", where=str(save_best), hint=hint)
    if not save_best.parent.is_dir():
        hint = "make it, or choose another place"
        raise GdrunError(
            f"there is no directory {save_best.parent}", where="--save-best", hint=hint
        )


def _save(best: Candidate, file: Path) -> None:
    from gdrun.config.writing import to_yaml
    from gdrun.errors import GdrunError
    from gdrun.runs.files import write_text

    try:
        write_text(file, to_yaml(best.experiment.plain()))
    except OSError as error:
        hint = "the best stands in best.yaml of the sweep's own directory too"
        raise GdrunError(
            f"cannot be written: {error.strerror}", where=str(file), hint=hint
        ) from None


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
