"""The contents of run.json, made from an experiment, its data and its outcome."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.settings import HELD_OUT
from gdrun.data import Prepared
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine
from gdrun.engine.measuring import measured
from gdrun.engine.outcome import Divergence, Outcome
from gdrun.methods.plugins import loaded_plugins
from gdrun.methods.stopping import Stop
from gdrun.runs.judged import judged
from gdrun.runs.record import (
    SCHEMA_VERSION,
    DivergenceRecord,
    Ending,
    FeatureScaleRecord,
    RunDataRecord,
    RunRecord,
    SingleFeatureRecord,
    StopRecord,
    SymptomRecord,
    TimingRecord,
)
from gdrun.runs.summary import summary_of, with_metrics
from gdrun.symptoms.registry import diagnose


def opening(
    cohort: Cohort, engine: Engine, experiment: Experiment, identity: str, started: datetime
) -> RunRecord:
    """The record of a run before its first step. identity: the id of the run."""
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
    """The record of a run that has ended, with its symptoms and the metrics of its weights.

    record: the record before. config: the config of the run with all defaults, from which symptoms
    are found. The metrics are not part of `ending`, which studies use as well: measuring hundreds
    of trials one by one would take longer than training them together.
    """
    end, found = ending(outcome), measured(cohort, engine, outcome)
    summary = with_metrics(end["summary"], found, cohort.data.classes)
    timing: TimingRecord = {**end["timing"], "reading": cohort.data.seconds}
    closed: RunRecord = {**record, **end, "summary": summary, "timing": timing}
    if closed["status"] != "interrupted":
        closed["diagnosis"] = _diagnosis(closed, config, outcome)
    return closed


def _diagnosis(
    record: RunRecord, config: Mapping[str, Any], outcome: Outcome
) -> list[SymptomRecord]:
    """The symptoms of a run that has ended; an empty list if the run was never evaluated."""
    if not len(outcome.evaluations.get("train_loss", ())):
        return []
    found = diagnose(judged(record, config, outcome.steps, outcome.evaluations))
    return [
        {
            "name": each.name,
            "confidence": each.confidence,
            "evidence": each.evidence,
            "sentence": f"{each.name}: {each.evidence}",
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
    """Return a config in which the paths of data files are absolute.

    plain: the config as a dict, which is changed and returned.
    """
    return _with_paths(plain, _absolute)


def with_relative_paths(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a config in which the paths of data files in the current directory are relative to it.

    The paths of other files are unchanged. plain: the config as a dict, which is changed and
    returned.
    """
    return _with_paths(plain, _relative)


def _with_paths(plain: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    dataset = plain.get("dataset", {})
    for key in dataset.keys() & {"path", "targets", "folder"}:
        dataset[key] = change(dataset[key])
    for part in dataset.keys() & set(HELD_OUT):
        file = dataset[part]
        dataset[part] = (
            change(file)
            if isinstance(file, str)
            else file | {key: change(file[key]) for key in file.keys() & {"path", "targets"}}
        )
    return plain


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _relative(path: str) -> str:
    return str(Path(path).absolute().relative_to(Path.cwd())) if is_inside(path) else path


def is_inside(path: str | Path) -> bool:
    """Whether a path is that of the current directory, or of a file or directory in it."""
    parts = Path(path).absolute().parts
    here = Path.cwd().parts
    return parts[: len(here)] == here and ".." not in parts


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
    """The description of the data.

    own: whether the data are the user's. Only then is the best single feature recorded, to find
    a feature that contains the target (the symptom `leak`).
    """
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
    if data.left_out:
        record["left_out"] = list(data.left_out)
    if data.files:
        record["files"] = {
            part: {"path": path, "sha256": digest} for part, (path, digest) in data.files.items()
        }
    if (scales := data.extreme_scales) is not None:
        smallest, largest = (cast("FeatureScaleRecord", asdict(each)) for each in scales)
        record["scales"] = {"smallest": smallest, "largest": largest}
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
