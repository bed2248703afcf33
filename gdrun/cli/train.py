"""`gdrun train`: train one experiment, once or with each of several seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdrun.cli import console, faults
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment
from gdrun.cli.running import RUNS, Interruption, Out, Quiet, Seeds, exit_code, progress_listeners

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gdrun.runs.run import Run


def train(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    seeds: Seeds = None,
    out: Out = RUNS,
    quiet: Quiet = False,
    json: Json = False,
    plugins: Plugins = None,
) -> int:
    """Train an experiment, print why it ended, and write a run directory."""
    from gdrun.runs.session import Session
    from gdrun.views import training as views

    first = load_experiment(config, overrides, seed)
    experiments = [first.with_seed(first.seed + k) for k in range(seeds or 1)]
    session = Session(experiments, out=out)
    if not (quiet or json):
        console.show(views.experiment_panel(first.plain(), session.opening, len(experiments)), "")
    interruption = Interruption()
    with interruption.watching():
        runs = session.run(progress_listeners(quiet), interruption.name)
    written = [] if session.problems else written_lines(runs)
    if json:
        documents = [document(run) for run in runs]
        console.print_json(documents[0] if seeds is None else {"runs": documents})
    elif seeds is None:
        console.show(views.run_result(runs[0], brief=quiet), "", *written)
    else:
        console.show(views.seeds_result(runs), "", *written)
    if session.problems:
        faults.show(session.problems)
        return 2
    return exit_code(runs, interruption)


def document(run: Run) -> dict[str, object]:
    """The JSON document of a run: the contents of run.json, and the path of its directory."""
    return run.record | {"directory": str(run.directory) if run.directory else None}


def written_lines(runs: list[Run]) -> list[RenderableType]:
    """A line with the directory of each run that was written."""
    from gdrun.views.training import path_line

    return [path_line("written to", run.directory) for run in runs if run.directory]
