"""The constants of an objective that theory needs: L, μ and the curvatures.

The curvatures decide how fast gradient descent converges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gdrun.array_types import Array
from gdrun.insight.minimum import MOST_PARAMETERS, Minimum
from gdrun.insight.problem import AnalysedProblem
from gdrun.problems.curvature import (
    dense_hessian,
    differenced_function,
    extreme_curvatures,
    hessian_product,
    loss_hessian,
)
from gdrun.problems.linear import LinearModel
from gdrun.problems.network import Network
from gdrun.problems.rows import rows_of
from gdrun.problems.smoothness import largest_curvatures, lipschitz, smoothness
from gdrun.quantities import quantity

RESOLVED = 1e-6
"""The share of λmax below which Lanczos' method cannot distinguish an eigenvalue from 0."""

FEW = 100
FAR = 1e8
"""The distance of a score from its target at which a loss is far from its minimum, in units of 1
and of the target.
"""
FLAT = 1e-12
"""The largest curvature that counts as none there."""


@dataclass(frozen=True)
class Constants:
    """L and μ of an objective, and where they hold.

    L: the smoothness constant; None if the loss has kinks, or L is not known. mu: the strong
    convexity; None if it is not known. L_is, mu_is: how each is computed, as text. everywhere:
    whether L and mu hold for all weights, and not only at the start. quadratic: whether the
    curvature is the same everywhere. curvatures: the eigenvalues of the Hessian that are not 0, in
    ascending order, at the minimum; with many parameters only the smallest and the largest; None if
    they are not known. G: a bound of the subgradients of an objective with kinks; None if there is
    none. kinked: if L is None, whether the reason is a kink, at which the slope of the loss jumps.
    differenced: the function of a plugin for which the Hessian is a difference of gradients,
    because its derivative is not known; None if the Hessian is exact.
    """

    L: float | None
    mu: float | None
    L_is: str
    mu_is: str
    everywhere: bool
    quadratic: bool
    curvatures: Array | None
    G: float | None = None
    kinked: bool = True
    differenced: str | None = None

    @property
    def rate_range(self) -> tuple[float, float] | None:
        """The smallest and the largest of `curvatures`, which decide how fast descent converges.

        None if the curvatures are not known.
        """
        if self.curvatures is None or not len(self.curvatures):
            return None
        return float(self.curvatures[0]), float(self.curvatures[-1])


def constants_of(problem: AnalysedProblem, minimum: Minimum | None) -> Constants:
    """The constants of an experiment's objective. minimum: of this objective; None if unknown."""
    if problem.cohort.surface is not None:
        found = _of_surface(problem)
    elif isinstance(problem.model, Network):
        found = _of_network(problem)
    else:
        found = _of_linear_model(problem, problem.model, minimum)
    # The functions of the gradient are the same for all rows.
    few = rows_of(problem.X, slice(0, 2)), problem.y[:2]
    return replace(found, differenced=differenced_function(problem.objective, problem.start, *few))


def _of_linear_model(
    problem: AnalysedProblem, model: LinearModel, minimum: Minimum | None
) -> Constants:
    L = smoothness(model, problem.X, problem.l2)
    mu, mu_is = _convexity(problem, model)
    if L is None:
        if model.loss.slopes is None:
            L_is = "unknown: no bound of its curvature is known"
            return Constants(None, mu, L_is, mu_is, True, False, None, kinked=False)
        L_is = "none: the slope of the loss jumps"
        G = lipschitz(model, problem.X, problem.l2)
        return Constants(None, mu, L_is, mu_is, True, False, None, G)
    if not model.loss.quadratic:
        at_minimum = _at_minimum(problem, minimum)
        L_is = f"upper bound: {_bound_words(model)}"
        return Constants(L, mu, L_is, mu_is, True, False, at_minimum)
    values = largest_curvatures(model, problem.X, problem.l2)
    if values is None:
        at_minimum = _at_minimum(problem, minimum)
        # Lanczos' method approaches the smallest eigenvalue from above, so it is no lower bound.
        floor = penalty_floor(problem)
        words = "at least the l2 term" if floor else "unknown: too many columns"
        words_L = "exact to 1e-6, by Lanczos' method"
        return Constants(L, floor or None, words_L, words, True, True, at_minimum)
    positive = _positive(values)
    full = len(positive) == len(values)
    mu_is = "exact: λmin of the Hessian" if full else "some directions have no curvature"
    mu = float(values[0]) if full else 0.0
    return Constants(L, mu, "exact: λmax of the Hessian", mu_is, True, True, positive)


def _of_surface(problem: AnalysedProblem) -> Constants:
    surface = problem.cohort.surface
    assert surface is not None
    convex = surface.smooth_convex(problem.model.options)
    if convex is not None:
        mu, L = convex
        known = _surface_curvatures(problem, np.array(surface.minima[0]))
        where = "of the Hessian" if surface.quadratic else "of the Hessian at any point"
        words = (f"exact: λmax {where}", f"exact: λmin {where}")
        return Constants(L, mu, *words, True, surface.quadratic, known)
    values = _surface_curvatures(problem, problem.start)
    L, mu = float(np.abs(values).max()), float(values[0])
    at = "at the start only"
    found = surface.sampled_curvatures(problem.model.options)
    if found.constant:
        at = f"at the start, and the same at {len(found)} points"
    return Constants(L, mu, f"largest |λ| {at}", f"smallest λ {at}", False, False, None)


def _surface_curvatures(problem: AnalysedProblem, w: Array) -> Array:
    """The eigenvalues (2,) of the Hessian of a surface at w (2,)."""
    products = [hessian_product(problem.objective, w, problem.X, problem.y, v) for v in np.eye(2)]
    return np.linalg.eigvalsh(np.array(products))


def _of_network(problem: AnalysedProblem) -> Constants:
    X, y = problem.measured_rows
    found = extreme_curvatures(problem.objective, problem.start, X, y)
    L = max(abs(found.smallest), abs(found.largest))
    at = "at the initial weights only"
    return Constants(L, found.smallest, f"largest |λ| {at}", f"smallest λ {at}", False, False, None)


def _at_minimum(problem: AnalysedProblem, minimum: Minimum | None) -> Array | None:
    """The eigenvalues of the Hessian at the minimum that are not 0, in ascending order.

    None if the minimum is not known, or if there are many eigenvalues and the smallest one cannot
    be distinguished from 0.
    """
    if minimum is None or minimum.weights is None or not minimum.converged:
        return None
    w = minimum.weights
    if len(w) <= MOST_PARAMETERS:
        hessian = dense_hessian(problem.objective, w, problem.X, problem.y)
        return _positive(np.linalg.eigvalsh(hessian))
    found = extreme_curvatures(problem.objective, w, problem.X, problem.y, tolerance=RESOLVED)
    if found.smallest <= max(found.smallest_error, RESOLVED * found.largest):
        return None
    return np.array([found.smallest, found.largest])


def _positive(values: Array) -> Array:
    """The eigenvalues that are too large to be rounding errors of 0."""
    noise = len(values) * np.finfo(np.float64).eps * np.abs(values).max()
    positive: Array = values[values > 10 * noise]
    return positive


def _bound_words(model: LinearModel) -> str:
    assert model.loss.curvature is not None
    largest = model.loss.curvature(model.outputs, **model.loss.values)
    factor = {0.25: "¼ ", 0.5: "½ ", 1.0: ""}.get(largest, f"{quantity(largest)} ")
    return f"{factor}λmax(XᵀX/N), and the l2 term"


def penalty_floor(problem: AnalysedProblem) -> float:
    """The smallest curvature of the penalty: l2, or 0 if a parameter has no penalty."""
    return problem.l2 if problem.model.layout.penalised.all() else 0.0


def _convexity(problem: AnalysedProblem, model: LinearModel) -> tuple[float | None, str]:
    """μ for a loss whose curvature is not the same everywhere, and how it is computed, as text."""
    floor = penalty_floor(problem)
    if not model.loss.convex:
        return None, "unknown: the loss is not convex"
    if floor:
        return floor, "that of the l2 term"
    # Adding a number to the scores of all classes changes no loss of class scores.
    if model.by_class or _flattens(model, problem.y):
        return 0.0, "far from the minimum the loss has no curvature"
    return None, f"unknown: {model.loss.name} may have curvature everywhere"


def _flattens(model: LinearModel, y: Array) -> bool:
    """Whether a loss of one score has no curvature at scores far from the targets, on both sides.

    y: the targets, of which the first few are enough.
    """
    few = y[:FEW].astype(np.float64)
    far = FAR * np.maximum(1, np.abs(few))
    curvatures = [loss_hessian(model, (few + side * far)[:, None], few) for side in (-1, 1)]
    return bool((np.abs(curvatures) < FLAT).all())
