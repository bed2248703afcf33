"""`gdrun theory`: what the mathematics predicts for an experiment, and whether a run agrees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json, Overrides, Plugins, Seed, load_experiment
from gdrun.cli.running import RUNS, Out
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.runs.run import Run

Subject: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG|RUN",
        help="A config file, - for stdin, or a run: its directory, its id, or `last` "
        "(default: the quickstart).",
    ),
]


def theory(
    subject: Subject = None,
    overrides: Overrides = None,
    seed: Seed = None,
    out: Out = RUNS,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Predict limits, rates and bounds of an experiment, or compare a run with them."""
    run = None if subject is None else _run_named(subject, out)
    if run is not None:
        if overrides or seed is not None:
            hint = f"`gdrun theory {run.directory}/config.yaml KEY=VALUE` predicts another run"
            raise GdrunError("a recorded run cannot be changed", where=subject, hint=hint)
        _check(run, json)
        return
    from gdrun.insight.theory import theory_of
    from gdrun.views.theory import theory_data, theory_view

    predicted = theory_of(load_experiment(subject, overrides, seed))
    if json:
        console.print_json(theory_data(predicted))
    else:
        console.show(theory_view(predicted))


def _check(run: Run, json: bool) -> None:
    """Compare a run with its bounds."""
    from gdrun.insight.bound_checks import check_run
    from gdrun.views.bound_checks import run_check_data, run_check_view

    check = check_run(run)
    if json:
        console.print_json(run_check_data(check))
    else:
        console.show(run_check_view(check))


def _run_named(word: str, out: Path) -> Run | None:
    """The run that the word names; None if the word is an override, or the path of a config.

    Raises RecordError if the word can only be a run and there is none.
    """
    from gdrun.runs.run import find_run, read_run

    path = Path(word)
    if "=" in word or word == "-" or path.is_file() or path.suffix in (".yaml", ".yml", ".json"):
        return None
    return read_run(find_run(word, out))
