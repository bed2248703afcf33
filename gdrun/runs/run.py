"""Runs: the class Run, and functions that read runs from their directories."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, cast

from typing_extensions import TypedDict

from gdrun.array_types import Array
from gdrun.config.document import read_document
from gdrun.engine.trace import Columns
from gdrun.engine.trace_columns import (
    EVALUATION_COLUMNS,
    LAYER_COLUMNS,
    STEP_COLUMNS,
    described,
)
from gdrun.errors import RecordError
from gdrun.methods.stopping import Status
from gdrun.result_tables import ResultTables
from gdrun.runs import strict_json
from gdrun.runs.checked import check_version, checked, unreadable
from gdrun.runs.finding import RECORD, hint_for_other
from gdrun.runs.missing_model import on_surface, without_description, without_weights
from gdrun.runs.model_file import (
    WEIGHTS,
    ModelDescription,
    description_in,
    read_arrays,
    weights_in,
)
from gdrun.runs.named_columns import NamedColumns
from gdrun.runs.places_in_run import places_in
from gdrun.runs.processes import is_alive
from gdrun.runs.record import (
    SCHEMA_VERSION,
    DivergenceRecord,
    RunRecord,
    StopRecord,
)
from gdrun.runs.statuses import ENDED
from gdrun.runs.summary import RunSummary
from gdrun.runs.trace_file import read_trace

if TYPE_CHECKING:
    from gdrun.runs.trained_model import TrainedModel


class NamedSection(TypedDict):
    """A section of a config with all defaults; its name decides which options it has."""

    name: str


class ScheduleSection(NamedSection):
    """The section `schedule` of a config with all defaults.

    warmup: the length of the warm-up in epochs or steps; 0 for none.
    """

    warmup: float


class AnyConfig(TypedDict):
    """The keys of a config with all defaults that are used to show a run; a config has more."""

    name: str
    dtype: str
    variant: NamedSection
    optimizer: NamedSection
    schedule: ScheduleSection
    clip: NotRequired[dict[str, Any]]
    stopping: dict[str, Any]


class ModelConfig(AnyConfig):
    """The config of an experiment that trains a model."""

    model: NamedSection


class WalkConfig(AnyConfig):
    """The config of an experiment on a surface."""

    surface: NamedSection


@dataclass(frozen=True)
class Run(ResultTables):
    # The docstring is made from the table of columns, so that it cannot differ from the table.
    __doc__ = f"""One execution of an experiment.

    record: the contents of run.json. config: the config with all defaults, as a dict. weights:
    the weights at the end, or those of the best evaluation if the run restores them, as arrays by
    name, such as w (d,) or (d, C) and b for d features and C classes. best_weights: the weights of
    the best evaluation. Both are empty until the run has ended. directory: the path of the run's
    files; None if nothing was written. description: the description of the model; None on a
    surface.

    steps: the trace of steps as arrays by column, (points,) each. A point may combine several
    consecutive steps; its numbers are those of the last of these steps, except in columns that say
    otherwise.

{described(STEP_COLUMNS.values(), indent=" " * 8)}

    evals: the evaluations as arrays by column, (evaluations,) each. A column that was not measured
    is missing.

{described(EVALUATION_COLUMNS.values(), indent=" " * 8)}

    For each layer of a network, as layer1.NAME:

{described(LAYER_COLUMNS.values(), indent=" " * 8)}
    """

    record: RunRecord
    config: dict[str, Any]
    steps: Columns
    evals: Columns
    weights: dict[str, Array]
    best_weights: dict[str, Array]
    directory: Path | None = None
    description: ModelDescription | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "evals"):
            object.__setattr__(self, name, NamedColumns(getattr(self, name)))

    @property
    def id(self) -> str:
        return self.record["id"]

    @property
    def status(self) -> Status:
        return self.record["status"]

    @property
    def stop(self) -> StopRecord | None:
        """Why the run ended: rule, epoch, step and message; None until the run has ended."""
        return self.record["stop"]

    @property
    def summary(self) -> RunSummary:
        """The results and the cost of the run in numbers; empty until the run has ended."""
        return self.record["summary"] or cast("RunSummary", {})

    @property
    def divergence(self) -> DivergenceRecord | None:
        """The quantity that diverged first, and when; None if the run did not diverge."""
        return self.record["divergence"]

    @property
    def model(self) -> TrainedModel:
        """The trained model, for predictions.

        Raises RecordError if the run has no model, has not ended, or diverged.
        """
        # Not at the top: training needs none of the modules that read new data.
        from gdrun.runs.trained_model import model_of

        if "surface" in self.config:
            raise on_surface(self.directory)
        if self.directory is None:
            assert self.description is not None  # only files can lack it
            return model_of(self.description, self.weights, None)
        file = self.directory / WEIGHTS
        if not self.weights:
            raise without_weights(self.directory, self.status)
        if self.description is None:
            raise without_description(file, self.directory)
        return model_of(self.description, self.weights, file)

    @property
    def verdict(self) -> str:
        """A sentence on how the run ended, or that it still runs."""
        if self.stop is None:
            return {"running": "still running", "failed": "failed: see traceback.txt"}.get(
                self.status, "interrupted: the process died before it recorded a result"
            )
        words = {"exhausted": "finished", "diverged": "diverged", "interrupted": "interrupted"}
        word = words.get(self.status, "stopped")
        message = self.stop["message"]
        return message if message.startswith(word) else f"{word}: {message}"

    def _places(self) -> dict[str, str]:
        found = places_in(
            self.config,
            record=self.record,
            weights=self.weights,
            summary=self.summary,
            evals=self.evals,
            steps=self.steps,
        )
        return {**super()._places(), **found}

    def __repr__(self) -> str:
        return f"<Run {self.id}: {self.verdict}>"


def read_run(directory: str | Path) -> Run:
    """Read a run from its directory.

    Raises RecordError if the directory contains no run or a damaged run, ConfigError if config.yaml
    in the directory cannot be read.
    """
    path = Path(directory)
    record = read_record(path)
    record.pop("config", None)  # it is only for lists of runs
    config = read_document(path / "config.yaml").data
    checked(config, WalkConfig if "surface" in config else ModelConfig, path / "config.yaml")
    steps, evals = read_trace(path / "trace.jsonl")
    arrays = read_arrays(path / WEIGHTS)
    weights, best_weights = weights_in(arrays)
    return Run(
        record=record,
        config=config,
        steps=steps,
        evals=evals,
        weights=weights,
        best_weights=best_weights,
        directory=path,
        description=description_in(arrays, path / WEIGHTS),
    )


def read_record(path: Path) -> RunRecord:
    """Read the run.json of a directory.

    If the process that wrote the run has died, the status is "interrupted". Raises RecordError if
    there is no run.json, or it is damaged, or a newer gdrun wrote it.
    """
    file = path / RECORD
    try:
        document = strict_json.read(file)
    except (FileNotFoundError, NotADirectoryError):
        raise RecordError(
            "is not the directory of a run", where=str(path), hint=hint_for_other(path)
        ) from None
    except (OSError, ValueError) as error:
        raise unreadable(file, str(error)) from None
    check_version(document, SCHEMA_VERSION, file)
    record = checked(document, RunRecord, file)
    if record["status"] in ENDED and record["stop"] is None:
        raise unreadable(file, f"stop is null, but the status is {record['status']}")
    if record["status"] == "running" and not is_alive(record.get("process")):
        record["status"] = "interrupted"
    return record
