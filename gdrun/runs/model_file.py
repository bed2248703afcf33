"""The file weights.npz: a trained model in one file, which NumPy alone can read without pickle.

    w, b, layer1.w, …             the weights that the run returns
    best.w, …                     the weights of the best evaluation
    standardize.mean, .scale      the standardisation of the d features, (d,)
    target.mean, target.scale     the standardisation of the target: two numbers
    fill.mean                     what replaces missing values, (d,); NaN where none may be missing
    feature_names, classes        the names of the features, and the labels of the classes
    model                         a JSON text: kind of model, options, dtype, target, columns

The text `model` is JSON because the options of a model are nested. Pickle was rejected: loading it
can run any code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired

import numpy as np
from typing_extensions import TypedDict

from gdrun.array_types import Array
from gdrun.config.experiment import Experiment
from gdrun.data import Encoding, Prepared, SourceColumn, TargetScale
from gdrun.data.cells import STANDARD, MissingMarks
from gdrun.data.csv_layout import READING
from gdrun.data.dates import PARTS
from gdrun.data.encoding import Form
from gdrun.data.saved_arrays import archived_arrays
from gdrun.errors import DataError, RecordError
from gdrun.problems.models import MODELS
from gdrun.runs.checked import Count, check_version, checked, unreadable

WEIGHTS = "weights.npz"
"""The name of the file in the directory of a run."""

SCHEMA_VERSION = 2

ABOUT_THE_DATA = (
    *("standardize.mean", "standardize.scale", "fill.mean"),
    *("target.mean", "target.scale"),
    *("feature_names", "classes", "model"),
)
"""The arrays of the file that are not weights."""

BEST = "best."
DTYPES = ("float32", "float64")


class ColumnRecord(TypedDict):
    """A column of the data.

    labels: the texts in the column; empty for a column of numbers. form: how a cell becomes a
    value. buckets: the number of buckets into which texts are hashed; 0 without hashing. parts: the
    parts of a date that are features. indicator: whether a further feature is 1 where the value is
    missing, and else 0. Files of the first version have only the name and the labels.
    """

    name: str
    labels: list[str]
    form: NotRequired[Form]
    buckets: NotRequired[Count]
    parts: NotRequired[list[str]]
    indicator: NotRequired[bool]


class ModelRecord(TypedDict):
    """The contents of the JSON text `model` in weights.npz.

    numbered: whether the target has whole numbers as its classes. missing: the texts and numbers
    that mark missing values in new rows. decimal: the decimal sign in new rows. options: the
    section `model` of the config, with the name of the model. reading: the options with which the
    text file of the training data was read, such as {"decimal": ","}; the first versions did not
    write it. baseline: the share of each class in the training part, or the mean of its target.
    """

    schema_version: int
    dtype: str
    target: str
    classes: list[str]
    numbered: bool
    columns: list[ColumnRecord]
    missing: NotRequired[list[str | float]]
    decimal: NotRequired[str]
    options: dict[str, Any]
    reading: NotRequired[dict[str, Any]]
    baseline: NotRequired[list[float]]


@dataclass(frozen=True)
class ModelDescription:
    """Everything about a trained model except its weights.

    options: the section `model` of the config, with the name of the model. numbered: whether the
    target has whole numbers as its classes. encoding: how the data become features. reading: the
    options `header`, `decimal` and `encoding` of the dataset, as far as the config sets them; new
    text files are read with them too. target_scale: the standardisation of the target; None if it
    was not standardised. baseline: the share of each class in the training part, or the mean of its
    target; empty if it is not known.
    """

    options: dict[str, Any]
    dtype: str
    target: str
    classes: tuple[str, ...]
    numbered: bool
    encoding: Encoding
    reading: dict[str, Any] = field(default_factory=dict)
    target_scale: TargetScale | None = None
    baseline: tuple[float, ...] = ()


def describe(experiment: Experiment, data: Prepared) -> ModelDescription | None:
    """The description of an experiment's model; None if the experiment is on a surface."""
    if experiment.surface is not None:
        return None
    return ModelDescription(
        options=experiment.model.plain(),
        dtype=experiment.dtype,
        target=data.target_name,
        classes=data.classes,
        numbered=data.numbered,
        encoding=data.encoding,
        reading=_reading(experiment.dataset.options),
        target_scale=data.target_scale,
        baseline=_baseline(data),
    )


def _baseline(data: Prepared) -> tuple[float, ...]:
    """The share of each class in the training part, or the mean of its target."""
    y = data.train.y
    if not data.classes:
        return (float(np.mean(data.in_own_unit(y))),)
    shares: list[float] = (np.bincount(y, minlength=len(data.classes)) / len(y)).tolist()
    return tuple(shares)


def _reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options of a dataset that say how a text file is read and that are set."""
    return {name: options[name] for name in READING if options.get(name) is not None}


def arrays_of(
    description: ModelDescription | None,
    weights: Mapping[str, Array],
    best_weights: Mapping[str, Array],
) -> dict[str, Any]:
    """The arrays to write to weights.npz, by name. description: None without a model."""
    arrays: dict[str, Any] = {**weights}
    arrays |= {f"{BEST}{name}": value for name, value in best_weights.items()}
    if description is None:
        return arrays
    encoding = description.encoding
    if encoding.mean is not None and encoding.scale is not None:
        arrays |= {"standardize.mean": encoding.mean, "standardize.scale": encoding.scale}
    if (target := description.target_scale) is not None:
        arrays |= {"target.mean": np.array(target.mean), "target.scale": np.array(target.scale)}
    if encoding.fill is not None:
        arrays["fill.mean"] = encoding.fill
    arrays["feature_names"] = np.array(encoding.feature_names, dtype=str)
    arrays["classes"] = np.array(description.classes, dtype=str)
    record: ModelRecord = {
        "schema_version": SCHEMA_VERSION,
        "dtype": description.dtype,
        "target": description.target,
        "classes": list(description.classes),
        "numbered": description.numbered,
        "columns": [_record(column) for column in encoding.columns],
        "missing": encoding.missing.listed,
        "decimal": encoding.decimal,
        "options": description.options,
        "reading": description.reading,
        "baseline": list(description.baseline),
    }
    arrays["model"] = np.array(json.dumps(record))
    return arrays


def _record(column: SourceColumn) -> ColumnRecord:
    return {
        "name": column.name,
        "labels": list(column.labels),
        "form": column.form,
        "buckets": column.buckets,
        "parts": list(column.parts),
        "indicator": column.indicator,
    }


def _column(record: ColumnRecord) -> SourceColumn:
    return SourceColumn(
        name=record["name"],
        labels=tuple(record["labels"]),
        form=record.get("form", "category" if record["labels"] else "number"),
        buckets=record.get("buckets", 0),
        parts=tuple(record.get("parts", ())),
        indicator=record.get("indicator", False),
    )


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of a file by name; empty if there is no such file.

    Raises RecordError if the file is damaged.
    """
    if not path.exists():
        return {}
    try:
        found, _ = archived_arrays(path)
    except DataError as error:
        problem = error.problems[0]
        raise RecordError(
            f"cannot be read: it {problem.what}",
            where=problem.where,
            hint="restore the file from a copy, or train the model again",
        ) from None
    # Training continues with the arrays of a checkpoint, and changes them.
    return {name: array.copy() for name, array in found.items()}


def weights_in(arrays: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """The weights, and the weights of the best evaluation, among the arrays of a file, by name."""
    own = {name: value for name, value in arrays.items() if name not in ABOUT_THE_DATA}
    last = {name: value for name, value in own.items() if not name.startswith(BEST)}
    best = {name.removeprefix(BEST): value for name, value in own.items() if name.startswith(BEST)}
    return last, best


def description_in(arrays: Mapping[str, Array], path: Path) -> ModelDescription | None:
    """The description of the model among the arrays of a file; None if the file has none.

    path: the file, for errors. Raises RecordError if the description is damaged, or was written by
    a newer gdrun.
    """
    if "model" not in arrays:
        return None
    try:
        document = json.loads(str(arrays["model"]))
    except (ValueError, RecursionError):
        raise unreadable(path, "`model` is not JSON") from None
    check_version(document, SCHEMA_VERSION, path)
    record = checked(document, ModelRecord, path)
    columns = tuple(map(_column, record["columns"]))
    if any(part not in PARTS for column in columns for part in column.parts):
        raise unreadable(path, "`model` names a part of a date that gdrun does not know")
    encoding = Encoding(
        columns,
        arrays.get("fill.mean"),
        arrays.get("standardize.mean"),
        arrays.get("standardize.scale"),
        MissingMarks.of(record["missing"]) if "missing" in record else STANDARD,
        "," if record.get("decimal") == "," else ".",
    )
    for name in ("fill.mean", "standardize.mean", "standardize.scale"):
        if name in arrays:
            _check(arrays[name], (encoding.features,), f"`{name}`", path)
    kind = record["options"].get("name")
    if not (isinstance(kind, str) and kind in MODELS and record["dtype"] in DTYPES):
        raise unreadable(path, "`model` has an unknown model or dtype")
    return ModelDescription(
        options={name: _tupled(value) for name, value in record["options"].items()},
        dtype=record["dtype"],
        target=record["target"],
        classes=tuple(record["classes"]),
        numbered=record["numbered"],
        encoding=encoding,
        reading=_reading(record.get("reading", {})),
        target_scale=_target_scale_in(arrays, path),
        baseline=_baseline_in(record, path),
    )


def _baseline_in(record: ModelRecord, path: Path) -> tuple[float, ...]:
    """The baseline of a record. Raises RecordError if it does not fit the classes."""
    found = tuple(record.get("baseline", ()))
    if len(found) not in (0, len(record["classes"]) or 1):
        raise unreadable(path, "the baseline in `model` does not fit its classes")
    return found


def _target_scale_in(arrays: Mapping[str, Array], path: Path) -> TargetScale | None:
    """The standardisation of the target among the arrays of a file; None if there is none."""
    names = ("target.mean", "target.scale")
    if not any(name in arrays for name in names):
        return None
    for name in names:
        if name not in arrays:
            raise unreadable(path, f"`{name}` is missing")
        _check(arrays[name], (), f"`{name}`", path)
    return TargetScale(*(float(arrays[name]) for name in names))


def _check(array: Array, shape: tuple[int, ...], name: str, path: Path) -> None:
    if array.shape != shape or array.dtype.kind != "f":
        raise unreadable(
            path, f"{name} must be floats of shape {shape}, got {array.dtype} {array.shape}"
        )


def _tupled(value: Any) -> Any:
    """The value with a tuple in place of each list, as a model's options must have."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value
