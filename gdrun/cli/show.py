"""`gdrun show`: show one run or study again, or the weights of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import completion, console, faults, studying
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.next_steps import after_run, after_study, after_weights, step
from gdrun.cli.options import as_options
from gdrun.cli.running import RUNS
from gdrun.cli.train import document
from gdrun.errors import GdrunError

Which = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run or a study: its directory, its id or a part of it, or `last`; with /tuning "
        "the values that a comparison tried.",
        autocompletion=completion.run_names,
    ),
]
Weights = Annotated[
    bool,
    typer.Option("--weights", help="Show the coefficients, or the layers of a network."),
]

RunsOrFile = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR|FILE.csv",
        help="The directory for runs; with --weights also a new file for the coefficients.",
    ),
]


def show(
    run: Which = "last",
    weights: Weights = False,
    out: RunsOrFile = RUNS,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Show a run, a sweep or a comparison again, or the weights of a run."""
    if weights and out.suffix.lower() == ".csv":
        _write_weights(run, out, json)
        return
    if weights:
        _show_weights(run, out, json)
        return
    from rich.padding import Padding

    from gdrun.runs.finding import RECORD, STUDY, find_run
    from gdrun.runs.run import read_run
    from gdrun.views import training as views
    from gdrun.views.experiment_panel import experiment_panel
    from gdrun.views.quality import confusion_table

    path = find_run(run, out, (RECORD, STUDY))
    if (path / STUDY).is_file():
        _show_study(path, json)
        return
    recorded = read_run(path)
    if json:
        console.print_json(document(recorded))
        return
    panel = experiment_panel(recorded.config, recorded.record)
    directory = [views.path_line("from", recorded.directory)] if recorded.directory else []
    confusion = confusion_table(recorded.summary, recorded.record)
    more = [] if confusion is None else [Padding(confusion, (1, 0, 0, 2))]
    advice = map(console.unwrapped, [*_labels(path), *after_run(recorded)])
    console.show(panel, "", views.run_result(recorded), *more, "", *directory, *advice)


def _labels(path: Path) -> list[str]:
    """A list with one line, the tags and the note of a run or a study; empty if it has none."""
    from gdrun.runs.labels import labels_words, read_labels

    return list(filter(None, [labels_words(read_labels(path))]))


def _show_weights(word: str, out: Path, json: bool) -> None:
    """Show the coefficients of a linear model or the layers of a network, or print them as JSON."""
    from gdrun.cli.models import open_model
    from gdrun.runs.finding import RECORD
    from gdrun.runs.run import read_run
    from gdrun.views import weights as views

    path, model = open_model(word, out, parameter="out")
    if json:
        console.print_json({"run": str(path), **views.weights_data(model)})
    else:
        following = after_weights(path)
        known = views.training_notes(read_run(path)) if (path / RECORD).is_file() else []
        view = [views.weights_view(model), *known]
        console.show(*view, "", views.path_line("from", path), *following)


def _write_weights(word: str, file: Path, json: bool) -> None:
    """Write the coefficients of a linear model to a new file of CSV.

    Raises GdrunError if the file exists, or the model has no coefficients.
    """
    from gdrun.cli.models import open_model
    from gdrun.cli.new_files import csv_text, require_new, write_new
    from gdrun.problems.network import Network
    from gdrun.views import weights as views
    from gdrun.views.numbers import count

    require_new(file)
    path, model = open_model(word, RUNS, parameter="out")
    if isinstance(model.model, Network):
        raise GdrunError(
            f"{model.name} is a network, which has no coefficients",
            where=str(path),
            hint=f"its weights are arrays: numpy.load({str(path / 'weights.npz')!r})",
        )
    rows = views.weights_rows(model)
    write_new(file, [csv_text(rows)])
    if json:
        console.print_json({"run": str(path), "file": str(file)})
    else:
        typer.echo(f"wrote {count(len(rows) - 1, 'coefficient')} to {file}")


def _show_study(path: Path, json: bool) -> None:
    """Show the tables of a sweep or comparison, or print its record as JSON."""
    from gdrun.cli.missing_runs import missing_lines
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.study.storage.reading import read_found
    from gdrun.study.storage.study_directory import read_study
    from gdrun.views import comparisons, sweeps
    from gdrun.views.tuned_values import tuning_view

    record = read_study(path)
    if record["verb"] == "tune" and json:
        console.print_json(studying.document(record, path))
        return
    if record["verb"] == "tune":
        comparison = path.parent
        view = tuning_view(record, read_study(comparison))
        whole = step("show the comparison", "show", str(comparison))
        console.show(view, "", *map(console.unwrapped, [f"from {path}", *whole]))
        return
    study = read_found(path)
    faults.note_plugins_of_study(study)
    if json:
        console.print_json(studying.document(study.record, path))
        return
    faults.note_unknown_bounds(study)
    result = study.found
    view = (
        sweeps.sweep_result(result)
        if isinstance(result, Sweep)
        else comparisons.comparison_result(result, as_options)
    )
    missing = missing_lines(result, study.record, path)
    advice = missing or after_study(result, study.record, path)
    lines = [f"from {path}", *_labels(path), *advice]
    shown = [view, *studying.data_warnings(study.record), ""] if result.ended else []
    console.show(*shown, *map(console.unwrapped, lines))
