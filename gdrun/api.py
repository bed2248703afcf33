"""gdrun from Python: the same verbs as the command line, with arrays in and arrays out."""

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

__all__ = ["read_run", "train"]


def train(
    config: Source = None,
    *overrides: str,
    data: tuple[Any, Any] | None = None,
    out: str | Path | None = None,
) -> Run:
    """Train one experiment and return its run.

    config: the path of a YAML file, a dict of the same keys, or None for the quickstart.
    overrides: texts such as "optimizer.lr=0.1". data: (X, y) with X (N, d) and y (N,), in place of
    the config's dataset; its split and standardize keep their meaning. out: the directory that
    gets the run's own; None writes nothing.

    Raises ConfigError or DataError where the experiment cannot be run, with all that is wrong, and
    RecordError where `out` cannot be written to. A run that diverges is returned like any other:
    `run.status` says so. A disk that fails later is a warning, since the training is done.

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


def _as_html(run: Run) -> str:
    from gdrun.views import notebook, training

    return notebook.html(training.run_result(run))


HTML[Run] = _as_html
