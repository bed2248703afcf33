"""`gdrun sweep`: try the values of one or several keys, as a grid or a random search."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli import completion, console
from gdrun.cli.named_files import data_among, is_file
from gdrun.cli.next_steps import shown, step
from gdrun.cli.studying import StudyOptions, study_command
from gdrun.runs.signals import before_training

if TYPE_CHECKING:
    from gdrun.config.overrides import Override
    from gdrun.study.design.trials import Candidate, StudyPlan
    from gdrun.study.planned_studies import PlannedSweep

Keys = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY[=VALUES]...",
        help="Keys to sweep, such as lr, lr=log:1e-4:10:21 or optimizer=adam,lion. "
        "A key with a single value is set, not swept.",
        autocompletion=completion.settings,
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="K", help="Run every setting under K seeds.")
]
SearchBy = Annotated[
    str,
    typer.Option(
        "--search",
        metavar="grid|random",
        help="Try all combinations, or random ones.",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option("--trials", metavar="N", help="The number of settings of a random search."),
]
Halving = Annotated[
    bool,
    typer.Option(
        "--halving",
        help="Successive halving: only the best third of the settings continues at 1/3 of the "
        "epochs, and earlier at 1/9, 1/27, … as often as needed to leave one setting, but not "
        "before the first evaluation.",
    ),
]
PrintTrials = Annotated[
    bool, typer.Option("--print-trials", help="Print the planned settings, and run nothing.")
]
SaveBest = Annotated[
    Path | None,
    typer.Option(
        "--save-best",
        metavar="FILE",
        help="Write the best setting to FILE, as a config for gdrun train.",
    ),
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
    """Try many values of a setting side by side; see which work and which diverge."""
    from gdrun.study.design.axis_words import varied_keys
    from gdrun.study.requests import SweepRequest
    from gdrun.views.sweeps import sweep_result

    keys, config = data_among(keys, study.config, configs=True)
    settings, swept = _settings_and_swept(keys)
    request = SweepRequest(
        config=study.source(config, settings, varied_keys(swept)),
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
    with before_training():
        planned = request.planned()
    _check_save_best(save_best)
    if print_trials:
        _show_plan(planned, study)
        return 0
    ended = study.run(planned)
    best = ended.result.best
    complete = ended.interruption.signal is None
    if best is not None and save_best is not None and complete:
        _save(best, save_best)
    return study.show(ended, sweep_result, save_best)


def _settings_and_swept(keys: list[str]) -> tuple[list[Override], list[str]]:
    """The overrides for keys with a single value, and the words for the keys to sweep.

    keys: the words of the command line, KEY or KEY=VALUES. Raises ConfigError if a word is a file.
    """
    from gdrun.config.overrides import Override, swept_values
    from gdrun.errors import ConfigError
    from gdrun.study.design.axes import has_only_ends

    settings, swept = [], []
    for word in keys:
        if "=" not in word and is_file(word):
            hint = f"give the config with -c {shlex.quote(word)}"
            raise ConfigError("is a file, not a key to sweep", where=word, hint=hint)
        key, equals, values = word.partition("=")
        try:
            listed = swept_values(key, values) if equals else []
        except ConfigError:
            listed = []  # the request raises this error again, together with all other errors
        # The request refuses the seed as a key to sweep, and shows how to write a range.
        if len(listed) == 1 and key.strip() != "seed" and not has_only_ends(values):
            settings.append(Override(key.strip(), listed[0], word))
        else:
            swept.append(word)
    return settings, swept


def _show_plan(planned: PlannedSweep, study: StudyOptions) -> None:
    """Print the planned settings and cohorts (groups of runs that train together)."""
    from gdrun.study.tasks import tasks_of
    from gdrun.views.sweeps import plan_view

    trained = [same[0] for same in planned.plan.equal_runs]
    cohorts = [len(task.trials) for task in tasks_of(trained, jobs=study.jobs)]
    if study.json:
        console.print_json(_plan_document(planned.plan, cohorts))
    else:
        words = [word for word in shlex.split(study.command) if word != "--print-trials"]
        following = shown(step("run it", *words[1:]))
        console.show(plan_view(planned.plan, planned.axes, cohorts), *following)


def _check_save_best(save_best: Path | None) -> None:
    """Raise GdrunError, before anything runs, if the file for the best setting cannot be made."""
    from gdrun.errors import GdrunError

    if save_best is None:
        return
    if save_best.exists():
        hint = "choose another name"
        raise GdrunError("the file exists already", where=str(save_best), hint=hint)
    if not save_best.parent.is_dir():
        hint = "make the directory, or choose another one"
        what = f"the directory {save_best.parent} does not exist"
        raise GdrunError(what, where="--save-best", hint=hint)


def _save(best: Candidate, file: Path) -> None:
    """Write the config of the best setting. Raises GdrunError if the file cannot be written."""
    from gdrun.config.writing import to_yaml
    from gdrun.errors import GdrunError
    from gdrun.runs.files import write_text

    try:
        write_text(file, to_yaml(best.experiment.plain()))
    except OSError as error:
        hint = "best.yaml in the directory of the sweep is the same config"
        raise GdrunError(
            f"cannot be written: {error.strerror}", where=str(file), hint=hint
        ) from None


def _plan_document(plan: StudyPlan, cohorts: list[int]) -> dict[str, object]:
    """The JSON document of a plan: its trials, and the number of trials in each cohort.

    A cohort is a group of trials that train together.
    """
    trials = [
        {
            "trial": trial.number,
            "settings": dict(plan.candidates[trial.candidate].settings),
            "seed": trial.experiment.seed,
        }
        for trial in plan.trials
    ]
    return {"trials": trials, "cohorts": cohorts}
