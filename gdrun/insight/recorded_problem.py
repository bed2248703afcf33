"""The problem of a recorded run, with the data on which it was trained."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.config.resolving import resolve
from gdrun.errors import RecordError
from gdrun.insight.problem import AnalysedProblem, analysed
from gdrun.runs.run import Run


def problem_of_run(run: Run) -> AnalysedProblem:
    """The problem of a run.

    Raises RecordError if the data are arrays from Python, or changed since the run; DataError if
    they cannot be read.
    """
    if run.config.get("dataset", {}).get("name") == "arrays":
        raise RecordError(
            "was trained on arrays from Python, which are not stored",
            where=run.id,
            hint="write the arrays to a file, and train on it",
        )
    problem = analysed(resolve(run.config))
    if problem.cohort.data.sha256 != run.record["data"]["sha256"]:
        where = f"{run.directory}/config.yaml" if run.directory else "CONFIG"
        hint = f"`gdrun train {where}` trains it again"
        raise RecordError("the data changed since this run", where=run.id, hint=hint)
    return problem


def last_weights(run: Run) -> tuple[AnalysedProblem, Array, int]:
    """The problem of a run, the weights (P,) that the run returns, and their step.

    Raises RecordError as `problem_of_run`, and if the run has no finite weights.
    """
    problem = problem_of_run(run)
    try:
        last = problem.row_of(run.weights)
    except (KeyError, ValueError):
        last = np.full(1, np.nan)
    if not np.isfinite(last).all():
        raise RecordError(
            "has no finite weights, so its end cannot be analysed",
            where=run.id,
            hint="`gdrun theory` with the config of the run analyses its start",
        )
    step = run.stop["step"] if run.stop is not None else int(run.evals["step"][-1])
    return problem, last, step
