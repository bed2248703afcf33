"""`gdrun inspect`: what the columns of a data file are, and what training makes of them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gdrun.cli import console, faults
from gdrun.cli.experiments import Json

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="A data file, the name of a dataset, or a query=… in SQL."),
]
Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Keys of the config's section dataset, such as target=price or missing=mean.",
    ),
]


def inspect(file: File, keys: Keys = None, json: Json = False) -> int:
    """Show each column of a data file: its kind, its values, and what it becomes."""
    from gdrun.data.inspection import inspect_data
    from gdrun.views.columns import inspection_data, inspection_view

    found = inspect_data(_options(file, keys or []))
    if json:
        console.print_json(inspection_data(found))
    else:
        console.show(inspection_view(found))
    faults.show(found.problems)
    return 2 if found.problems else 0


def _options(file: str, keys: list[str]) -> dict[str, Any]:
    """The options of the dataset section for `load_table`, checked as `gdrun train` checks them."""
    from gdrun.config.loading import load
    from gdrun.config.overrides import Override, parse_override
    from gdrun.data.sources import DATASETS, reader_of

    changes: list[Override] = []
    file = file.removeprefix("dataset.").removeprefix("path=")
    if file.startswith("query="):
        changes.append(Override("dataset.query", file.partition("=")[2], file))
    elif reader_of(file) is None and file in DATASETS:
        changes.append(Override("dataset", {"name": file}, file))
    else:
        changes.append(Override("dataset", {"path": file}, file))
    for key in keys:
        change = parse_override(key)
        inner = change.key if change.key.startswith("dataset.") else f"dataset.{change.key}"
        changes.append(Override(inner, change.value, change.text))
    # The model is not used; it is the only section of a config without a default for files.
    dataset = load({"dataset": {"name": "iris"}, "model": "linear"}, changes).dataset
    given = {name: value for name, value in dataset.options.items() if value is not None}
    return given | {dataset.chosen_by: dataset.name}
