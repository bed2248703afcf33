"""`gdrun predict`: the predictions of a trained model for new rows, as CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from gdrun.cli.new_files import Force, csv_text, require_new, write_new
from gdrun.cli.next_steps import shown, step
from gdrun.cli.running import RUNS
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.array_types import Array
    from gdrun.runs.predictions import Predictions
    from gdrun.runs.trained_model import TrainedModel

BLOCK_ROWS = 10_000
"""The number of rows that are formatted at once."""

To = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The file to write (default: stdout)."),
]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="A column of the data to write in front of the predictions, such as an identifier; "
        "it may be repeated.",
    ),
]


def predict(
    run: Trained,
    data: Data,
    out: To = None,
    ids: Ids = None,
    threshold: ThresholdOption = None,
    unseen: UnseenOption = "error",
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    force: Force = False,
    runs: Runs = RUNS,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Predict the target of new rows with a trained model, as CSV."""
    if out is not None:
        require_new(out, force)
    path, model = open_model(run, runs)
    _require_other_names(ids or (), _header(model))
    found = model.predictions(data, unseen, reading(encoding, decimal), ids or (), threshold)
    if out is not None:
        write_new(out, _csv_blocks(model, found))
    if json:
        console.print_json(_document(path, data, model, found, out))
    else:
        show_notes(found.notes)
        if out is None:
            sys.stdout.writelines(_csv_blocks(model, found))
        else:
            from gdrun.views.numbers import count

            typer.echo(f"wrote {count(len(found.labels), 'prediction')} to {out}")
            console.show(
                *shown(step("see the weights of the model", "show", str(path), "--weights"))
            )


def _document(
    path: Path, data: str, model: TrainedModel, found: Predictions, out: Path | None
) -> dict[str, object]:
    """The JSON document of the command.

    data: the word for the data on the command line. found: the predictions. out: the file with the
    predictions, which the document then leaves out; None if there is no such file.
    """
    document: dict[str, object] = {
        "run": str(path),
        "data": data,
        "target": model.target.name,
        "rows": len(found.labels),
        "classes": model.classes.tolist(),
        "notes": list(found.notes),
    }
    if out is not None:
        return document | {"file": str(out)}
    if found.kept:
        document["ids"] = dict(found.kept)
    document["predictions"] = found.labels.tolist()
    if found.probabilities is not None:
        document["probabilities"] = found.probabilities.tolist()
    return document


def _csv_blocks(model: TrainedModel, found: Predictions) -> Iterator[str]:
    """Yield the predictions as CSV text, one block of rows at a time."""
    yield csv_text([[*found.kept, *_header(model)]])
    for start in range(0, len(found.labels), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        columns = [*(cells[part] for cells in found.kept.values()), _texts(found.labels[part])]
        if found.probabilities is not None:
            columns += map(_texts, found.probabilities[part].T)
        yield csv_text(zip(*columns, strict=True))


def _header(model: TrainedModel) -> list[str]:
    """The names of the columns that the predictions of a model make."""
    labels = model.target.classes if model.has_probabilities else ()
    return ["prediction", *(f"probability_{label}" for label in labels)]


def _require_other_names(ids: Sequence[str], header: Sequence[str]) -> None:
    """Raise GdrunError if a column to write has the name of another one, or is given twice.

    header: the names of the columns that the predictions make.
    """
    for at, name in enumerate(ids):
        if name in header or name in ids[:at]:
            raise GdrunError(
                f"two columns of the predictions would be called {name}",
                where=f"--id {name}",
                hint="rename the column in the data, or leave out this option",
            )


def _texts(values: Array) -> list[str]:
    """The values as texts. A number has the fewest digits from which it can be read exactly."""
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        return [str(value) for value in values]
    return list(map(str, values.tolist()))
