"""The problem of a recorded run, with the data on which it was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gdrun.array_types import Array
from gdrun.errors import DataError, RecordError
from gdrun.insight.problem import AnalysedProblem, analysed
from gdrun.runs.recorded_experiment import config_of, experiment_of
from gdrun.runs.run import Run


def problem_of_run(run: Run) -> AnalysedProblem:
    """The problem of a run.

    Raises RecordError if the data are arrays from Python, or have changed since the run; DataError
    if the data cannot be read; ConfigError if the run needs a plugin that is not loaded.
    """
    if run.config.get("dataset", {}).get("name") == "arrays":
        raise RecordError(
            "was trained on arrays from Python, which are not stored",
            where=run.id,
            hint="write the arrays to a file, and train on it",
        )
    try:
        problem = analysed(experiment_of(run))
    except DataError as error:
        hint = f"`gdrun train {config_of(run)} dataset.path=FILE` trains on a file elsewhere"
        raise DataError(replace(each, hint=each.hint or hint) for each in error.problems) from error
    if problem.cohort.data.sha256 != run.record["data"]["sha256"]:
        hint = f"`gdrun train {config_of(run)}` trains it again"
        raise RecordError("the data changed since this run", where=run.id, hint=hint)
    return problem


def last_weights(run: Run) -> tuple[AnalysedProblem, Array, int]:
    """The problem of a run, the weights (P,) that the run returns, and the step at which it ended.

    Raises RecordError if the run has no finite weights, or if its data are arrays from Python or
    have changed since the run; DataError if the data cannot be read; ConfigError if the run needs a
    plugin that is not loaded.
    """
    problem = problem_of_run(run)
    try:
        last = problem.row_of(run.weights)
    except (KeyError, ValueError):
        last = np.full(1, np.nan)
    if not np.isfinite(last).all():
        lack = "finite weights" if run.weights else "weights"
        raise RecordError(
            f"has no {lack}, so its end cannot be analysed",
            where=run.id,
            hint=f"`gdrun theory {config_of(run)}` analyses its start",
        )
    step = run.stop["step"] if run.stop is not None else int(run.evals["step"][-1])
    return problem, last, step
