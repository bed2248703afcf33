"""`gdrun theory`: what the mathematics predicts for an experiment, and whether a run agrees."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.experiments import Json, Overrides, Plugins, Seed, first_experiment
from gdrun.cli.next_steps import shown, step, step_with
from gdrun.cli.running import RUNS, Out
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.config.experiment import Experiment
    from gdrun.insight.gradient_noise import GradientNoise
    from gdrun.runs.run import Run

Subject: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG|RUN",
        help="A config file, a data file, - for stdin, or a run: its directory, its id, or `last` "
        "(default: the quickstart).",
        autocompletion=completion.run_names,
    ),
]
Noise: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--noise", help="Measure the noise of mini-batch gradients, and the gradient noise scale."
    ),
]


def theory(
    subject: Subject = None,
    overrides: Overrides = None,
    seed: Seed = None,
    noise: Noise = False,
    out: Out = RUNS,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Predict limits, rates and bounds of an experiment, or compare a run with them."""
    run = None if subject is None else _run_named(subject, out)
    if run is not None:
        if overrides or seed is not None:
            config = shlex.quote(f"{run.directory}/config.yaml")
            hint = f"`gdrun theory {config} KEY=VALUE` predicts another run"
            raise GdrunError("a recorded run cannot be changed", where=subject, hint=hint)
        faults.note_changed_plugins([run])
        _noise_of_run(run, json) if noise else _check(run, json)
        return
    first = first_experiment(subject, overrides, seed)
    for line in first.assumed:
        faults.note(f"assumed {line}")
    experiment = first.experiment
    if noise:
        from gdrun.insight.gradient_noise import gradient_noise
        from gdrun.insight.problem import analysed

        _show_noise(gradient_noise(analysed(experiment)), json)
    else:
        _predict(experiment, json)
        following = step_with("train it", "train", subject, overrides, seed)
        if following and not json:
            following += step("compare the run with theory", "theory", "last")
            console.show(*shown(following))


def _predict(experiment: Experiment, json: bool) -> None:
    """Print the predictions, and the curvature along a run if they do not hold everywhere."""
    from gdrun.insight.curvature_path import path_of
    from gdrun.insight.theory import theory_of
    from gdrun.views.curvature_path import curvature_path_data, curvature_path_view
    from gdrun.views.theory import theory_data, theory_view

    predicted = theory_of(experiment)
    path = None if predicted.everywhere else path_of(experiment)
    if json:
        more = {} if path is None else {"path": curvature_path_data(path)}
        console.print_json(theory_data(predicted) | more)
    else:
        more_views = [] if path is None else ["", curvature_path_view(path)]
        console.show(theory_view(predicted), *more_views)


def _check(run: Run, json: bool) -> None:
    """Print the comparison of a run with its bounds.

    If the predictions do not hold everywhere, also print the curvature at the first and the last
    weights.
    """
    from gdrun.insight.bound_checks import check_run
    from gdrun.insight.curvature_path import path_of_run
    from gdrun.views.bound_checks import run_check_data, run_check_views
    from gdrun.views.curvature_path import curvature_path_data, curvature_path_view

    check = check_run(run)
    curved = not check.theory.everywhere and run.status != "diverged"
    path = path_of_run(run) if curved else None
    if json:
        more = {} if path is None else {"path": curvature_path_data(path)}
        console.print_json(run_check_data(check) | more)
    else:
        more_views = [] if path is None else ["", curvature_path_view(path)]
        console.show(*run_check_views(check), *more_views)


def _noise_of_run(run: Run, json: bool) -> None:
    """Print the noise of the gradient at the last weights of a run."""
    from gdrun.insight.gradient_noise import gradient_noise
    from gdrun.insight.recorded_problem import last_weights

    problem, w, step = last_weights(run)
    _show_noise(gradient_noise(problem, w, step), json)


def _show_noise(noise: GradientNoise, json: bool) -> None:
    from gdrun.views.gradient_noise import gradient_noise_data, gradient_noise_view

    if json:
        console.print_json(gradient_noise_data(noise))
    else:
        console.show(gradient_noise_view(noise))


def _run_named(word: str, out: Path) -> Run | None:
    """The run that the word names; None if the word is an override, a file, or - for stdin.

    Raises RecordError if the word is none of these and names no run, or if it names a study.
    """
    from gdrun.errors import RecordError
    from gdrun.runs.finding import BEST, RECORD, STUDY, find_run
    from gdrun.runs.run import read_run

    path = Path(word)
    if "=" in word or word == "-" or path.is_file() or path.suffix in (".yaml", ".yml", ".json"):
        return None
    found = find_run(word, out, (RECORD,) if word == "last" else (RECORD, STUDY))
    best = found / BEST
    if (found / STUDY).is_file() and best.is_file():
        hint = f"`gdrun theory {shlex.quote(str(best))}` analyses its best setting"
        raise RecordError("is a study, not a run", where=str(found), hint=hint)
    return read_run(found)
