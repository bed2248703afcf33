"""`gdrun sweep`: a grid or a random search over any keys, and which values serve."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli import console
from gdrun.cli.studying import StudyOptions, study_command

if TYPE_CHECKING:
    from gdrun.config.overrides import Override
    from gdrun.study.design.trials import Candidate, StudyPlan
    from gdrun.study.planned_studies import PlannedSweep

Keys = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY[=VALUES]...",
        help="Keys to sweep, such as lr, lr=log:1e-4:10:21 or optimizer=adam,lion. "
        "A key with one value is only set.",
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="K", help="Run every setting under K seeds.")
]
SearchBy = Annotated[
    str, typer.Option("--search", metavar="grid|random", help="All combinations, or drawn ones.")
]
Trials = Annotated[
    int | None,
    typer.Option("--trials", metavar="N", help="How many a random search draws."),
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
    from gdrun.study.requests import SweepRequest
    from gdrun.views.sweeps import sweep_result

    settings, swept = _settings_and_swept(keys)
    request = SweepRequest(
        config=study.config,
        overrides=[*study.seed_override(), *settings],
        values=swept,
        seeds=seeds,
        search=search,
        trials=trials,
        halving=halving,
        metric=study.metric,
        target=study.target,
        jobs=study.jobs,
        out=study.out,
        resume=study.resume,
        command=study.command,
    )
    planned = request.planned()
    _refuse_unfit(save_best)
    if print_trials:
        _show_plan(planned, study)
        return 0
    ended = study.run(planned)
    best = ended.found.best
    if best is not None and save_best is not None:
        _save(best, save_best)
    place = shlex.quote(str(save_best or ended.directory.path / "best.yaml"))
    advice = [f"train the best: gdrun train {place}"] if best is not None else []
    return study.show(ended, sweep_result, advice)


def _settings_and_swept(keys: list[str]) -> tuple[list[Override], list[str]]:
    """The keys of one value, which are set, and the texts of the others, which are swept."""
    from gdrun.config.overrides import Override
    from gdrun.config.values import parse_sweep
    from gdrun.errors import ConfigError

    settings, swept = [], []
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
            settings.append(Override(key.strip(), listed[0], word))
        else:
            swept.append(word)
    return settings, swept


def _show_plan(planned: PlannedSweep, study: StudyOptions) -> None:
    """Print what would be run."""
    from gdrun.study.tasks import tasks_of
    from gdrun.views.sweeps import plan_view

    cohorts = [len(task.trials) for task in tasks_of(planned.plan.trials, jobs=study.jobs)]
    if study.json:
        console.print_json(_plan_document(planned.plan, cohorts))
    else:
        console.show(plan_view(planned.plan, planned.axes, cohorts))


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


def _plan_document(plan: StudyPlan, cohorts: list[int]) -> dict[str, object]:
    trials = [
        {
            "trial": trial.number,
            "settings": dict(plan.candidates[trial.candidate].settings),
            "seed": trial.experiment.seed,
        }
        for trial in plan.trials
    ]
    return {"trials": trials, "cohorts": cohorts}
