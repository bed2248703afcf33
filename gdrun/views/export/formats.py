"""The formats of `gdrun export`, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gdrun.errors import GdrunError
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.export import comparison
from gdrun.views.export.files import write_csv, write_parquet
from gdrun.views.export.tables import Table, tables
from gdrun.views.export.trackers import write_mlflow, write_tensorboard, write_wandb
from gdrun.views.recorded import Recorded


@dataclass(frozen=True)
class Subject:
    """What is exported: the records of runs; or the records of a study's trials, and the study.

    name: the name of the run or the study, for tools that group runs.
    """

    name: str
    records: Sequence[Recorded]
    study: Sweep | Comparison | None = None


Write = Callable[[Subject, str], None]


@dataclass(frozen=True)
class Export:
    """One format. write: a function of the subject and the destination. holds: what it writes.

    into: `directory` or `file`, which must not exist; or `store`, to which runs are added.
    """

    write: Write
    holds: str
    into: str


def _as_tables(write_table: Callable[[Table, Path], None], suffix: str) -> Write:
    def write(subject: Subject, destination: str) -> None:
        folder = Path(destination)
        folder.mkdir(parents=True)
        for name, table in tables(subject.records).items():
            write_table(table, folder / f"{name}{suffix}")

    return write


def _as_text(text_of: Callable[[Sweep | Comparison], str]) -> Write:
    def write(subject: Subject, destination: str) -> None:
        if subject.study is None:
            hint = "give the directory of a sweep or a comparison; the format csv exports runs"
            raise GdrunError("only a study has a ranking", where=subject.name, hint=hint)
        Path(destination).write_text(text_of(subject.study), encoding="utf-8")

    return write


FORMATS: dict[str, Export] = {
    "csv": Export(_as_tables(write_csv, ".csv"), "runs.csv, evals.csv and steps.csv", "directory"),
    "parquet": Export(
        _as_tables(write_parquet, ".parquet"),
        "runs.parquet, evals.parquet and steps.parquet",
        "directory",
    ),
    "tensorboard": Export(
        lambda subject, folder: write_tensorboard(subject.records, Path(folder)),
        "a directory with event files of TensorBoard for each run",
        "directory",
    ),
    "mlflow": Export(
        lambda subject, place: write_mlflow(subject.records, place, subject.name),
        "runs of MLflow",
        "store",
    ),
    "wandb": Export(
        lambda subject, folder: write_wandb(subject.records, Path(folder), subject.name),
        "offline runs of W&B, which `wandb sync` sends,",
        "directory",
    ),
    "markdown": Export(_as_text(comparison.markdown), "the ranking of a study, as a table", "file"),
    "latex": Export(_as_text(comparison.latex), "the ranking of a study, as a tabular", "file"),
}
"""Every format by name."""
