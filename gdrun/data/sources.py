"""The datasets that a config can name, and the readers for data files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.data import generators, packaged
from gdrun.data.arrays import arrays
from gdrun.data.arrow_files import read_arrow
from gdrun.data.cifar_files import is_cifar_folder, read_cifar
from gdrun.data.csv_files import read_csv
from gdrun.data.idx_files import ENDINGS as IDX_ENDINGS
from gdrun.data.idx_files import read_idx
from gdrun.data.npy_files import read_npy, read_npz
from gdrun.data.other_formats import (
    holds_images,
    holds_json_rows,
    is_unreadable_data,
    not_readable,
)
from gdrun.data.queries import PREFIX, files_of, is_query, read_query
from gdrun.data.several_files import names_several
from gdrun.data.svmlight_files import read_svmlight
from gdrun.data.table import Table
from gdrun.data.table_files import read_json_lines, read_parquet
from gdrun.data.unchanged_files import unchanged_files
from gdrun.data.unreadable import expanded
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


def _compressible(*endings: str) -> tuple[str, ...]:
    """The endings, and those of the same files compressed with gzip or zstd."""
    return (*endings, *(end + packed for end in endings for packed in (".gz", ".zst")))


READERS = {
    **dict.fromkeys(_compressible(".csv", ".tsv", ".txt", ".data"), define(read_csv, name="csv")),
    ".parquet": define(read_parquet, name="parquet"),
    **dict.fromkeys((".feather", ".arrow"), define(read_arrow, name="arrow")),
    **dict.fromkeys((".jsonl", ".ndjson"), define(read_json_lines, name="jsonl")),
    ".npy": define(read_npy, name="npy"),
    ".npz": define(read_npz, name="npz"),
    **dict.fromkeys(IDX_ENDINGS, define(read_idx, name="idx")),
    **dict.fromkeys(
        _compressible(".svm", ".svmlight", ".libsvm"), define(read_svmlight, name="svmlight")
    ),
    ".bin": define(read_cifar, name="cifar"),
}
"""The readers of data files, by the ending of the file name."""

QUERY = define(read_query, name="query")
"""The reader of the result of a query in SQL."""

PREPARATION = frozenset({"positive", "seed", "split", "standardize", "task", "test", "validation"})
"""The keys of the dataset section of a config that are no options of a dataset or a reader."""


def reader_of(path: str | Path) -> Definition | None:
    """Return the reader for the ending of this file's name; None if gdrun has no such reader."""
    if is_cifar_folder(expanded(path)):
        return READERS[".bin"]
    name = Path(path).name.lower()
    return next((reader for ending, reader in READERS.items() if name.endswith(ending)), None)


def is_data_file(source: object) -> bool:
    """Whether the source of an experiment is the path of a file with data, not of a config.

    The file may be of a kind that gdrun does not read. A directory of CIFAR-10 or of images is data
    too, and so is a pattern such as months/*.csv that matches files.
    """
    if not isinstance(source, str | Path):
        return False
    if names_several(source):
        return reader_of(source) is not None
    if Path(source).is_dir():
        return reader_of(source) is not None or holds_images(Path(source))
    if not Path(source).is_file():
        return False
    known = reader_of(source) is not None or is_unreadable_data(source)
    return known or holds_json_rows(Path(source))


def bare_source(word: str) -> str:
    """The word without the key before it, such as `path=`: a path, a name, or `query=` and SQL.

    >>> bare_source("path=a.csv"), bare_source("dataset.query=SELECT 1"), bare_source("dataset.csv")
    ('a.csv', 'query=SELECT 1', 'dataset.csv')
    >>> bare_source("dataset=iris"), bare_source("target=a.csv")
    ('iris', 'target=a.csv')
    """
    key = word.removeprefix("dataset.")
    if key.startswith(PREFIX):
        return key
    named = ("path=", "dataset.path=", "dataset=", "dataset.name=")
    return next((word.removeprefix(each) for each in named if word.startswith(each)), word)


def sets_source(word: str) -> bool:
    """Whether a word KEY=VALUE names the data: `path=`, `query=` or `dataset=` with a value.

    >>> [sets_source(word) for word in ("query=SELECT 1", "path=a.csv", "a.csv", "target=a.csv")]
    [True, True, False, False]
    """
    return word.startswith(PREFIX) or bare_source(word) != word


def stem(path: str) -> str:
    """The name of a file without its folder, its ending, and the signs of a pattern.

    >>> stem("data/part-*.csv.gz"), stem("train.v2.csv")
    ('part', 'train.v2')
    """
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    ending = max((end for end in READERS if name.lower().endswith(end)), key=len, default="")
    bare = re.sub(r"[*?\[\]]", "", name.removesuffix(name[len(name) - len(ending) :]))
    return bare.strip("-_. ") or "files"


def unreadable_format(path: str | Path) -> tuple[str, str]:
    """The message and the hint for a file that gdrun has no reader for."""
    if is_query(str(path)):
        return "is a query, not the path of a file", "write query= in front of it"
    return not_readable(
        path, [ending for ending in READERS if not ending.endswith((".gz", ".zst"))]
    )


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
    if "query" in own:
        _check_options({key: value for key, value in own.items() if key != "query"}, QUERY)
        with unchanged_files(*files_of(str(own["query"]), own.get("folder") or ".")):
            result: Table = QUERY.function(**own)
        return result
    definition = _named(own.pop("name", None))
    _check_options(own, definition)
    if is_generated(definition):
        seed = options.get("seed", 0)
        # Without a run, the seed `run` is the default seed of a run.
        rng = stream(0 if seed == "run" else seed, "data")
        table: Table = definition.function(rng, **own)
    else:
        table = definition.function(**own)
    return table


FILES = ("path", "targets", "validation", "test")
"""The keys of the dataset section that may hold a path."""


def with_real_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a dataset section with the real path of each file, to compare two sections.

    options: the section, in which validation and test may be a path, a mapping with a path, or a
    fraction.
    """

    def real(value: Any) -> Any:
        if isinstance(value, Mapping) and "path" in value:
            return {**value, "path": real(value["path"])}
        return str(expanded(value).resolve()) if isinstance(value, str) else value

    found = {key: real(value) if key in FILES else value for key, value in options.items()}
    return found | ({"folder": real(options.get("folder") or ".")} if "query" in options else {})


def files_read_for(options: Mapping[str, Any]) -> list[str | Path]:
    """The paths that are read for the dataset section of a config, with those of its parts.

    options: the section, in which validation and test may be fractions instead of paths. A path may
    be a pattern; the directory of a relative path is the current one.
    """
    found: list[str | Path] = [each for each in map(options.get, FILES) if isinstance(each, str)]
    if "query" in options:
        found += files_of(str(options["query"]), options.get("folder") or ".")
    return found


def _read(path: str | Path, **options: Any) -> Table:
    file = expanded(path)
    reader = reader_of(file)
    if reader is None:
        what, hint = unreadable_format(path)
        raise DataError(what, where=str(path), hint=hint)
    _check_options(options, reader)
    with unchanged_files(file, options.get("targets")):
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
