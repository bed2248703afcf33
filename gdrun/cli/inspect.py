"""`gdrun inspect`: what the columns of a data file are, and what training makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdrun.cli import console, faults
from gdrun.cli.experiments import Json
from gdrun.cli.named_files import source_among
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

    source, words = source_among([file, *(keys or ())])
    options = _options(source, words)
    found, options = _inspected(options, words)
    if json:
        console.print_json(inspection_data(found))
    else:
        following = _to_train(source, words, found) or _to_leave_out(source, words, found, options)
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
    source: str, keys: list[str], found: Inspection, options: dict[str, Any]
) -> list[str]:
    """The lines with the command that leaves out the columns with errors.

    Empty if the data would have errors without these columns, too. source, keys: those of the
    command line. options: those of the dataset section.
    """
    from gdrun.config.writing import short_flow
    from gdrun.data.column_names import as_tuple
    from gdrun.data.column_report import UNUSABLE

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
    words = (source, *others, f"ignore={short_flow(ignored)}")
    columns = "the column" if len(names) == 1 else f"the {len(names)} columns"
    return step(f"leave out {columns} with errors", "inspect", *words)


def _says(keys: list[str], option: str) -> bool:
    """Whether a key of the command line sets this option of the dataset."""
    names = [key.partition("=")[0].strip().removeprefix("dataset.") for key in keys]
    return any(name.partition(".")[0] == option for name in names)


def _to_train(source: str, keys: list[str], found: Inspection) -> list[str]:
    """The lines with the command that trains on the data; empty if the data have errors.

    For a data file or a query the command names no model, because `gdrun train` chooses one.
    """
    from gdrun.data.sources import reader_of

    if found.problems:
        return []
    # In other commands, the key seed alone is that of the run.
    keys = [f"dataset.{key}" if key.startswith("seed=") else key for key in keys]
    if source.startswith("query=") or reader_of(source) is not None:
        return step("train on it", "train", source, *keys)
    model = "model=softmax" if found.task == "classification" else "model=linear"
    # A mini-batch of the default size needs as many training rows.
    variant = ["variant=bgd"] if found.rows < 100 else []
    return step("train on it", "train", f"dataset={source}", *keys, model, *variant)


def _options(source: str, keys: list[str]) -> dict[str, Any]:
    """The options of the dataset section for `load_table`, checked as `gdrun train` checks them.

    source: a file, the name of a dataset, or `query=` and SQL. keys: those of the command line.
    """
    from gdrun.config.loading import load
    from gdrun.config.overrides import Override, parse_override
    from gdrun.data.sources import DATASETS, reader_of

    changes: list[Override] = []
    if source.startswith("query="):
        changes.append(Override("dataset.query", source.partition("=")[2], source))
    elif reader_of(source) is None and source in DATASETS:
        changes.append(Override("dataset", {"name": source}, source))
    else:
        changes.append(Override("dataset", {"path": source}, source))
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
