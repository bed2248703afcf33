"""gdrun.train, read_run and load_model: runs from Python, with data and results as arrays."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from gdrun.config.loading import Source, arrays_for_dataset, load
from gdrun.config.overrides import Override
from gdrun.data import table_from_pair
from gdrun.notebook_tables import HTML
from gdrun.runs.run import Run, read_run
from gdrun.runs.session import Session
from gdrun.runs.trained_model import TrainedModel, read_model

__all__ = ["TrainedModel", "load_model", "read_run", "train"]


def train(
    config: Source = None,
    *overrides: str,
    data: tuple[Any, Any] | None = None,
    out: str | Path | None = None,
) -> Run:
    """Train one experiment and return its run.

    config: the path of a YAML file, a dict with the same keys, an Experiment, or None for the
    quickstart config. overrides: texts such as "optimizer.lr=0.1". data: (X, y), which
    replace the dataset: the features X (N, d) and the targets y (N,) of N examples with d features.
    The dataset options split and standardize still apply.
    out: the directory in which a new directory is made for the run; None writes nothing.

    Raises ConfigError or DataError, with every problem, if the experiment cannot be run;
    MissingExtraError if a package is missing; RecordError if a directory cannot be made in `out`.
    A run that diverged is returned too; its status is "diverged". If a file of the run cannot be
    written, the run is returned and a warning is given.

    >>> run = train({"dataset": "iris", "model": "softmax"}, "epochs=5", "lr=0.1")
    >>> run.status, run.stop["step"], run.weights["w"].shape
    ('exhausted', 10, (4, 3))
    """
    table = None if data is None else table_from_pair(data)
    changes: list[str | Override] = [] if data is None else [arrays_for_dataset(config)]
    experiment = load(config, [*changes, *overrides])
    session = Session([experiment], table=table, out=Path(out) if out else None)
    (run,) = session.run()
    for problem in session.problems:
        warnings.warn(str(problem), stacklevel=2)
    return run


def load_model(run: Run | str | Path) -> TrainedModel:
    """The trained model of a run, for predictions.

    run: a Run, the directory of a run, or its file weights.npz. Raises RecordError if the
    run has no weights, or its weights are damaged or not finite.

    >>> run = train({"dataset": "iris", "model": "softmax"}, "epochs=20", "lr=0.1")
    >>> model = load_model(run)
    >>> model.predict([[5.1, 3.5, 1.4, 0.2]]).tolist()
    ['setosa']
    """
    return run.model if isinstance(run, Run) else read_model(Path(run))


def _as_html(run: Run) -> str:
    from gdrun.views import notebook, training

    return notebook.html(training.run_result(run))


HTML[Run] = _as_html
