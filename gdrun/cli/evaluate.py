"""`gdrun evaluate`: measure the loss of a trained model, and its metrics, on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json
from gdrun.cli.models import (
    Data,
    DecimalOption,
    EncodingOption,
    Runs,
    Trained,
    UnseenOption,
    open_model,
    reading,
    show_notes,
)
from gdrun.cli.next_steps import shown, step
from gdrun.cli.running import RUNS

Targets = Annotated[
    Path | None,
    typer.Option(
        "--targets", metavar="FILE", help="The file with the targets of an NPY or IDX file."
    ),
]


def evaluate(
    run: Trained,
    data: Data,
    targets: Targets = None,
    unseen: UnseenOption = "error",
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    runs: Runs = RUNS,
    json: Json = False,
) -> None:
    """Measure a trained model on new rows that have a target."""
    from gdrun.views.weights import evaluation_view

    path, model = open_model(run, runs)
    found = model.evaluate(data, unseen, targets, reading(encoding, decimal))
    if json:
        document: dict[str, object] = {
            "run": str(path),
            "data": data,
            "target": model.target.name,
            "rows": found.rows,
            "metrics": found.metrics,
            "notes": list(found.notes),
        }
        if found.confusion is not None:
            document["classes"] = list(model.target.classes)
            document["confusion"] = found.confusion.tolist()
        console.print_json(document)
        return
    show_notes(found.notes)
    following = step("predict the target of new rows", "predict", str(path), data)
    console.show(evaluation_view(model, found, path, data), *shown(following))
