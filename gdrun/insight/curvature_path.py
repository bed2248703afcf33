"""The curvature of the objective along a run: its sharpness, and the kind of point at the end.

The sharpness is λmax, the largest eigenvalue of the Hessian. On a quadratic, gradient descent with
the rate α diverges along the eigenvector of λmax if λmax is above 2/α. Networks that are trained
with full batches often have a sharpness that rises until it is near 2/α, and stays there (Cohen et
al. 2021).

Along a step d from w, f is replaced by its second-order Taylor polynomial f(w) + t ∇f(w)ᵀd + ½ t²
dᵀH d. H is the Hessian at w. The polynomial is a parabola in t, and t = 1 is the end of the step.
The position of the step says where on this parabola it ends:

    position = − dᵀH d / ∇f(w)ᵀd − 1

The position is 0 if the step ends at the lowest point of the parabola. It is negative if the step
ends before this point, and above 1 if the step ends higher than it began. It is −1 if dᵀH d = 0,
and below −1 if dᵀH d < 0. Source: Schneider, Dangel & Hennig 2021, who call the position α.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gdrun.array_types import Numbers
from gdrun.config.experiment import Experiment
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.insight.point_kinds import kind_of, possible_decrease
from gdrun.insight.problem import AnalysedProblem, analysed
from gdrun.insight.recorded_problem import last_weights
from gdrun.insight.visited import Place, Visited
from gdrun.methods.stopping import Stop
from gdrun.problems.curvature import extreme_curvatures, gradient_and_product, hessian_product
from gdrun.problems.network import Network
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.run import Run
from gdrun.study.judgement.stability import stable_curvature
from gdrun.symptoms.surface_points import flat_point_at
from gdrun.threads import single_blas_thread

MOST_POINTS = 6
"""The most evaluations of a run at which the curvature is measured."""

MOST_EPOCHS = 30
"""The largest number of epochs for which an experiment is trained to measure its curvature."""

TOLERANCE = 1e-3
"""The relative error of the eigenvalues."""


@dataclass(frozen=True)
class PathPoint:
    """The curvature at one evaluation of a run.

    loss, grad_norm: f and ‖∇f‖ on the measured rows. smallest, largest: the extreme eigenvalues of
    the Hessian. limit: the largest curvature at which the rule is stable with the rate of the last
    step, such as 2/α; None if it is not known. position: where the last step ends on a parabola
    that approximates f along this step: 0 at the lowest point, negative before it, above 1 if the
    step ends higher than it began; None before the first step, and for a step that is no descent
    direction. kind: minimum, saddle, plateau or slope (see `gdrun.insight.point_kinds`).
    """

    step: int
    loss: float
    grad_norm: float
    smallest: float
    largest: float
    limit: float | None
    position: float | None
    kind: str


@dataclass(frozen=True)
class CurvaturePath:
    """The curvature along a run.

    rows: the number of rows on which it was measured. divergence: why and when the run diverged;
    None if it did not.
    """

    points: tuple[PathPoint, ...]
    rows: int
    divergence: Stop | None = None


def path_of(experiment: Experiment, most: int = MOST_POINTS) -> CurvaturePath:
    """Train an experiment, for at most MOST_EPOCHS epochs, and measure the curvature on its path.

    On a surface the whole experiment is trained. Nothing is written. most: the largest number of
    points. Raises ConfigError or DataError if the experiment cannot be trained.
    """
    cohort, engine = build([experiment], experiment_data(experiment))
    places = Visited(8 * most)
    # On a surface an epoch is short, and the place where the whole run ends is of interest.
    end = MOST_EPOCHS if cohort.surface is None else math.inf
    trainer = Trainer(cohort, engine, [places])
    trainer.run_until(end)
    kept = [place for place in places.kept if np.isfinite(place.w).all()]
    # Closer together at the start, where the curvature changes most.
    shares = np.geomspace(1, len(kept), min(most, len(kept)))
    chosen = [kept[k] for k in np.unique(np.rint(shares).astype(int) - 1)]
    found = _measured(analysed(experiment), chosen)
    stops = (outcome.stop for outcome in trainer.outcomes.values())
    return replace(found, divergence=next((s for s in stops if s.status == "diverged"), None))


def path_of_run(run: Run) -> CurvaturePath:
    """Measure the curvature at the first and at the last weights of a run.

    Raises RecordError if the run has no finite weights, or if its data were not stored or have
    changed since; DataError if the data cannot be read; ConfigError if the run needs a plugin that
    is not loaded.
    """
    problem, last, step = last_weights(run)
    rate = float(run.steps["lr"][-1]) if len(run.steps["lr"]) else None
    places = [Place(0, problem.start, None, None), Place(step, last, None, rate)]
    return _measured(problem, places)


def _measured(problem: AnalysedProblem, places: list[Place]) -> CurvaturePath:
    rows = len(problem.measured_rows[0])
    with np.errstate(all="ignore"), single_blas_thread():
        return CurvaturePath(tuple(_points(problem, places)), rows)


def _points(problem: AnalysedProblem, places: list[Place]) -> Iterator[PathPoint]:
    X, y = problem.measured_rows
    first = float(problem.cohort.numbers.lr[0])
    lowest = _lowest(problem)
    scale: float | None = None
    for place in places:
        w = place.w.astype(np.float64)
        value, gradient = problem.objective.value_and_gradient(w[None], X, y)
        loss, norm = float(value[0]), float(np.linalg.norm(gradient[0]))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            continue  # the run has overflowed
        found = extreme_curvatures(problem.objective, w, X, y, tolerance=TOLERANCE)
        scale = loss - lowest if scale is None else scale
        reach = _reach(problem, w)
        product = partial(hessian_product, problem.objective, w, X, y)
        decrease = possible_decrease(gradient[0], product, reach)
        yield PathPoint(
            place.step,
            loss,
            norm,
            found.smallest,
            found.largest,
            stable_curvature(problem.experiment, first if place.rate is None else place.rate),
            _position(problem, place),
            _flat_kind(problem, w, lowest, scale)
            or kind_of(loss - lowest, scale, norm, decrease, found.smallest, found.largest, reach),
        )


def _flat_kind(problem: AnalysedProblem, w: Numbers, lowest: float, fall: float) -> str | None:
    """Saddle or plateau for a flat point of a surface, as a diagnosis says; else None."""
    section = problem.experiment.surface
    found = None if section is None else flat_point_at(w, section.plain(), lowest, fall)
    return None if found is None else found.kind


def _lowest(problem: AnalysedProblem) -> float:
    """A value that f cannot fall below: that of the lowest minimum of a surface, or 0."""
    surface = problem.cohort.surface
    if surface is None:
        return 0.0
    places = np.array(surface.minima, dtype=np.float64)
    return min(problem.value_and_gradient(place)[0] for place in places)


def _reach(problem: AnalysedProblem, w: Numbers) -> float:
    """The larger of ‖w‖ and ‖w − w₀‖, where w₀ are the initial weights; for a network at least 1.

    This distance counts as large for the weights: f is flat at w if it changes little within this
    distance. The least value of 1 is for a network whose weights are still all 0, so that both
    norms are 0.
    """
    least = 1.0 if isinstance(problem.model, Network) else 0.0
    return max(float(np.linalg.norm(w)), float(np.linalg.norm(w - problem.start)), least)


def _position(problem: AnalysedProblem, place: Place) -> float | None:
    """The position of the last step on its parabola (see the docstring of the module).

    None before the first step, and for a step that is no descent direction.
    """
    if place.before is None:
        return None
    before = place.before.astype(np.float64)
    d = place.w.astype(np.float64) - before
    X, y = problem.measured_rows
    gradient, image = gradient_and_product(problem.objective, before, X, y, d)
    falls = float(gradient @ d)
    if not falls < 0 or not math.isfinite(falls):
        return None
    return float(-(d @ image) / falls - 1)
