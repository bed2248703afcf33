"""The contents of run.json: the description of a run, and how it ended."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NotRequired, cast

import numpy as np
from typing_extensions import TypedDict

from gdrun.config.experiment import Experiment
from gdrun.config.settings import HELD_OUT
from gdrun.data import Prepared
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine
from gdrun.engine.measuring import measured
from gdrun.engine.outcome import Divergence, Outcome
from gdrun.methods.plugins import loaded_plugins
from gdrun.methods.stopping import Status, Stop
from gdrun.runs.checked import Count, Seconds
from gdrun.runs.summary import RunSummary, Summary, summary_of, with_metrics
from gdrun.symptoms.facts import traced_of
from gdrun.symptoms.registry import diagnose

SCHEMA_VERSION = 1


class StopRecord(TypedDict):
    """Why and when a run ended: the name of the rule or budget, the time, and a sentence."""

    rule: str
    epoch: float
    step: Count
    message: str


class DivergenceRecord(TypedDict):
    """How a run diverged, with the keys of gdrun.engine.outcome.Divergence."""

    step: Count
    epoch: float
    quantity: str
    value: float
    layer: str | None
    last_finite_loss: float


class TimingRecord(TypedDict):
    """Wall-clock seconds, with the keys of gdrun.engine.outcome.Timing."""

    updates: Seconds
    evaluations: Seconds
    total: Seconds


class ColumnReportRecord(TypedDict):
    """A column of a data file, with the fields of gdrun.data.column_report.ColumnReport."""

    name: str
    kind: str
    missing: Count
    becomes: str
    features: list[str]


class SingleFeatureRecord(TypedDict):
    """The best single feature, with the fields of gdrun.data.single_feature.SingleFeature."""

    feature: str
    measure: Literal["auc", "lambda", "r2"]
    score: float


class PartFileRecord(TypedDict):
    """The file of a validation or test part, and the hash of its rows."""

    path: str
    sha256: str


class RunDataRecord(TypedDict):
    """The data of a run.

    rows: the number of rows. parts: the number of rows of each part, such as train. features: the
    number of features. target: the name of the target. classes: the labels of the classes, in
    order; empty for regression. sha256: the hash of the data. notes: sentences about the data.
    files: the path and the hash of each part that has a file of its own. columns: what each column
    of a file became. repeated_rows: `all` counts the rows that are equal
    to an earlier one in all features and the target; `validation` and `test` count the rows of this
    part that the training part contains too. single_feature: the feature that alone predicts the
    target best, with the keys of gdrun.data.single_feature.SingleFeature; only for data of one's
    own.
    """

    name: str
    rows: Count
    parts: dict[str, Count]
    features: Count
    target: str
    classes: list[str]
    sha256: str
    notes: list[str]
    files: NotRequired[dict[str, PartFileRecord]]
    columns: NotRequired[list[ColumnReportRecord]]
    repeated_rows: NotRequired[dict[str, Count]]
    single_feature: NotRequired[SingleFeatureRecord]


class ProcessRecord(TypedDict):
    """The process that writes a run: its number, and the name of its machine."""

    pid: int
    host: str


class ResumeRecord(TypedDict):
    """One continuation of a run after a pause: its first step, the time, and the versions."""

    step: Count
    time: str
    versions: dict[str, str]


class Ending(TypedDict):
    """The entries of run.json that are filled in when a run ends."""

    status: Status
    stop: StopRecord
    summary: Summary
    divergence: DivergenceRecord | None
    watched: list[StopRecord]
    timing: TimingRecord


class SymptomRecord(TypedDict):
    """A symptom of a run: its name, its confidence in [0, 1], and its evidence.

    sentence: the name and the evidence. remedies: how many changes of the config may help.
    """

    name: str
    confidence: float
    evidence: str
    sentence: str
    remedies: NotRequired[Count]


class RunRecord(TypedDict):
    """The contents of run.json. stop, summary and timing are None until the run has ended.

    id: the name of the run's directory. divergence: how the run diverged, or None. watched: for
    each rule that is only reported and does not stop the run, its first firing. started: the time
    in ISO 8601. compression: the factorisation of the data that the engine used, such as qr, or
    None. engine_note: what would make the run faster, if the compiled engine is not available.
    plugins: the path and the hash of each plugin. parameters: the number of weights. config: that
    of config.yaml, so that a list of many runs need not read YAML. process: only while the run is
    running. cohort: the ids of the runs that train together, in the order of their seeds; missing
    for a run that trains alone. resumed: the continuations of the run.
    """

    schema_version: int
    id: str
    name: str
    seed: int
    status: Status
    stop: StopRecord | None
    summary: RunSummary | None
    divergence: DivergenceRecord | None
    watched: list[StopRecord]
    started: str
    timing: TimingRecord | None
    engine: str
    compression: str | None
    engine_note: NotRequired[str]
    versions: dict[str, str]
    plugins: list[dict[str, str]]
    data: RunDataRecord
    parameters: Count
    config: NotRequired[dict[str, Any]]
    process: NotRequired[ProcessRecord]
    cohort: NotRequired[list[str]]
    resumed: NotRequired[list[ResumeRecord]]
    diagnosis: NotRequired[list[SymptomRecord]]


def opening(
    cohort: Cohort, engine: Engine, experiment: Experiment, identity: str, started: datetime
) -> RunRecord:
    """The record of a run before its first step. identity: the name of its directory."""
    record: RunRecord = {
        "schema_version": SCHEMA_VERSION,
        "id": identity,
        "name": experiment.name,
        "seed": experiment.seed,
        "status": "running",
        "stop": None,
        "summary": None,
        "divergence": None,
        "watched": [],
        "started": started.isoformat(timespec="seconds"),
        "timing": None,
        "engine": engine.name,
        "compression": engine.compression,
        "versions": versions(engine.compiler),
        "plugins": loaded_plugins(),
        "data": data_record(cohort.data, own=has_own_data(experiment)),
        "parameters": cohort.model.layout.size,
    }
    if engine.note is not None:
        record["engine_note"] = engine.note
    return record


def closing(
    record: RunRecord, cohort: Cohort, engine: Engine, outcome: Outcome, config: Mapping[str, Any]
) -> RunRecord:
    """The record of a run that has ended, with its symptoms, and the metrics of its final weights.

    The metrics are not part of `ending`, because the trials of a study are ranked by their
    evaluations, and measuring hundreds of trials one by one would take longer than training them
    together.
    """
    end, found = ending(outcome), measured(cohort, engine, outcome)
    summary = with_metrics(end["summary"], found, cohort.data.classes)
    closed: RunRecord = {**record, **end, "summary": summary}
    if closed["status"] != "interrupted":
        closed["diagnosis"] = _diagnosis(closed, config, outcome)
    return closed


def _diagnosis(
    record: RunRecord, config: Mapping[str, Any], outcome: Outcome
) -> list[SymptomRecord]:
    """The symptoms of a run that has ended. They are empty if the run was never evaluated."""
    if not len(outcome.evaluations.get("train_loss", ())):
        return []
    found = diagnose(traced_of(record, config, outcome.steps, outcome.evaluations))
    return [
        {
            "name": each.name,
            "confidence": each.confidence,
            "evidence": each.evidence,
            "sentence": f"{each.name}: {each.evidence}",
            "remedies": len(each.remedies),
        }
        for each in found
    ]


def ending(outcome: Outcome) -> Ending:
    """The entries of run.json that tell how a run ended."""
    timing = outcome.timing
    return {
        "status": outcome.status,
        "stop": _stop(outcome.stop),
        "summary": summary_of(outcome),
        "divergence": _divergence(outcome.divergence) if outcome.divergence else None,
        "watched": [_stop(stop) for stop in outcome.watched],
        "timing": {
            "updates": timing.updates,
            "evaluations": timing.evaluations,
            "total": timing.total,
        },
    }


def repeatable(engine: Engine, experiment: Experiment) -> dict[str, Any]:
    """The config of an experiment, such that it repeats the same run from any working directory.

    Paths are absolute. The config names the engine that ran, because engines differ in the last
    bits, and `auto` may choose another engine on another machine.
    """
    return with_absolute_paths(experiment.plain() | {"engine": engine.name})


def with_absolute_paths(plain: dict[str, Any]) -> dict[str, Any]:
    """The plain data of an experiment, with absolute paths of files."""
    dataset = plain.get("dataset", {})
    for key in dataset.keys() & {"path", "targets", "folder"}:
        dataset[key] = _absolute(dataset[key])
    for part in dataset.keys() & set(HELD_OUT):
        file = dataset[part]
        dataset[part] = (
            _absolute(file)
            if isinstance(file, str)
            else file | {key: _absolute(file[key]) for key in file.keys() & {"path", "targets"}}
        )
    return plain


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def versions(compiler: str | None = None) -> dict[str, str]:
    """The versions of the software, by name, that must be the same to repeat a run bit for bit.

    compiler: the version of the C compiler; None if no compiled engine ran.
    """
    own = {} if compiler is None else {"compiler": compiler}
    return own | {
        "gdrun": version("gdrun"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def has_own_data(experiment: Experiment) -> bool:
    """Whether the data are the user's: in a file or in memory, not a dataset of the package."""
    dataset = experiment.dataset
    return experiment.surface is None and (dataset.chosen_by != "name" or dataset.name == "arrays")


def data_record(data: Prepared, *, own: bool) -> RunDataRecord:
    """The description of the data. own: whether they are the user's, and may have a leak."""
    record: RunDataRecord = {
        "name": data.name,
        "rows": sum(data.rows.values()),
        "parts": data.rows,
        "features": data.features,
        "target": data.target_name,
        "classes": list(data.classes),
        "sha256": data.sha256,
        "notes": list(data.notes),
        "columns": [
            {
                "name": report.name,
                "kind": report.kind,
                "missing": report.missing,
                "becomes": report.becomes,
                "features": list(report.features),
            }
            for report in data.reports
        ],
        "repeated_rows": asdict(data.repeated),
    }
    if data.files:
        record["files"] = {
            part: {"path": path, "sha256": digest} for part, (path, digest) in data.files.items()
        }
    if own and (best := data.single_feature) is not None:
        record["single_feature"] = cast("SingleFeatureRecord", asdict(best))
    return record


def _stop(stop: Stop) -> StopRecord:
    return {"rule": stop.rule, "epoch": stop.epoch, "step": stop.step, "message": stop.message}


def _divergence(divergence: Divergence) -> DivergenceRecord:
    return {
        "step": divergence.step,
        "epoch": divergence.epoch,
        "quantity": divergence.quantity,
        "value": divergence.value,
        "layer": divergence.layer,
        "last_finite_loss": divergence.last_finite_loss,
    }
