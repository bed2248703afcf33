"""`gdrun report`: one HTML page with the curves, tables and settings of runs or of a study."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.models import Runs
from gdrun.cli.new_files import Force, require_new, write_new
from gdrun.cli.options import as_options
from gdrun.cli.running import RUNS
from gdrun.cli.studying import read_ended
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.runs.run import Run

Which = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN...",
        help="Runs, or one sweep or comparison: a directory, an id or a part of it, or `last`.",
        autocompletion=completion.run_names,
    ),
]
To = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The file to write (default: ID.html)."),
]


def report(
    which: Which = None,
    out: To = None,
    force: Force = False,
    runs: Runs = RUNS,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Write a report on runs, a sweep or a comparison: one HTML page that works offline."""
    from gdrun.runs.finding import RECORD, STUDY, find_run

    paths = [find_run(word, runs, (RECORD, STUDY), "runs") for word in which or ["last"]]
    studies = [path for path in paths if (path / STUDY).is_file()]
    if studies and len(paths) > 1:
        hint = f"`gdrun report {shlex.quote(str(studies[0]))}` makes the page of one study"
        raise GdrunError(
            "is a study, which needs a report of its own", where=str(studies[0]), hint=hint
        )
    file = out if out is not None else Path(f"{paths[0].resolve().name}.html")
    if file.suffix.lower() not in (".html", ".htm"):
        hint = f"choose a name such as {file.name}.html"
        raise GdrunError("a report is an HTML file", where=str(file), hint=hint)
    require_new(file, force)
    contents = _study_contents(studies[0]) if studies else _run_contents(paths)
    _write(file, contents)
    if json:
        console.print_json({"report": str(file), "runs": len(contents["runs"])})
    else:
        console.show(console.unwrapped(f"written to {file}: open it in a browser"))


def _write(file: Path, contents: dict[str, Any]) -> None:
    from importlib.metadata import version

    from gdrun.views.report import report_page

    contents["subtitle"] = f"gdrun {version('gdrun')}, {contents['from']}"
    write_new(file, [report_page(contents)])


def _study_contents(path: Path) -> dict[str, Any]:
    from gdrun.views.report import of_study

    study = read_ended(path)
    faults.note_unknown_bounds(study)
    return of_study(study.found, path.resolve().name, as_options) | {"from": str(path)}


def _run_contents(paths: list[Path]) -> dict[str, Any]:
    from gdrun.runs.run import read_run
    from gdrun.views.report import of_runs

    runs = [read_run(path) for path in dict.fromkeys(paths)]
    checks = _checks(runs[0]) if len(runs) == 1 else []
    return of_runs(runs, checks) | {"from": _listed([run.directory for run in runs])}


MOST_LISTED = 5
"""The most directories that are named below the title."""


def _listed(paths: Sequence[Path | None]) -> str:
    """The first paths, and how many more there are."""
    more = len(paths) - MOST_LISTED
    return ", ".join(map(str, paths[:MOST_LISTED])) + (f" and {more} more" if more > 0 else "")


def _checks(run: Run) -> list[dict[str, Any]]:
    """The comparison of a run with the bounds of theory, for the page.

    Empty if no bound applies, or the data cannot be read again.
    """
    from gdrun.insight.bound_checks import check_run
    from gdrun.views.report import check_contents

    try:
        check = check_run(run)
    except GdrunError:
        return []  # the page shows everything else
    bounds = [
        (each.bound.name, each.steps, each.allowed, each.all_held)
        for each in check.checks
        if each.bound.quantity == "f - f*"
    ]
    if check.theory.f_star is None or not bounds:
        return []
    return [check_contents(run.config["name"], check.steps[1:], check.excess[1:], bounds)]
