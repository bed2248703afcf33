"""`gdrun train`: train one experiment, once or with each of several seeds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import console, faults
from gdrun.cli.experiments import (
    Config,
    Json,
    Overrides,
    Plugins,
    Seed,
    load_experiment,
    split_words,
)
from gdrun.cli.running import RUNS, Out, Quiet, Seeds, exit_code, progress_listeners
from gdrun.cli.signals import Interruption
from gdrun.errors import GdrunError, Problem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gdrun.runs.run import Run
    from gdrun.runs.session import Session


Resume: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Continue an interrupted run: its directory, its id, or `last`.",
    ),
]


def train(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    seeds: Seeds = None,
    resume: Resume = None,
    out: Out = RUNS,
    quiet: Quiet = False,
    json: Json = False,
    plugins: Plugins = None,
) -> int:
    """Train an experiment, print why it ended, and write a run directory."""
    from gdrun.runs.session import Session

    if resume is not None:
        return _resume(resume, config, overrides, seed, seeds, out, quiet, json, plugins)
    first = load_experiment(config, overrides, seed)
    experiments = [first.with_seed(first.seed + k) for k in range(seeds or 1)]
    session = Session(experiments, out=out)
    return _run(session, Shown(quiet, json, several=seeds is not None, plugins=plugins))


@dataclass(frozen=True)
class Shown:
    """What a training prints: quiet, json and plugins are options of the command.

    several: whether there are several seeds, so that a table of seeds is shown.
    """

    quiet: bool
    json: bool
    several: bool
    plugins: Sequence[Path] | None

    def results(self, runs: list[Run], problems: Sequence[Problem], notes: Sequence[str]) -> None:
        """Print the runs that have ended. problems: of their files. notes: lines to print last."""
        from gdrun.views import training as views

        if self.json:
            documents = [document(run) for run in runs]
            console.print_json({"runs": documents} if self.several else documents[0])
            return
        written = [] if problems else written_lines(runs)
        result = views.seeds_result(runs) if self.several else None
        view = result or views.run_result(runs[0], brief=self.quiet)
        console.show(view, "", *written, *map(console.unwrapped, notes))


def _run(session: Session, shown: Shown) -> int:
    """Train the runs of a session, print them, and return the exit code."""
    from gdrun.views import training as views

    if not (shown.quiet or shown.json):
        plain, runs = session.experiments[0].plain(), len(session.experiments)
        console.show(views.experiment_panel(plain, session.opening, runs), "")
    for note in session.notes:
        faults.note(note)
    interruption = Interruption()
    with interruption.watching():
        ended = session.run(progress_listeners(shown.quiet), interruption.name)
        interrupted = any(run.status == "interrupted" for run in ended)
        advice = _how_to_continue(ended[0], shown.plugins) if interrupted else []
        shown.results(ended, session.problems, advice)
    if session.problems:
        faults.show(session.problems)
        return 2
    return exit_code(ended, interruption)


def _resume(
    word: str,
    config: str | None,
    overrides: list[str] | None,
    seed: int | None,
    seeds: int | None,
    out: Path,
    quiet: bool,
    json: bool,
    plugins: list[Path] | None,
) -> int:
    """Continue the run that `word` names. The other arguments are those of `train`.

    A config that is given again must be that of the run.
    """
    from gdrun.config.loading import load
    from gdrun.runs.resuming import check_config, ended_runs
    from gdrun.runs.run import find_run
    from gdrun.runs.session import Session

    directory = find_run(word, out)
    source, changes = split_words(config, overrides, seed)
    if source is not None or changes:
        check_config(directory, load(source or directory / "config.yaml", changes))
    if seeds is not None:
        what = "a run that continues keeps its seeds"
        raise GdrunError(what, where="--seeds", hint="leave --seeds out")
    runs = ended_runs(directory)
    if runs is not None:
        faults.note(f"{directory} has ended already, so nothing was trained")
        Shown(quiet, json, len(runs) > 1, plugins).results(runs, (), ())
        return exit_code(runs, Interruption())
    session = Session.resumed(directory)
    return _run(session, Shown(quiet, json, len(session.experiments) > 1, plugins))


def _how_to_continue(run: Run, plugins: Sequence[Path] | None) -> list[str]:
    """The lines on how to continue a run that was interrupted."""
    if run.directory is None:
        return []
    words = [word for plugin in plugins or () for word in ("--plugin", str(plugin))]
    command = shlex.join(["gdrun", "train", "--resume", str(run.directory), *words])
    return ["to continue:", f"  {command}"]


def document(run: Run) -> dict[str, object]:
    """The JSON document of a run: the contents of run.json, and the path of its directory."""
    return run.record | {"directory": str(run.directory) if run.directory else None}


def written_lines(runs: list[Run]) -> list[RenderableType]:
    """A line with the directory of each run that was written."""
    from gdrun.views.training import path_line

    return [path_line("written to", run.directory) for run in runs if run.directory]
