"""Exports for experiment trackers: the event files of TensorBoard, and a store of MLflow."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from gdrun.errors import GdrunError, MissingExtraError
from gdrun.views.recorded import Recorded

NOT_CURVES = ("step", "epoch", "gradients", "seconds", "steps")
"""The columns of a trace that are axes and not curves."""

MLFLOW_BATCH = 1000
"""The most metrics that MLflow takes in one call."""

MLFLOW_TEXT = 6000
"""The longest value of a parameter that MLflow stores."""


def write_tensorboard(records: Sequence[Recorded], folder: Path) -> None:
    """Write a directory of event files for each run: its curves by step, and its settings.

    The curves are named evals/NAME and steps/NAME. The settings and the numbers of the summary are
    the hyperparameters and the metrics of TensorBoard's page of hyperparameters. Raises
    MissingExtraError if tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise MissingExtraError("an export for TensorBoard", "track") from None
    for place, each in enumerate(records):
        with SummaryWriter(str(folder / _folder_name(each, place))) as writer:
            for kind, columns in (("evals", each.evals), ("steps", each.steps)):
                for name, column in columns.items():
                    if name in NOT_CURVES:
                        continue
                    for step, value in zip(columns["step"].tolist(), column.tolist(), strict=True):
                        writer.add_scalar(f"{kind}/{name}", value, step)
            writer.add_text("verdict", f"{each.status}: {each.verdict}")
            writer.add_hparams(each.settings, dict(each.summary), name=".")


def write_mlflow(records: Sequence[Recorded], destination: str, experiment: str) -> None:
    """Log each run to MLflow: its settings, curves, summary and status.

    destination: a directory for a local store, or the URI of a store or of a tracking server.
    experiment: the name of the experiment of MLflow. Non-finite numbers are logged as such. Raises
    MissingExtraError if mlflow is not installed, GdrunError if the store cannot be reached.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise MissingExtraError("an export for MLflow", "track") from None
    uri = destination if "://" in destination else Path(destination).resolve().as_uri()
    if uri.startswith("file:"):
        # MLflow asks for this consent, because it will not develop stores in files any further.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    try:
        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name(experiment)
        home = known.experiment_id if known else client.create_experiment(experiment)
        for each in records:
            run = client.create_run(home, run_name=each.name).info.run_id
            params = [Param(key, text[:MLFLOW_TEXT]) for key, text in each.settings.items()]
            tags = [RunTag("gdrun.id", each.id), RunTag("gdrun.status", each.status)]
            tags.append(RunTag("gdrun.verdict", each.verdict))
            client.log_batch(run, params=params, tags=tags)
            now = int(time.time() * 1000)
            metrics = [Metric(*point[:2], now, point[2]) for point in _points(each)]
            for start in range(0, len(metrics), MLFLOW_BATCH):
                client.log_batch(run, metrics=metrics[start : start + MLFLOW_BATCH])
            client.set_terminated(run, "FAILED" if each.status in _FAILED else "FINISHED")
    except MlflowException as error:
        hint = "give a directory, or the URI of a running server such as http://localhost:5000"
        what = f"MLflow cannot write there: {str(error).splitlines()[0]}"
        raise GdrunError(what, where=destination, hint=hint) from None


_FAILED = ("diverged", "failed", "interrupted")


def _points(each: Recorded) -> list[tuple[str, float, int]]:
    """Every number of a run as (name, value, step); the summary has the last step."""
    found = []
    for kind, columns in (("evals", each.evals), ("steps", each.steps)):
        for name, column in columns.items():
            if name not in NOT_CURVES:
                pairs = zip(column.tolist(), columns["step"].tolist(), strict=True)
                found += [(f"{kind}/{name}", float(value), step) for value, step in pairs]
    last = int(each.evals["step"][-1]) if len(each.evals.get("step", ())) else 0
    return found + [(f"summary/{name}", value, last) for name, value in each.summary.items()]


def _folder_name(each: Recorded, place: int) -> str:
    """The name of a run as the name of a directory: letters, digits and signs that are safe."""
    safe = "".join(letter if letter.isalnum() or letter in "-_=." else "-" for letter in each.name)
    return safe.strip(".")[:100] or f"run-{place + 1}"
