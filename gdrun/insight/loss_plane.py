"""The loss of a trained model on a plane through its weights, and the path of the run on it.

The plane contains the last weights w_N and has the first two principal directions of the path. They
are the directions in which w_n − w_N varies most over the evaluations n: the first two right
singular vectors of the matrix with the rows w_n − w_N. The path is projected onto the plane. The
share of the variance that lies in the plane says how much of the path the projection shows.

A run keeps only its last and its best weights. The weights between are found by training the
recorded experiment again in memory. With the same versions this repeats the run bit for bit.

Source: Li, Xu, Taylor, Studer & Goldstein 2018, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.errors import RecordError
from gdrun.insight.problem import AnalysedProblem
from gdrun.insight.recorded_problem import last_weights
from gdrun.insight.visited import Visited
from gdrun.problems.rows import Examples
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.recorded_experiment import config_of, repeatable_experiment
from gdrun.runs.run import Run
from gdrun.threads import single_blas_thread

SIDE = 41
"""The number of points along each side of the plane."""

MOST_PLACES = 200
"""The most points of the path that are kept."""

MOST_ROWS = 1024
"""The most training rows on which the loss is measured. If there are more, evenly spaced rows are
used.
"""

MARGIN = 0.25
"""The distance between the path and the edge of the plane, as a share of the path's extent."""


@dataclass(frozen=True)
class LossPlane:
    """The loss on the plane of the first two principal directions, and the path of a run.

    u, v (SIDE,): coordinates along the first and the second direction, 0 at the last weights.
    values (SIDE, SIDE): the objective on `rows` training rows, with a row for each v and a column
    for each u. path (places, 2): the coordinates (u, v) of the projected weights from the start to
    the end. steps (places,): the steps of these weights. evaluations: the number of evaluations of
    the run; the path has at most about MOST_PLACES of them. share: the part of the squared
    distances of the path from the last weights along each direction. repeated: whether training
    again gave exactly the recorded last weights.
    """

    u: Numbers
    v: Numbers
    values: Numbers
    path: Numbers
    steps: Array
    evaluations: int
    share: tuple[float, float]
    rows: int
    repeated: bool


def loss_plane(run: Run) -> LossPlane:
    """Train the experiment of a run again in memory, and measure the loss around its path.

    Raises RecordError if the run has no finite weights, fewer than three evaluations or two
    weights, a plugin or data that have changed, or data that were not stored; or if the training
    did not come near the recorded weights, for example with another version. Raises DataError if
    the data cannot be read; ConfigError if the run needs a plugin that is not loaded.
    """
    experiment = repeatable_experiment(run)
    problem, last, _ = last_weights(run)
    kept = Visited(MOST_PLACES)
    cohort, engine = build([experiment], experiment_data(experiment))
    (outcome,) = Trainer(cohort, engine, [kept]).run()
    found = kept.places
    places = np.array([place.w for place in found], dtype=np.float64)
    again = np.asarray(outcome.weights, dtype=np.float64)
    _check(run, places, again, last)
    offsets = places - last
    directions, share = principal_directions(offsets)
    path = offsets @ directions.T
    u, v = (_around(np.append(column, 0.0)) for column in path.T)
    X, y = _rows(problem)
    with single_blas_thread():
        values = _values(problem, last, directions, (u, v), X, y)
    steps = np.array([place.step for place in found])
    repeated = bool((again == last).all())
    return LossPlane(u, v, values, path, steps, kept.seen, share, len(y), repeated)


def principal_directions(offsets: Numbers) -> tuple[Numbers, tuple[float, float]]:
    """The first two principal directions (2, P) of offsets (n, P), and the share of each.

    Each row is the offset of weights from a fixed point, here the last weights; the mean is not
    subtracted. A share is the part of the sum of all squared offsets along the direction. Each
    direction has length 1 and points to the side on which its largest entry is positive. If
    all offsets are on a line, the second direction is any one that is perpendicular to it.
    """
    _, sizes, rows = np.linalg.svd(offsets, full_matrices=False)
    directions = rows[:2].copy()
    tops = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[[0, 1], tops])[:, None]
    total = float((sizes**2).sum()) or 1.0
    return directions, (float(sizes[0] ** 2) / total, float(sizes[1] ** 2) / total)


def _check(run: Run, places: Numbers, again: Numbers, last: Numbers) -> None:
    """Raise RecordError if the run cannot be drawn.

    places (places, P): the weights of the path. again, last (P,): the last weights of the new
    training and of the recorded run.
    """
    if len(places) < 3 or last.size < 2:
        raise RecordError(
            "a plane needs three evaluations and two weights: this run has "
            f"{len(places)} and {last.size}",
            where=run.id,
            hint=f"train with more epochs: `gdrun train {config_of(run)} epochs=10`"
            if last.size > 1
            else "choose a run of a model with at least two weights",
        )
    scale = float(np.linalg.norm(last - places[0])) or 1.0
    if not np.linalg.norm(again - last) <= 1e-3 * scale:
        raise RecordError(
            "training the run again gave other weights, for example with another version of gdrun, "
            "so the path of the run is not known",
            where=run.id,
            hint="train a new run from its config, and draw that one: "
            f"`gdrun train {config_of(run)}`",
        )


def _around(column: Numbers) -> Numbers:
    """SIDE coordinates that cover a path and a margin. column (n,): the path in one direction."""
    low, high = float(column.min()), float(column.max())
    margin = MARGIN * ((high - low) or 1.0)
    return np.linspace(low - margin, high + margin, SIDE)


def _rows(problem: AnalysedProblem) -> tuple[Examples, Array]:
    """At most MOST_ROWS evenly spaced training rows."""
    if problem.rows <= MOST_ROWS:
        return problem.X, problem.y
    chosen = np.linspace(0, problem.rows - 1, MOST_ROWS).astype(np.int64)
    return problem.X.take(chosen, axis=0), problem.y[chosen]


def _values(
    problem: AnalysedProblem,
    centre: Numbers,
    directions: Numbers,
    axes: tuple[Numbers, Numbers],
    X: Examples,
    y: Array,
) -> Numbers:
    """The objective (SIDE, SIDE) on the rows X, y, with a row for each v and a column for each u.

    centre (P,): the last weights. directions (2, P): those of u and v. axes: u and v, (SIDE,) each.
    """
    u, v = axes
    values = np.empty((len(v), len(u)))
    with np.errstate(all="ignore"):
        for k, height in enumerate(v):
            W = centre + u[:, None] * directions[0] + height * directions[1]
            values[k], _ = problem.objective.value_and_gradient(W, X, y)
    return values
