"""gdrun.train, read_run and load_model: runs from Python, with data and results as arrays."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.array_types import Array
from gdrun.config.experiment import Experiment
from gdrun.config.loading import Change, Source, arrays_for_dataset
from gdrun.data import Table, table_from_pair
from gdrun.data.sources import is_data_file
from gdrun.errors import GdrunError, Parameter
from gdrun.result_tables import HTML, TABLES
from gdrun.runs.extending import Extension
from gdrun.runs.finding import find_run
from gdrun.runs.model_reading import read_model
from gdrun.runs.resuming import check_config, ended_runs
from gdrun.runs.run import Run, read_run
from gdrun.runs.session import Session
from gdrun.runs.signals import Interruption
from gdrun.runs.trained_model import TrainedModel
from gdrun.study.default_batches import fitted
from gdrun.study.starting import start_experiment

__all__ = ["TrainedModel", "load_model", "read_run", "train"]


def train(
    config: Source = None,
    *overrides: Change,
    data: tuple[Any, Any] | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    extend: str | None = None,
    schedule_length: str | None = None,
) -> Run:
    """Train one experiment and return its run.

    config: the path of a YAML file, a dict with the same keys, an Experiment, or None for the
    quickstart config. It may also be the path of a data file: gdrun then chooses an experiment that
    predicts a column called target, label, class, y or outcome, or else the last one, and
    run.config shows it. overrides: texts such as "optimizer.lr=0.1", or dicts such as {"lr": 0.1}.
    data: (X, y), which replace the dataset: the features X (N, d) and the targets y (N,) of N
    examples with d features. The dataset options split and standardize still apply. out: the
    directory in which a new directory is made for the run; None writes nothing.

    resume: the directory of a run that was interrupted. The run continues from its last checkpoint,
    and ends with the same bits as without the interruption. It keeps its config, so config, if
    given, must be the same. Give data again if the run was trained on arrays. A run that has ended
    is returned as it is. extend: with resume, a larger budget for a run that has ended, such as
    "epochs=100", which includes the part that is used up. schedule_length: with extend, what
    follows a schedule that has a length, such as cosine: "keep" (its last rate), "restart" (the
    schedule once more) or "stretch" (the rest of the same schedule over the whole new budget).

    Raises ConfigError or DataError, with every problem, if the experiment cannot be run;
    MissingExtraError if a package is missing; RecordError if a directory cannot be made in `out`,
    or the run in `resume` cannot continue, because its config, data or plugins have changed, its
    files are damaged, or another process trains it; GdrunError if `extend` is given without
    `resume`.

    A run that diverged is returned too; its status is "diverged". Ctrl-C ends the training and
    returns the run so far, with the status "interrupted"; a second Ctrl-C raises KeyboardInterrupt.
    If a file of the run cannot be written, the run is returned and a warning is given.

    >>> run = train({"dataset": "iris", "model": "softmax"}, "epochs=5", "lr=0.1")
    >>> run.status, run.stop["step"], run.weights["w"].shape
    ('exhausted', 10, (4, 3))
    """
    table = None if data is None else table_from_pair(data)
    changes: list[Change] = [] if data is None else [arrays_for_dataset(config)]
    if resume is not None:
        directory, given = Path(resume), config is not None or overrides
        source = directory / "config.yaml" if config is None else config
        experiment = fitted(source, [*changes, *overrides], table).experiment if given else None
        extension = None if extend is None else Extension(extend, schedule_length)
        return _resumed(directory, experiment, table, extension)
    if extend is not None:
        raise GdrunError("needs a run", where=Parameter("extend"), hint="add `resume`")
    read, known, spent = None, None, 0.0
    if data is None and is_data_file(config):
        experiment, start = start_experiment(str(config), overrides)
        read, known, spent = start.table, start.data, start.seconds
    else:
        fit = fitted(config, [*changes, *overrides], table)
        experiment, known = fit.experiment, fit.data
    session = Session(
        [experiment],
        table=table,
        read=read,
        data=known,
        spent=spent,
        out=Path(out) if out else None,
    )
    (run,) = _runs_of(session, Interruption())
    return run


def train_or_raise(config: Mapping[str, Any], data: tuple[Any, Any]) -> Run:
    """Train as `train` does without files, for callers that train many runs in a loop.

    Raises KeyboardInterrupt after Ctrl-C, when the training has stopped. A caller such as a cross
    validation would take a returned run for a complete one, and train the next one.
    """
    table = table_from_pair(data)
    fit = fitted(config, [arrays_for_dataset(config)], table)
    session = Session([fit.experiment], table=table, data=fit.data, out=None)
    interruption = Interruption()
    (run,) = _runs_of(session, interruption)
    # The signal, not the status of the run: a signal may also come after the last step.
    if interruption.signal is not None:
        raise KeyboardInterrupt
    return run


def _resumed(
    directory: Path,
    experiment: Experiment | None,
    table: Table | None,
    extension: Extension | None,
) -> Run:
    """Continue the run in a directory, with the runs that trained with it, and return the run.

    experiment: the experiment of the run; an error is raised if the directory has another one.
    None means the experiment in the directory. table: the data given again, for a run that was
    trained on arrays. extension: a larger budget for a run that has ended, or None.
    """
    if experiment is not None:
        check_config(directory, experiment)
    runs = None if extension else ended_runs(directory)
    if runs is None:
        session = Session.resumed(directory, table=table, extension=extension)
        runs = _runs_of(session, Interruption())
    return next(run for run in runs if run.directory and run.directory.name == directory.name)


def _runs_of(session: Session, interruption: Interruption) -> list[Run]:
    """Train the runs of a session until they end or Ctrl-C interrupts them."""
    with interruption.watching_keyboard():
        runs = session.run(interrupted=interruption.name)
    for problem in session.problems:
        warnings.warn(str(problem), stacklevel=4)
    return runs


def load_model(run: Run | str | Path) -> TrainedModel:
    """The trained model of a run, for predictions.

    run: a Run, the directory of a run, or its file weights.npz. For a run in the directory `runs`,
    also its id, a part of the id, or "last". Raises RecordError if there is no such run, the run
    has no weights, or its weights are damaged or not finite.

    >>> run = train({"dataset": "iris", "model": "softmax"}, "epochs=20", "lr=0.1")
    >>> model = load_model(run)
    >>> model.predict([[5.1, 3.5, 1.4, 0.2]]).tolist()
    ['setosa']
    """
    return run.model if isinstance(run, Run) else read_model(_directory(run))


def _directory(word: str | Path) -> Path:
    """The directory or file that `word` is, or the run in the directory `runs` that it names."""
    path = Path(word)
    is_name = len(path.parts) == 1 and not path.suffix and not path.exists()
    return find_run(str(word), Path("runs"), parameter="runs") if is_name else path


def _as_html(run: Run) -> str:
    from gdrun.views import notebook, training

    return notebook.html(training.run_result(run)) + notebook.curves_of(run)


def _tables(run: Run) -> dict[str, dict[str, Array]]:
    from gdrun.views.export.tables import tables
    from gdrun.views.recorded import recorded_runs

    return tables(recorded_runs([run]))


HTML[Run] = _as_html
TABLES[Run] = _tables
