"""Exports for experiment trackers: TensorBoard, MLflow, and Weights & Biases without a network."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gdrun.errors import GdrunError, MissingExtraError
from gdrun.views.recorded import Recorded

NOT_CURVES = ("step", "epoch", "gradients", "seconds", "combined")
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
        from tensorboardX.summary import hparams
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
            # writer.add_hparams opens a second file of the same name, which overwrites this one.
            for summary in hparams(each.settings, dict(each.summary)):
                writer.file_writer.add_summary(summary)
            for name, value in each.summary.items():
                writer.add_scalar(name, value, _last_step(each))


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
        # MLflow requires this consent, because it does not develop file stores any further.
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


WANDB_NAME = 128
"""The longest name of a project or a run that W&B stores."""

_WANDB_ENVIRONMENT = {
    "WANDB_MODE": "offline",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
}
"""Variables with which the client of W&B sends nothing, also no reports of errors."""


def write_wandb(records: Sequence[Recorded], folder: Path, project: str) -> None:
    """Write each run in the offline format of W&B, which `wandb sync` can send later.

    The client writes the directory wandb/offline-run-* in `folder` for each run, with the config,
    the curves by step, the summary and the exit code, and needs no network. project: the name of
    the project of W&B. Non-finite numbers are kept as such. Raises MissingExtraError if wandb is
    not installed.
    """
    try:
        import wandb
    except ImportError:
        raise MissingExtraError("an export for W&B", "wandb") from None
    folder.mkdir(parents=True)
    with _environment(_WANDB_ENVIRONMENT):
        settings = wandb.Settings(
            mode="offline",
            console="off",
            silent=True,
            host="",
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        for each in records:
            run = wandb.init(
                project=re.sub(r"[/\\#?%:]", "-", project)[:WANDB_NAME],
                name=each.name[:WANDB_NAME],
                dir=str(folder),
                config=dict(each.config),
                notes=f"{each.status}: {each.verdict}",
                tags=[each.status],
                settings=settings,
                reinit="finish_previous",
            )
            for step, point in _by_step(each).items():
                run.log(point, step=step)
            run.summary.update({f"summary/{name}": value for name, value in each.summary.items()})
            run.finish(exit_code=1 if each.status in _FAILED else 0)
        wandb.teardown()


def _by_step(each: Recorded) -> dict[int, dict[str, float]]:
    """For each step of a run, in ascending order, the numbers at this step by name.

    W&B stores the numbers of a step together. One of them is the epoch, which is another x axis.
    """
    found: dict[int, dict[str, float]] = {}
    for kind, columns in (("evals", each.evals), ("steps", each.steps)):
        for place, step in enumerate(columns.get("step", np.empty(0)).tolist()):
            point = found.setdefault(step, {"epoch": float(columns["epoch"][place])})
            for name, column in columns.items():
                if name not in NOT_CURVES:
                    point[f"{kind}/{name}"] = float(column[place])
    return dict(sorted(found.items()))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """A context in which these variables of the environment are set."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_FAILED = ("diverged", "failed", "interrupted")


def _points(each: Recorded) -> list[tuple[str, float, int]]:
    """Every number of a run as (name, value, step); the summary has the last step."""
    found = []
    for kind, columns in (("evals", each.evals), ("steps", each.steps)):
        for name, column in columns.items():
            if name not in NOT_CURVES:
                pairs = zip(column.tolist(), columns["step"].tolist(), strict=True)
                found += [(f"{kind}/{name}", float(value), step) for value, step in pairs]
    last = _last_step(each)
    return found + [(f"summary/{name}", value, last) for name, value in each.summary.items()]


def _last_step(each: Recorded) -> int:
    """The step of the last evaluation of a run; 0 without one."""
    return int(each.evals["step"][-1]) if len(each.evals.get("step", ())) else 0


def _folder_name(each: Recorded, place: int) -> str:
    """The name of a run as the name of a directory: letters, digits and signs that are safe."""
    safe = "".join(letter if letter.isalnum() or letter in "-_=." else "-" for letter in each.name)
    return safe.strip(".")[:100] or f"run-{place + 1}"
