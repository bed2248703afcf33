"""A first experiment on a data file: target, task, model and learning rate, each with its reason.

Each assumption is a key of the new config, so that users can read and change it. The learning rate
comes from a short test (`rate_test.py`).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import Change, load, parsed_changes
from gdrun.config.overrides import Override, applied, apply, paths_of
from gdrun.data import Prepared, Table, load_table
from gdrun.data.column_report import ColumnReport
from gdrun.data.queries import PREFIX
from gdrun.data.sources import PREPARATION, stem
from gdrun.data.targets import likely_target, suitable_task
from gdrun.errors import ConfigError, DataError, GdrunError
from gdrun.problems.models import MODELS
from gdrun.runs.experiment_data import experiment_data
from gdrun.study.rate_test import best_rate, edge
from gdrun.study.second_sources import require_one_source
from gdrun.study.tasks import data_key, prepared

RATE_KEYS = ("lr", "optimizer.lr")

ENOUGH_TO_STOP = 1000
"""From this number of rows on, the config has early stopping.

The validation part is a tenth of the rows; for fewer rows its loss is too noisy.
"""


@dataclass(frozen=True)
class Start:
    """A first experiment on a data file, and the assumptions that it makes.

    config: the entries of its config by key, as a YAML file has them; the overrides of the user are
    applied. assumed: a sentence for each assumption, by key. columns: the reports on the columns of
    the file. table: the table that was read from the file; None if it was prepared, which may have
    overwritten it. data: the data of the experiment, prepared for the test of rates; None without a
    test, or if they cannot be prepared. seconds: the time to read the table.
    """

    config: dict[str, Any]
    assumed: dict[str, str]
    columns: tuple[ColumnReport, ...]
    table: Table | None
    data: Prepared | None
    seconds: float


def start(path: str, overrides: Iterable[Change] = (), *, test_rates: bool = True) -> Start:
    """Return the first experiment on a data file. overrides: keys that the user has set.

    path: the file, or a query in SQL after `query=`. test_rates: whether the learning rate is
    chosen by a short test (`best_rate`), unless `overrides` set the rate or the optimizer. Without
    a test, it is the optimizer's default. Raises ConfigError for a wrong override or one that names
    other data, DataError if the data cannot be read.
    """
    changes = _changes(path, overrides)
    base = _base(path)
    given, _ = apply(base, changes, lambda _: path)
    require_one_source(path, base, changes)
    chosen = given["dataset"] if isinstance(given.get("dataset"), dict) else base["dataset"]
    assert isinstance(chosen, dict)
    begin = time.perf_counter()
    table, dataset, assumed = _table(chosen)
    seconds = time.perf_counter() - begin
    task = dataset.get("task")
    name, reason = _model(given.get("model"), table, changes, task)
    if reason:
        assumed["model"] = reason
    if _is_regression(name, table, task) and "standardize" not in dataset:
        dataset["standardize"] = {"features": True, "target": True}
        assumed["dataset.standardize"] = "the target is standardised too, as the features are"
    config: dict[str, Any] = {"name": f"{_stem(path)}-{name}", "dataset": dataset, "model": name}
    config |= _training(len(table.y), _epochs_of(given))
    if not _validates(dataset):
        config["stopping"].pop("early_stopping", None)
    assumed["variant"] = f"chosen for {len(table.y):,} rows"
    rates_given = any(each.key in (*RATE_KEYS, "optimizer") for each in changes)
    tested = test_rates and not rates_given
    data = _data_of(config, changes, table) if tested else None
    rate = best_rate(config, changes, data) if data is not None else None
    if rate is not None:
        config["optimizer"] = {"name": "adam", "lr": rate}
        assumed["optimizer"] = (
            f"lr {rate:g} had the lowest training loss in a short test of rates{edge(rate)}"
        )
    final, _ = apply(config, changes, lambda _: path)
    # A section that the user has changed is no assumption.
    for key in ("variant", "optimizer"):
        if final.get(key) != config[key]:
            assumed.pop(key, None)
    return Start(final, assumed, table.reports, None if tested else table, data, seconds)


def start_study(
    path: str, overrides: Iterable[Change], varied: Iterable[Override]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The config from which a study on a data file starts, and a sentence for each assumption.

    overrides: keys that the user has set for all runs. Of these, the config has only dtype, seed
    and the ones in the sections dataset, model and stopping, because the assumptions depend on
    them, or the prepared data do. varied: the keys that the runs vary, as overrides whose values
    are not used. Assumptions about sections that `overrides` or `varied` change are left out,
    except for a varied rate without values, such as `lr`: the center of its default range is the
    rate that a short test of rates has found. The data are prepared and cached, so that the study
    does not read them again. Raises ConfigError for a wrong override or one that names other data,
    DataError if the data cannot be read.
    """
    base = _base(path)
    changes = parsed_changes(overrides)
    given, *_ = applied(base, changes, lambda _: path)
    require_one_source(path, base, changes)
    sections = [(each, {place[0] for place in paths_of(each, given)}) for each in changes]
    # A first experiment depends on these sections: the patience is that of the epochs.
    used = {"dataset", "model", "stopping", "dtype", "seed"}
    own = [each for each, changed in sections if changed and changed <= used]
    touched = {key for _, changed in sections for key in changed}
    with_values = [each for each in varied if each.key not in RATE_KEYS or each.text != each.key]
    touched |= {place[0] for each in with_values for place in paths_of(each, given)}
    found = start(path, own, test_rates="optimizer" not in touched)
    with suppress(GdrunError):  # the study itself reports what is wrong
        experiment = load(found.config, changes)
        usable = _usable(found, experiment)
        prepared(experiment, read=usable.table, known=usable.data)
    assumed = {
        key: reason
        for key, reason in found.assumed.items()
        if key not in touched or key.startswith("dataset.")
    }
    return found.config, assumed


def _changes(path: str, overrides: Iterable[Change]) -> list[Override]:
    """The overrides. Raises ConfigError for a wrong one, such as the name of a column alone."""
    listed = list(overrides)
    try:
        return parsed_changes(listed)
    except ConfigError:
        words = [each for each in listed if isinstance(each, str) and "=" not in each]
        columns: set[str] = set()
        if words:
            with suppress(DataError):
                found = load_table({**_base(path)["dataset"], "missing": "mean"})
                columns = {report.name for report in found.reports}
        for word in words:
            if word in columns:
                hint = f"to predict it, write {shlex.quote(f'target={word}')}"
                raise ConfigError("is a column of the data", where=word, hint=hint) from None
        raise


def _base(path: str) -> dict[str, Any]:
    key, data = ("query", path.removeprefix(PREFIX)) if path.startswith(PREFIX) else ("path", path)
    return {"dataset": {key: data}, "model": "linear", "variant": "mbgd", "optimizer": "adam"}


def start_experiment(path: str, overrides: Iterable[Change]) -> tuple[Experiment, Start]:
    """Return the first experiment on a data file, with the overrides.

    The Start has its config, a sentence for each assumption, and the table or the prepared data of
    the experiment; None if `overrides` change how they are read or prepared.
    """
    changes = _changes(path, overrides)
    found = start(path, changes)
    experiment = load(found.config, changes)
    return experiment, _usable(found, experiment)


def _usable(found: Start, experiment: Experiment) -> Start:
    """The same start, without the table or data that an experiment reads or prepares otherwise."""
    first = load(found.config)
    return replace(
        found,
        table=found.table if _reading(experiment) == _reading(first) else None,
        data=found.data if data_key(experiment) == data_key(first) else None,
    )


def _data_of(
    config: Mapping[str, Any], changes: Iterable[Override], table: Table
) -> Prepared | None:
    """The data of the experiment, made from a table, which may be overwritten.

    None if the experiment or its data have an error, which the experiment itself reports.
    """
    try:
        return experiment_data(load(config, changes), read=table)
    except GdrunError:
        return None


def _stem(path: str) -> str:
    return "query" if path.startswith(PREFIX) else stem(path)


def _reading(experiment: Experiment) -> dict[str, Any]:
    """The options with which the dataset is read."""
    options = experiment.dataset.options
    return {key: value for key, value in options.items() if key not in PREPARATION}


def _table(options: Mapping[str, Any]) -> tuple[Table, dict[str, Any], dict[str, str]]:
    """The table of a dataset, its section of the config, and what was assumed for it."""
    dataset, assumed = dict(options), {}
    reading = {key: _tupled(value) for key, value in dataset.items() if key not in PREPARATION}
    try:
        table = load_table(reading)
    except DataError:
        if "missing" in reading:
            raise
        # If this fails too, the user sees this error: missing values are filled in any case.
        table = load_table(reading | {"missing": "mean"})
        reading["missing"] = dataset["missing"] = "mean"
        assumed["dataset.missing"] = "missing values are replaced by the mean of the training rows"
    if "target" not in dataset and table.reports:
        named = likely_target(report.name for report in table.reports)
        why = "the last column"
        if named is not None:
            why = "the column of this name"
            if named != table.target_name:
                table = load_table(reading | {"target": named})
        dataset["target"] = table.target_name
        assumed["dataset.target"] = f"{table.target_name}, {why}"
    return table, dataset, assumed


def _model(given: Any, table: Table, changes: list[Override], task: Any) -> tuple[str, str]:
    """The name of the model, and the reason for it; an empty reason if the user gave the model.

    task: that of the config; None if it has none.
    """
    if any(change.key in ("model", "model.name") for change in changes):
        return str(given.get("name") if isinstance(given, dict) else given), ""
    if _task(table, task) == "regression":
        why = "dataset.task says so" if task else "the target has numbers"
        return "linear", f"regression, because {why}"
    classes = len(table.classes) or len(np.unique(table.y))
    why = "the target has labels" if table.classes else "the target has few different whole numbers"
    reason = f"classification, because {'dataset.task says so' if task else why}: {classes} classes"
    if not task and not table.classes and classes > 2:
        reason += "; task=regression predicts the numbers"
    return ("logistic" if classes == 2 else "softmax"), reason


def _task(table: Table, given: Any) -> Any:
    """The task: that of the config, or else the one that suits the target."""
    return given or suitable_task(table)


def _is_regression(model: str, table: Table, given: Any) -> bool:
    task = MODELS[model].task_with({}) if model in MODELS and model != "mlp" else None
    return (task or _task(table, given)) == "regression"


def _validates(dataset: Mapping[str, Any]) -> bool:
    split = dataset.get("split")
    if dataset.get("validation") is not None:
        return True
    return not isinstance(split, Mapping) or split.get("validation", 1) != 0


def _training(rows: int, epochs: int | None) -> dict[str, Any]:
    """The variant, the schedule and the stopping rules for this number of rows.

    The schedule lowers the learning rate, because the best rate for the first epochs is too large
    for the last ones. So the patience is all epochs: early stopping returns the weights with the
    best validation loss, but ends no run while its rate is still high. epochs: the number that the
    user has set, or None.
    """
    size = 32 if rows < 2000 else 64 if rows < 100_000 else 256
    stopping: dict[str, Any] = {"epochs": _usual_epochs(rows)}
    if rows >= ENOUGH_TO_STOP:
        stopping["early_stopping"] = {"patience": epochs or stopping["epochs"]}
    return {
        "variant": {"name": "mbgd", "batch_size": size} if rows >= 2 * size else "bgd",
        "optimizer": {"name": "adam"},
        "schedule": "cosine",
        "stopping": stopping,
    }


def _usual_epochs(rows: int) -> int:
    """The number of epochs for this number of rows.

    These numbers were measured on nine tables with 1,000 to 4,100 rows. The mean test loss of 30,
    50 and 100 epochs was 2.2, 1.3 and 2.7 % above the best. It was 4.2 % above the best with 100
    epochs and early stopping with a patience of 20, which ended the runs after about 38 epochs.
    """
    if rows < ENOUGH_TO_STOP:
        return 100
    return 50 if rows < 20_000 else 20


def _epochs_of(given: Mapping[str, Any]) -> int | None:
    """The number of epochs in a config; None if it has none, or a wrong one."""
    stopping = given.get("stopping")
    epochs = stopping.get("epochs") if isinstance(stopping, Mapping) else None
    return epochs if isinstance(epochs, int) and epochs > 0 else None


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value
