"""New data for a trained model: a file, a named dataset or a query."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from glob import has_magic
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.data.arrays import flattened
from gdrun.data.cifar_files import CLASSES, cifar_files, cifar_records
from gdrun.data.idx_files import idx_array
from gdrun.data.new_arrays import Blocks, blocks_of
from gdrun.data.new_csv import csv_blocks
from gdrun.data.new_rows import RowEncoder, require_columns
from gdrun.data.new_svmlight import svmlight_blocks
from gdrun.data.new_tables import TYPED, Opened, json_blocks, typed_blocks
from gdrun.data.new_targets import Target
from gdrun.data.queries import PREFIX, files_of, opened_query
from gdrun.data.saved_arrays import archived_arrays, mapped_array, require_real
from gdrun.data.several_files import matching_files
from gdrun.data.sources import DATASETS, bare_source, load_table, reader_of, unreadable_format
from gdrun.data.sources import QUERY as QUERY_READER
from gdrun.data.unchanged_files import unchanged_files
from gdrun.data.unreadable import expanded, unreadable
from gdrun.errors import DataError, suggestion
from gdrun.methods.definitions import Definition

QUERY = "query"
"""The place of the rows of a query in messages: the whole query would be too long."""

_OF_COLUMN = "column "
"""The beginning of the name of a target that is a column of a matrix, such as `column 4`."""


def new_blocks(
    source: str | Path,
    encoder: RowEncoder,
    target: Target,
    *,
    labelled: bool = False,
    targets: str | Path | None = None,
    reading: Mapping[str, Any] = MappingProxyType({}),
    asked: Mapping[str, Any] = MappingProxyType({}),
) -> Generator[tuple[Numbers, Array | None], None, None]:
    """Yield the features (n, d) and the targets (n,) of each block of n rows of new data.

    The data are a file, a dataset that a config can name, or the result of a query. source: a path,
    a name, or `query=` and a query in SQL. target: the target of the model, whose column the data
    may have. labelled: whether the targets are needed; otherwise None is yielded for them. targets:
    the file with the targets of an NPY or IDX file. reading: the options header, decimal and
    encoding for a text file, by name; an option that is not set has its default. asked: those of
    these options that the user has set, which replace those of `reading`. Raises DataError if the
    data cannot be read, do not have the columns of the model, or are no text file although `asked`
    has an option.
    """
    word = bare_source(str(source))
    if word.startswith(PREFIX):
        _require_options(asked, QUERY_READER, "a query", QUERY)
        sign = _decimal({**reading, **asked})
        yield from _of_query(word.removeprefix(PREFIX), encoder, target, labelled, targets, sign)
        return
    path = expanded(word)
    reader = reader_of(path)
    if reader is None and word in DATASETS:
        encoder.kept.require_none(word)
        _require_options(asked, DATASETS[word], "a dataset of gdrun", word)
        if targets is not None:
            raise _own_targets("a dataset of gdrun", word)
        yield from _of_dataset(word, encoder, target, labelled)
        return
    if not path.exists() and not has_magic(word):
        raise _not_there(path, word)
    if reader is None:
        what, hint = unreadable_format(path)
        raise DataError(what, where=word, hint=hint)
    if targets is not None and reader.name not in ("npy", "idx"):
        raise _own_targets(f"a {reader.name} file", word)
    _require_options(asked, reader, f"a {reader.name} file", word)
    if reader.name not in NAMED:
        encoder.kept.require_none(word)
    with unchanged_files(path, targets):
        for file in [path] if reader.name in _WHOLE else matching_files(path):
            new = NewRows(file, encoder, target, labelled, {**reading, **asked}, targets)
            yield from NEW_ROWS[reader.name](new)


@dataclass(frozen=True)
class NewRows:
    """The new rows of one file.

    target: the target of the model, whose column the file may have. labelled: whether the targets
    are needed. reading: the options header, decimal and encoding for a text file, by name. targets:
    the file with the targets of an NPY or IDX file; None without one.
    """

    path: Path
    encoder: RowEncoder
    target: Target
    labelled: bool
    reading: Mapping[str, Any]
    targets: str | Path | None

    @property
    def decimal(self) -> str:
        """The decimal sign of texts in a file whose columns have types."""
        return _decimal(self.reading)

    def blocks(self, X: Array, y: Array | None) -> Blocks:
        """Yield the features (n, d) and the targets (n,) of each block of n rows of X (N, d).

        y (N,): the targets in the file. If they are not needed, None is yielded for them. Raises
        DataError if the targets are needed and y is None.
        """
        if self.labelled and y is None:
            raise DataError(
                "has no targets",
                where=str(self.path),
                hint="the targets are in a second file: give its path as `targets`",
            )
        place = f"{self.path} row "
        yield from blocks_of(X, y if self.labelled else None, self.encoder, self.target, place)


def _csv(new: NewRows) -> Blocks:
    target = new.target if new.labelled else None
    return csv_blocks(new.path, new.encoder, target, known=new.target.name, **new.reading)


def _typed(opened: Opened) -> Callable[[NewRows], Blocks]:
    return lambda new: typed_blocks(
        opened(new.path), str(new.path), new.encoder, new.target, new.labelled, new.decimal
    )


def _json_lines(new: NewRows) -> Blocks:
    return json_blocks(new.path, new.encoder, new.target, new.labelled, new.decimal)


def _one_array(read: Callable[[Path], Array]) -> Callable[[NewRows], Blocks]:
    """The rows of a file with one array, whose targets are in another file or in a column."""

    def blocks(new: NewRows) -> Blocks:
        X, y = _matrix(read(new.path), new.encoder, new.target, new.path)
        if new.targets is not None:
            y = _targets(read(expanded(new.targets)), len(X), new.targets)
        yield from new.blocks(X, y)

    return blocks


def _npz(new: NewRows) -> Blocks:
    found, names = archived_arrays(new.path, ("X", new.target.name, "y"))
    if "X" not in found:
        raise DataError("contains no array 'X'", where=str(new.path), hint=suggestion("X", names))
    X, _ = _matrix(found["X"], new.encoder, new.target, new.path)
    y = found.get(new.target.name, found.get("y"))
    yield from new.blocks(X, None if y is None else _targets(y, len(X), new.path))


def _svmlight(new: NewRows) -> Blocks:
    return svmlight_blocks(new.path, new.encoder, new.target if new.labelled else None)


def _cifar(new: NewRows) -> Blocks:
    for file in cifar_files(new.path):
        records = cifar_records(file)
        X, _ = _matrix(records[:, 1:], new.encoder, new.target, file)
        yield from replace(new, path=file).blocks(X, np.array(CLASSES)[records[:, 0]])


NEW_ROWS: dict[str, Callable[[NewRows], Blocks]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "npy": _one_array(mapped_array),
    "idx": _one_array(idx_array),
    "npz": _npz,
    "svmlight": _svmlight,
    "cifar": _cifar,
    **{name: _typed(opened) for name, opened in TYPED.items()},
}
"""How the rows of a new file are read for a trained model, by the name of the reader."""

NAMED = frozenset({"csv", "jsonl", *TYPED})
"""The readers of files whose columns have names."""

_WHOLE = frozenset({"jsonl", "cifar", *TYPED})
"""The readers that open all the files of a pattern together."""


def mapped_features(path: Path, encoder: RowEncoder, target: Target) -> Array:
    """The features (n, d) in an NPY file, memory-mapped.

    target: the target of the model, whose column the file may have. Raises DataError if the file
    cannot be read, or does not have the columns of the model.
    """
    return _matrix(mapped_array(path), encoder, target, path)[0]


def _of_dataset(name: str, encoder: RowEncoder, target: Target, labelled: bool) -> Blocks:
    table = load_table({"name": name})
    wanted = [column.name for column in encoder.encoding.columns]
    require_columns(list(table.feature_names), wanted, name)
    encoder.extra = tuple(each for each in table.feature_names if each not in wanted)
    X = table.X[:, [table.feature_names.index(each) for each in wanted]]
    y = np.array(table.classes)[table.y] if table.classes else table.y
    yield from blocks_of(X, y if labelled else None, encoder, target, f"{name} row ")


def _of_query(
    query: str,
    encoder: RowEncoder,
    target: Target,
    labelled: bool,
    targets: str | Path | None,
    decimal: str,
) -> Blocks:
    if targets is not None:
        raise _own_targets("a query", QUERY)
    with unchanged_files(*files_of(query, ".")):
        opened = opened_query(query, QUERY)
        yield from typed_blocks(opened, QUERY, encoder, target, labelled, decimal)


def _decimal(reading: Mapping[str, Any]) -> str:
    """The decimal sign of texts in a table whose columns have types."""
    return reading.get("decimal") or "."


def _require_options(asked: Mapping[str, Any], reader: Definition, kind: str, where: str) -> None:
    """Raise DataError if the reader of the data lacks one of the options that the user has set.

    kind: what the data are, for the message. where: the place of the data.
    """
    lacking = {name: value for name, value in asked.items() if name not in reader.options}
    if not lacking:
        return
    names = " and ".join(lacking)
    in_sql = ", ".join(f"{name}={value!r}" for name, value in lacking.items())
    raise DataError(
        f"this is {kind}, which has no option {names}; only text files with columns have one",
        where=where,
        hint=f"the query itself says how to read a file: FROM read_csv('FILE', {in_sql})"
        if reader is QUERY_READER
        else f"leave out {names}",
    )


def _own_targets(kind: str, where: str) -> DataError:
    return DataError(
        f"this is {kind}, which holds its own targets; only NPY and IDX files have a separate file "
        "of targets",
        where=where,
        hint="leave out the file with the targets",
    )


def _matrix(
    X: Array, encoder: RowEncoder, target: Target, path: Path
) -> tuple[Array, Array | None]:
    """The features and the targets in X; None for the targets if X has only the features.

    Raises DataError if X has another number of columns, or no real numbers.
    """
    X, features = flattened(X), encoder.encoding.features
    require_real(X.dtype, str(path))
    if X.ndim == 2 and X.shape[1] == features:
        return X, None
    if X.ndim == 2 and X.shape[1] == features + 1 and target.name.startswith(_OF_COLUMN):
        first = target.name == f"{_OF_COLUMN}0"
        return (X[:, 1:], X[:, 0]) if first else (X[:, :-1], X[:, -1])
    raise DataError(
        f"has the shape {X.shape}, but the model needs {features} columns",
        where=str(path),
        hint="its columns must be the features of the training data, in the same order",
    )


def _targets(y: Array, rows: int, where: str | Path) -> Array:
    if y.shape not in ((rows,), (rows, 1)):
        raise DataError(
            f"has the shape {y.shape}, but there are {rows} rows",
            where=str(where),
            hint="each row needs one target",
        )
    return y.reshape(rows)


def place_of(source: Any) -> str:
    """The place of new rows in messages: the path or the name in `source`; X for arrays.

    For a query it is the key of the query in a config, not its text.
    """
    if not isinstance(source, str | Path):
        return "X"
    word = bare_source(str(source))
    return QUERY if word.startswith(PREFIX) else word


def _not_there(path: Path, word: str) -> DataError:
    if reader_of(path) is not None or path.suffix:
        return unreadable(path, FileNotFoundError())
    return DataError(
        f"there is no file and no dataset {word!r}",
        hint=suggestion(word, DATASETS),
    )
