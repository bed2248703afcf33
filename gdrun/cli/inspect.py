"""`gdrun inspect`: what the columns of a data file are, and what training makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdrun.cli import console, faults
from gdrun.cli.experiments import Json
from gdrun.cli.next_steps import shown, step
from gdrun.errors import DataError

if TYPE_CHECKING:
    from gdrun.data.inspection import Inspection

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
    from gdrun.views.columns import inspection_data, inspection_view

    words = keys or []
    options = _options(file, words)
    found, options = _inspected(options, words)
    if json:
        console.print_json(inspection_data(found))
    else:
        following = _to_train(file, words, found) or _to_leave_out(file, words, found, options)
        console.show(inspection_view(found), *shown(following))
    faults.show(found.problems)
    return 2 if found.problems else 0


def _inspected(options: dict[str, Any], words: list[str]) -> tuple[Inspection, dict[str, Any]]:
    """The inspection of the data, and the options with the target that was found.

    options: those of the dataset section. words: the keys of the command line.
    """
    from gdrun.data.inspection import filling_as_training, inspect_data, with_likely_target

    found = inspect_data(options)
    if not {"name", "target"} & set(options):
        found, options = with_likely_target(found, options)
    if found.problems and options.get("missing") == "error" and not _says(words, "missing"):
        # Training on a file fills missing values, unless the user says what they become.
        found = filling_as_training(found, inspect_data(options | {"missing": "mean"}))
    return found, options


def _to_leave_out(
    file: str, keys: list[str], found: Inspection, options: dict[str, Any]
) -> list[str]:
    """The lines with the command that leaves out the columns with errors.

    Empty if the data would have errors without these columns, too. keys: those of the command line.
    options: those of the dataset section.
    """
    from gdrun.config.writing import short_flow
    from gdrun.data.column_names import as_tuple
    from gdrun.data.column_report import UNUSABLE
    from gdrun.data.sources import bare_source

    names = [each.name for each in found.columns if each.becomes == UNUSABLE]
    ignored = [*as_tuple(options.get("ignore") or ()), *names]
    if not names:
        return []
    try:
        left, _ = _inspected(options | {"ignore": ignored}, keys)
    except DataError:  # such as no feature that is left
        return []
    if left.problems:
        return []
    others = [key for key in keys if not _says([key], "ignore")]
    words = (bare_source(file), *others, f"ignore={short_flow(ignored)}")
    columns = "the column" if len(names) == 1 else f"the {len(names)} columns"
    return step(f"leave out {columns} with errors", "inspect", *words)


def _says(keys: list[str], option: str) -> bool:
    """Whether a key of the command line sets this option of the dataset."""
    names = [key.partition("=")[0].strip().removeprefix("dataset.") for key in keys]
    return any(name.partition(".")[0] == option for name in names)


def _to_train(file: str, keys: list[str], found: Inspection) -> list[str]:
    """The lines with the command that trains on the data; empty if the data have errors.

    For a data file or a query the command names no model, because `gdrun train` chooses one.
    """
    from gdrun.data.sources import bare_source, reader_of

    if found.problems:
        return []
    word = bare_source(file)
    # In other commands, the key seed alone is that of the run.
    keys = [f"dataset.{key}" if key.startswith("seed=") else key for key in keys]
    if word.startswith("query=") or reader_of(word) is not None:
        return step("train on it", "train", word, *keys)
    model = "model=softmax" if found.task == "classification" else "model=linear"
    # A mini-batch of the default size needs as many training rows.
    variant = ["variant=bgd"] if found.rows < 100 else []
    return step("train on it", "train", f"dataset={word}", *keys, model, *variant)


def _options(file: str, keys: list[str]) -> dict[str, Any]:
    """The options of the dataset section for `load_table`, checked as `gdrun train` checks them."""
    from gdrun.config.loading import load
    from gdrun.config.overrides import Override, parse_override
    from gdrun.data.sources import DATASETS, bare_source, reader_of

    changes: list[Override] = []
    file = bare_source(file)
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
    # The model is not used, but the config of a dataset needs one that fits its task.
    classes = any(
        each.key == "dataset.positive"
        or (each.key, each.value) == ("dataset.task", "classification")
        for each in changes
    )
    model = "softmax" if classes else "linear"
    dataset = load({"dataset": {"name": "iris"}, "model": model}, changes).dataset
    given = {name: value for name, value in dataset.options.items() if value is not None}
    return given | {dataset.chosen_by: dataset.name}
