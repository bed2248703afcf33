"""Data with fewer training rows than the default batch: all rows are one batch.

This holds only for a default size. A size in the config or among the overrides is kept, and an
error is raised if it is larger than the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdrun.config.experiment import Experiment
from gdrun.config.loading import Change, Source, load, parsed_changes, read
from gdrun.config.overrides import Override, applied
from gdrun.data import Prepared, Table
from gdrun.errors import ConfigError, DataError
from gdrun.runs.experiment_data import experiment_data

if TYPE_CHECKING:
    from gdrun.study.design.trials import Candidate

SIZE = "variant.batch_size"


@dataclass(frozen=True)
class FittedExperiment:
    """An experiment whose default batch is not larger than its data.

    assumed: for the key that was changed, a sentence with the value and the reason; empty if
    nothing was changed. data: the prepared data of the experiment; None if the rows were not
    counted.
    """

    experiment: Experiment
    assumed: Mapping[str, str]
    data: Prepared | None = None


def fitted(
    source: Source, overrides: Iterable[Change] = (), table: Table | None = None
) -> FittedExperiment:
    """The experiment of a config and overrides, with all rows as one batch if they are too few.

    They are too few if the default batch size is larger than their number. source: the path of a
    config file, its contents as a dict, an experiment, or None for the quickstart config.
    overrides: texts KEY=VALUE, or dicts. table: the data that replace the dataset; None to use the
    dataset. Raises ConfigError for a wrong config, DataError if the data cannot be read.
    """
    document = None if source is None else read(source)
    changes = list(overrides)
    experiment = load(document, changes)
    size = experiment.variant.options.get("batch_size")
    if size is None or _gives_size(document, changes):
        return FittedExperiment(experiment, {})
    data = experiment_data(experiment, table)
    rows = data.train.rows
    if rows >= size:
        return FittedExperiment(experiment, {}, data)
    chosen = _given_variant(document, changes) is not None
    change = Override(SIZE, rows, "") if chosen else Override("variant", "bgd", "")
    assumed = {change.key: f"{change.value}, {_reason(rows, size)}"}
    return FittedExperiment(load(experiment, [change]), assumed, data)


def fitting_size(
    source: Source,
    overrides: Iterable[Change],
    candidates: Iterable[Candidate],
    table: Table | None,
) -> tuple[Override, str] | None:
    """The batch size for candidates whose default batch is larger than their data, and the reason.

    The size is the number of training rows, as an override. Returns None if the config or the
    overrides set the batch size, if no candidate has a default batch, if one candidate's default
    batch is not larger than the data, or if candidates have different numbers of training rows.
    source, overrides: the config and the overrides of all candidates. table: the data that replace
    the dataset; None to use the dataset.
    """
    # Not at the top: a command that trains a single run has no use for tasks.
    from gdrun.study.tasks import prepared

    if _gives_size(source, overrides):
        return None
    with_default = {
        each.experiment.shape: each.experiment
        for each in candidates
        if "batch_size" in each.experiment.variant.options and SIZE not in each.settings
    }
    # What is wrong with a config or its data is reported when the study is checked.
    with suppress(ConfigError, DataError):
        sizes = {each.variant["batch_size"] for each in with_default.values()}
        rows = {prepared(each, table).train.rows for each in with_default.values()}
        if len(rows) == 1 and min(rows) < min(sizes):
            (number,) = rows
            return Override(SIZE, number, f"batch_size={number}"), _reason(number, max(sizes))
    return None


def _given_variant(source: Source, overrides: Iterable[Change]) -> object:
    """The variant that the user gives, as plain data; None without one.

    source: None for the quickstart, whose variant no user has given.
    """
    document = read(source)
    data = document.data
    if source is None:
        data = {key: value for key, value in data.items() if key != "variant"}
    changed, _, _ = applied(data, parsed_changes(overrides), document.where)
    return changed.get("variant")


def _gives_size(source: Source, overrides: Iterable[Change]) -> bool:
    """Whether the user gives a batch size, also for a variant that only some candidates have."""
    changes = parsed_changes(overrides)
    variant = _given_variant(source, changes)
    inside = isinstance(variant, Mapping) and "batch_size" in variant
    return inside or any(each.key.rpartition(".")[2] == "batch_size" for each in changes)


def _reason(rows: int, size: int) -> str:
    return (
        f"all rows in one batch: the {rows} training rows are fewer than the default "
        f"batch_size {size}"
    )
