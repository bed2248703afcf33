"""The contents of run.json: the description of a run, and how it ended."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from gdrun.methods.stopping import Status
from gdrun.runs.checked import Count, Seconds
from gdrun.runs.summary import RunSummary, Summary

SCHEMA_VERSION = 1


class StopRecord(TypedDict):
    """Why and when a run ended: the name of the rule or budget, the time, and a sentence."""

    rule: str
    epoch: float
    step: Count
    message: str


class DivergenceRecord(TypedDict):
    """How a run diverged: when, and which quantity was not finite or too large.

    quantity, value: the name of the quantity, such as "batch loss", and its value. layer: the name
    of the weights that became non-finite; None if it is not known. last_finite_loss: the last
    finite loss before; NaN if no loss was finite.
    """

    step: Count
    epoch: float
    quantity: str
    value: float
    layer: str | None
    last_finite_loss: float


class TimingRecord(TypedDict):
    """The wall-clock seconds that a run took: in updates, in evaluations, and in total.

    reading: the time to read and prepare the data, which is not part of `total`. Records of earlier
    versions and of studies do not have this key.
    """

    updates: Seconds
    evaluations: Seconds
    total: Seconds
    reading: NotRequired[Seconds]


class ColumnReportRecord(TypedDict):
    """A column of a data file.

    kind: such as number, category or date. missing: the number of missing values. becomes: what
    the column becomes, in words. features: the names of its features; empty for the target and for
    a column that is left out.
    """

    name: str
    kind: str
    missing: Count
    becomes: str
    features: list[str]


class SingleFeatureRecord(TypedDict):
    """The feature, or column of categories, that alone predicts the target best.

    measure: what `score` is: the area under the ROC curve, Goodman and Kruskal's λ, or R². score:
    from 0 to 1, on the training part.
    """

    feature: str
    measure: Literal["auc", "lambda", "r2"]
    score: float


class FeatureScaleRecord(TypedDict):
    """The size of a feature: its name, and the root mean square of its values."""

    feature: str
    rms: float


class ExtremeScalesRecord(TypedDict):
    """The features with the smallest and the largest root mean square."""

    smallest: FeatureScaleRecord
    largest: FeatureScaleRecord


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
    of a file became. repeated_rows: `all` counts the rows that are equal to an earlier row in all
    features and the target. `validation` and `test` count the rows of the part that the training
    part contains too. left_out: the columns of a file that are neither features nor the target.
    single_feature: the feature that alone predicts the target best; only for the user's own data.
    scales: the features with the smallest and the largest root mean square in the training part, if
    they are not standardised.
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
    left_out: NotRequired[list[str]]
    single_feature: NotRequired[SingleFeatureRecord]
    scales: NotRequired[ExtremeScalesRecord]


class ProcessRecord(TypedDict):
    """The process that writes a run: its number, and the name of its machine."""

    pid: int
    host: str


class ResumeRecord(TypedDict):
    """One continuation of a run after a pause.

    step: the number of steps before it. time: in ISO 8601. versions: those of the software.
    """

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

    sentence: the name and the evidence.
    """

    name: str
    confidence: float
    evidence: str
    sentence: str


class RunRecord(TypedDict):
    """The contents of run.json. stop, summary and timing are None until the run has ended.

    id: the name of the run's directory. divergence: how the run diverged, or None. watched: for
    each rule that is only reported and does not stop the run, its first firing. started: the time
    in ISO 8601. compression: the factorisation of the data that the engine used, such as qr, or
    None. engine_note: what would make the run faster, if the compiled engine is not available.
    plugins: the path and the hash of each plugin. parameters: the number of weights. config: the
    contents of config.yaml, so that a list of many runs need not read YAML. process: only while the
    run is running. cohort: the ids of the runs that train together, in the order of their seeds;
    missing for a run that trains alone. resumed: the continuations of the run. diagnosis: the
    symptoms of the run; missing until the run has ended, and for an interrupted run.
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
