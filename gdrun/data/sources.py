"""The datasets that a config can name, and the readers for data files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.data import generators, packaged
from gdrun.data.arrays import arrays
from gdrun.data.csv_files import read_csv
from gdrun.data.idx_files import ENDINGS as IDX_ENDINGS
from gdrun.data.idx_files import read_idx
from gdrun.data.npy_files import read_npy, read_npz
from gdrun.data.table import Table
from gdrun.errors import DataError, suggestion
from gdrun.methods.definitions import Definition, define, inputs_of
from gdrun.methods.randomness import stream

DATASETS: dict[str, Definition] = {
    definition.name: definition
    for definition in (
        define(packaged.iris),
        define(packaged.wine),
        define(packaged.breast_cancer, name="breast-cancer"),
        define(packaged.digits),
        define(packaged.diabetes),
        define(generators.linear),
        define(generators.logistic),
        define(generators.blobs),
        define(generators.moons),
        define(generators.circles),
        define(generators.xor),
        define(generators.spirals),
        define(arrays),
    )
}

READERS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".data"), define(read_csv, name="csv")),
    ".npy": define(read_npy, name="npy"),
    ".npz": define(read_npz, name="npz"),
    **dict.fromkeys(IDX_ENDINGS, define(read_idx, name="idx")),
}
"""The readers of data files, by the ending of the file name."""

PREPARATION = frozenset({"seed", "split", "standardize"})
"""The keys of the dataset section of a config that are no options of a dataset or a reader."""


def reader_of(path: str | Path) -> Definition | None:
    """Return the reader for the ending of this file's name; None if gdrun has no such reader."""
    name = Path(path).name.lower()
    return next((reader for ending, reader in READERS.items() if name.endswith(ending)), None)


def is_generated(definition: Definition) -> bool:
    """Return whether a dataset is generated from a seed, as blobs is; the packaged iris is not."""
    return "rng" in inputs_of(definition.function)


def load_table(options: Mapping[str, Any]) -> Table:
    """Return the table that the dataset section of a config describes.

    options: the section, such as {"name": "blobs", "n": 300, "seed": 0} or {"path": "train.csv",
    "target": "price"}. Missing options have their defaults. A relative path starts at the current
    directory. Raises DataError if a name or an option is unknown, or if the data cannot be read.
    """
    own = {key: value for key, value in options.items() if key not in PREPARATION}
    if "path" in own:
        return _read(**own)
    definition = _named(own.pop("name", None))
    _check_options(own, definition)
    if is_generated(definition):
        rng = stream(options.get("seed", 0), "data")
        table: Table = definition.function(rng, **own)
    else:
        table = definition.function(**own)
    return table


def _read(path: str | Path, **options: Any) -> Table:
    file = Path(path).expanduser()
    reader = reader_of(file)
    if reader is None:
        kind = f"{file.suffix} files" if file.suffix else "a file without an ending, such as .csv"
        hint = f"use a file that ends in {', '.join(READERS)}"
        raise DataError(f"gdrun cannot read {kind}", where=str(path), hint=hint)
    _check_options(options, reader)
    table: Table = reader.function(file, **options)
    return table


def _named(name: object) -> Definition:
    if name is None:
        hint = suggestion("", DATASETS)
        raise DataError("needs a name or a path", where="dataset", hint=hint)
    if name not in DATASETS:
        hint = suggestion(name, DATASETS)
        if reader_of(str(name)) is not None:
            hint = f"for a file write dataset: {{path: {name}}}"
        raise DataError(f"no dataset is called {name!r}", where="dataset.name", hint=hint)
    return DATASETS[str(name)]


def _check_options(options: Mapping[str, Any], definition: Definition) -> None:
    for key in options:
        if key not in definition.options:
            raise DataError(
                f"{definition.name} has no option {key!r}",
                where=f"dataset.{key}",
                hint=suggestion(key, definition.options),
            )
