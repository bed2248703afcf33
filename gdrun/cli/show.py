"""`gdrun show` and `gdrun runs`: one run or study again, and the list of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import console, studying
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.options import as_options
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


def show(run: Which = "last", out: Out = RUNS, plugins: Plugins = None, json: Json = False) -> None:
    """Show one run again: experiment, evaluations, verdict, summary, curves. Or one study."""
    from gdrun.runs.run import RECORD, find_run, read_run
    from gdrun.study.storage.study_directory import RECORD as STUDY
    from gdrun.views import training as views

    path = find_run(run, out, (RECORD, STUDY))
    if (path / STUDY).is_file():
        _show_study(path, json)
        return
    found = read_run(path)
    if json:
        console.print_json(document(found))
        return
    panel = views.experiment_panel(found.config, found.record)
    from_where = [views.place_line("from", found.directory)] if found.directory else []
    console.show(panel, "", views.run_result(found), "", *from_where)


def _show_study(path: Path, json: bool) -> None:
    """The tables of a sweep or comparison, or its record."""
    from gdrun.study.judgement.sweep import Sweep
    from gdrun.study.storage.reading import read_found
    from gdrun.views import comparisons, sweeps

    study = read_found(path)
    if json:
        console.print_json(studying.document(study.record, path))
        return
    found = study.found
    view = (
        sweeps.sweep_result(found)
        if isinstance(found, Sweep)
        else comparisons.comparison_result(found, as_options)
    )
    lines = [*studying.missing_lines(found, path), f"from {path}"]
    console.show(*([view, ""] if found.ended else []), *map(studying.whole_line, lines))


def runs(
    filters: Filter = None, sort: Sort = "started", out: Out = RUNS, json: Json = False
) -> None:
    """List the runs, filtered and sorted; then the studies, unless only some runs are asked for."""
    from gdrun.runs.run_list import list_runs
    from gdrun.study.storage.study_directory import list_studies
    from gdrun.views.run_table import runs_table, studies_table

    rows = list_runs(out, filters or (), sort)
    studies = [] if filters else list_studies(out)
    if json:
        console.print_json({"runs": rows, "studies": studies})
    elif rows or not studies:
        console.show(runs_table(rows, out, filtered=bool(filters)))
    if studies and not json:
        console.show(*([""] if rows else []), studies_table(studies))
