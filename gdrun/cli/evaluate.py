"""`gdrun evaluate`: measure the loss of a trained model, and its metrics, on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.models import (
    Data,
    DecimalOption,
    EncodingOption,
    Runs,
    ThresholdOption,
    Trained,
    UnseenOption,
    open_model,
    reading,
    show_notes,
    with_options,
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
    threshold: ThresholdOption = None,
    unseen: UnseenOption = "error",
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    runs: Runs = RUNS,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Measure a trained model on new rows that have a target.

    The loss has no l2 penalty, like the losses on the validation and the test part of a run.
    """
    from gdrun.views.weights import evaluation_view

    path, model = open_model(run, runs)
    found = model.evaluate(data, unseen, targets, reading(encoding, decimal), threshold)
    if json:
        document: dict[str, object] = {
            "run": str(path),
            "data": data,
            "target": model.target.name,
            "rows": found.rows,
            **({} if threshold is None else {"threshold": threshold}),
            "metrics": found.metrics,
            "notes": list(found.notes),
        }
        if found.baseline:
            document["baseline"] = {"prediction": found.constant, "metrics": found.baseline}
        if found.confusion is not None:
            document["classes"] = list(model.target.classes)
            document["confusion"] = found.confusion.tolist()
        console.print_json(document)
        return
    show_notes(found.notes)
    words = with_options(data, threshold, unseen, encoding, decimal)
    following = step("predict the target of new rows", "predict", str(path), *words)
    view = evaluation_view(model, found, path, data, threshold)
    console.show(view, *shown(following))
