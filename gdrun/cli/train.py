"""`gdrun train`: one experiment, or one for each of several seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdrun.cli import console, faults
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment
from gdrun.cli.running import RUNS, Interruption, Out, Quiet, Seeds, exit_code, live_line

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
    """Train one experiment, say why it stopped, and leave a run directory."""
    from gdrun.runs.session import Session
    from gdrun.views import training as views

    first = load_experiment(config, overrides, seed)
    experiments = [first.with_seed(first.seed + k) for k in range(seeds or 1)]
    session = Session(experiments, out=out)
    if not (quiet or json):
        console.show(views.experiment_panel(first.plain(), session.opening, len(experiments)), "")
    interruption = Interruption()
    with interruption.watching():
        runs = session.run(live_line(quiet), interruption.name)
    whole = [] if session.problems else places(runs)
    if json:
        documents = [document(run) for run in runs]
        console.print_json(documents[0] if seeds is None else {"runs": documents})
    elif seeds is None:
        console.show(views.run_result(runs[0], brief=quiet), "", *whole)
    else:
        console.show(views.seeds_result(runs), "", *whole)
    if session.problems:
        faults.show(session.problems)
        return 2
    return exit_code(runs, interruption)


def document(run: Run) -> dict[str, object]:
    """A run as one JSON document: its record, and where it is."""
    return run.record | {"directory": str(run.directory) if run.directory else None}


def places(runs: list[Run]) -> list[RenderableType]:
    """Where the runs were written, a line each."""
    from gdrun.views.training import place_line

    return [place_line("written to", run.directory) for run in runs if run.directory]
