"""`gdrun show` and `gdrun runs`: one run again, and the list of runs."""

from __future__ import annotations

from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json
from gdrun.cli.running import RUNS, Out
from gdrun.cli.train import document

Which = Annotated[
    str, typer.Argument(metavar="RUN", help="A directory, an id or a part of one, or `last`.")
]
Filter = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Only runs with this, such as status=diverged."),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort", metavar="KEY", help="Sort by a column, such as test_loss; -KEY for largest first."
    ),
]


def show(run: Which = "last", out: Out = RUNS, json: Json = False) -> None:
    """Show one run again: experiment, evaluations, verdict, summary, curves."""
    from gdrun.runs.run import find_run, read_run
    from gdrun.views import training as views

    found = read_run(find_run(run, out))
    if json:
        console.print_json(document(found))
        return
    panel = views.experiment_panel(found.config, found.record)
    from_where = [views.place_line("from", found.directory)] if found.directory else []
    console.show(panel, "", views.run_result(found), "", *from_where)


def runs(
    filters: Filter = None, sort: Sort = "started", out: Out = RUNS, json: Json = False
) -> None:
    """List the runs, filtered and sorted."""
    from gdrun.runs.listing import list_runs
    from gdrun.views.listing import runs_table

    rows = list_runs(out, filters or (), sort)
    if json:
        console.print_json({"runs": rows})
    else:
        console.show(runs_table(rows, out, filtered=bool(filters)))
