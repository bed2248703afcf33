"""The suboptimality f − f* of recorded runs, where the minimum f* of the objective is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Numbers
from gdrun.errors import RecordError
from gdrun.insight.recorded_problem import problem_of_run
from gdrun.insight.theory import minimum_of
from gdrun.runs.run import Run
from gdrun.threads import single_blas_thread


def suboptimalities(runs: Sequence[Run]) -> list[Numbers]:
    """f − f* at the evaluations of each run: one array (evaluations,) a run.

    f* is computed once for runs with the same objective. A difference within the rounding error of
    f* is NaN. Raises RecordError if f* is not known, or if the data of a run were not stored or
    have changed since the run; DataError if the data cannot be read; ConfigError if a run needs a
    plugin that is not loaded.
    """
    known: dict[str, float] = {}
    found = []
    for run in runs:
        key = _objective(run)
        if key not in known:
            known[key] = _minimum(run)
        f = np.asarray(run.evals["train_loss"], dtype=np.float64)
        rounding = 4 * float(np.finfo(run.config["dtype"]).eps) * abs(known[key])
        excess = f - known[key]
        found.append(np.where(np.abs(excess) <= rounding, np.nan, excess))
    return found


def _objective(run: Run) -> str:
    """A text that is equal for runs with the same objective on the same training rows."""
    sections = ("surface", "dataset", "model")
    return repr([run.record["data"]["sha256"], *(run.config.get(name) for name in sections)])


def _minimum(run: Run) -> float:
    """The minimum f* of a run's objective. Raises the errors of `suboptimalities`."""
    problem = problem_of_run(run)
    with single_blas_thread():
        minimum = minimum_of(problem)
    if minimum is None or not minimum.converged:
        raise RecordError(
            "the minimum f* of the objective is not known",
            where=run.id,
            hint="draw the loss instead; f* is known on surfaces and for linear models, except on "
            "large data with a loss that has kinks, such as mae or hinge",
        )
    return minimum.value
