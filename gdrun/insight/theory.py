"""The predictions of theory for an experiment: constants, minimum, rates and bounds.

Convergence rates are predicted from the curvatures at the minimum, which for a quadratic are the
same everywhere. Bounds use values of L and μ that hold everywhere. Each prediction needs
assumptions. Those that fail for the experiment are part of the result, each with a config change
that makes it hold, if there is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.insight.assumptions import Assumption, assumptions_of
from gdrun.insight.bounds import Bound, convex_bounds, gradient_bound, subgradient_bound
from gdrun.insight.constants import Constants, constants_of
from gdrun.insight.minimum import Minimum, minimise
from gdrun.insight.problem import AnalysedProblem, analysed
from gdrun.insight.rates import Setting, best_settings, contraction
from gdrun.study.judgement.stability import rate_limit
from gdrun.threads import single_blas_thread

TOLERANCE = 1e-6
"""The number of steps is predicted until f − f* is this share of f(w₀) − f*."""

DEFAULT_STEPS = 1000
"""The number of steps for which bounds are given if the experiment has no budget of steps."""


@dataclass(frozen=True)
class Theory:
    """What theory predicts for an experiment.

    initial: f at the initial weights. minimum: None if it is not known. distance: ‖w₀ − w*‖; None
    if no point attains the minimum or it is not known. own: the experiment's rule with its rate;
    None if theory has no formula for the rule, the curvatures are not known, or the weights are
    averaged. best: the best setting of each rule; empty if the curvatures are not known or not all
    above 0. bounds: functions of the number of steps N that bound f − f* or the gradient; steps:
    the N for which they are given. tolerance: the number of steps is predicted until f − f* is this
    share of f(w₀) − f*.
    """

    problem: AnalysedProblem
    constants: Constants
    minimum: Minimum | None
    initial: float
    distance: float | None
    own: Setting | None
    best: tuple[Setting, ...]
    bounds: tuple[Bound, ...]
    steps: int
    tolerance: float
    assumptions: tuple[Assumption, ...]

    @property
    def convex(self) -> bool:
        return any(each.holds for each in self.assumptions if each.name == "convex")

    @property
    def everywhere(self) -> bool:
        """Whether f is convex, and its constants hold for all weights."""
        return self.convex and self.constants.everywhere

    @property
    def kappa(self) -> float | None:
        """The condition number L/μ; None if μ is not above 0."""
        L, mu = self.constants.L, self.constants.mu
        return L / mu if L and mu and mu > 0 else None

    @property
    def limit(self) -> float | None:
        """2/L, below which every constant rate of gradient descent is stable; None without L."""
        return 2 / self.constants.L if self.constants.L else None

    @property
    def own_limit(self) -> tuple[float, str] | None:
        """The rate below which the experiment's own rule is stable, and the formula of this rate.

        None if L is not known, or if theory has no formula for the rule.
        """
        return rate_limit(self.problem.experiment, self.constants.L) if self.constants.L else None

    @property
    def safe_rate(self) -> float | None:
        """1/L, with which each step of gradient descent lowers f, from any start.

        No other rate has a larger guaranteed fall, ‖∇f‖²/(2L). None if no L is known that holds for
        all weights.
        """
        return 1 / self.constants.L if self.constants.L and self.constants.everywhere else None

    @property
    def best_rate(self) -> float | None:
        """The constant rate with which gradient descent is fastest; None if it is not known.

        With curvatures from λmin to λmax at the minimum, it is 2/(λmin + λmax) near the minimum. On
        a quadratic the curvatures are the same everywhere, so that it is the best rate from any
        start, and equal to 2/(L + μ). λmin is the smallest curvature above 0, because the weights
        of a quadratic never move along directions without curvature. For an objective with kinks
        the best rate is ‖w₀ − w*‖/(G√N), for which the bound after N steps is smallest.
        """
        constants = self.constants
        if constants.G and self.distance is not None:
            return self.distance / (constants.G * math.sqrt(self.steps))
        if not constants.L or not constants.everywhere:
            return None
        smallest, largest = constants.rate_range or (constants.mu or 0.0, constants.L)
        if constants.quadratic:
            largest = constants.L
        elif constants.rate_range is None:
            return None
        return 2 / (smallest + largest) if smallest > 0 else None

    @property
    def f_star(self) -> float | None:
        return None if self.minimum is None else self.minimum.value


def theory_of(experiment: Experiment, tolerance: float = TOLERANCE) -> Theory:
    """The predictions of theory for an experiment. Nothing is trained.

    tolerance: the number of steps is predicted until f − f* is this share of f(w₀) − f*. Raises
    ConfigError or DataError if the experiment cannot be trained.
    """
    return theory_of_problem(analysed(experiment), tolerance)


def theory_of_problem(problem: AnalysedProblem, tolerance: float = TOLERANCE) -> Theory:
    """The predictions of theory for the problem of an experiment. Nothing is trained.

    tolerance: the number of steps is predicted until f − f* is this share of f(w₀) − f*.
    """
    with np.errstate(all="ignore"), single_blas_thread():
        return _predicted(problem, tolerance)


def _predicted(problem: AnalysedProblem, tolerance: float) -> Theory:
    initial, _ = problem.value_and_gradient(problem.start)
    minimum = minimum_of(problem)
    constants = constants_of(problem, minimum)
    distance = None
    if minimum is not None and minimum.weights is not None and minimum.converged:
        distance = float(np.linalg.norm(problem.start - minimum.weights))
    curvatures = constants.curvatures
    known = curvatures is not None and len(curvatures) > 0 and curvatures[0] > 0
    return Theory(
        problem,
        constants,
        minimum,
        initial,
        distance,
        _own(problem.experiment, constants),
        best_settings(curvatures) if curvatures is not None and known else (),
        _bounds(problem, constants, minimum, initial, distance),
        _steps(problem),
        tolerance,
        assumptions_of(problem, constants, minimum),
    )


def minimum_of(problem: AnalysedProblem) -> Minimum | None:
    """The minimum of the objective; None if it is not known, such as for a network."""
    surface = problem.cohort.surface
    if surface is None:
        return minimise(problem.objective, problem.start, problem.X, problem.y)
    # Every minimum of a surface is known; the lowest one is f*.
    places = np.array(surface.minima, dtype=np.float64)
    values = [problem.value_and_gradient(place)[0] for place in places]
    lowest = int(np.argmin(values))
    return Minimum(values[lowest], places[lowest], 0.0, True)


def _own(experiment: Experiment, constants: Constants) -> Setting | None:
    """The experiment's own rule and rate, with the contraction of a step.

    None if the curvatures are not known, the weights are averaged, or the rule has no formula.
    """
    rule = experiment.optimizer
    if constants.curvatures is None or not len(constants.curvatures) or rule["average"] is not None:
        return None
    options = {"dampening": 0.0, **rule.options}
    rho = contraction(rule.name, options, constants.curvatures)
    if rho is None:
        return None
    beta = None if rule.name == "vanilla" else float(options["beta"])
    curvatures = tuple(constants.curvatures.tolist())
    return Setting(
        rule.name, float(options["lr"]), beta, rho, curvatures, float(options["dampening"])
    )


def _bounds(
    problem: AnalysedProblem,
    constants: Constants,
    minimum: Minimum | None,
    initial: float,
    distance: float | None,
) -> tuple[Bound, ...]:
    """The bounds at the experiment's rate; none if neither L nor G is known.

    For a network L is known only at the start. The bound of the gradient is given with this L, as a
    prediction without guarantee. If f* is not known, 0 is used in its place, which no loss falls
    below.
    """
    alpha = float(problem.cohort.numbers.lr[0])
    L = constants.L
    if alpha > 0 and constants.G is not None and distance is not None:
        return (subgradient_bound(alpha, constants.G, distance),)
    if not L or alpha <= 0:
        return ()
    lowest = minimum.value if minimum is not None and minimum.converged else 0.0
    excess = initial - lowest
    if not constants.everywhere:
        return (gradient_bound(alpha, L, excess),)
    known = constants.rate_range
    mu = constants.mu or 0.0
    if constants.quadratic and constants.mu == 0 and known is not None:
        mu = known[0]  # without curvature in a direction, the weights never move along it
    return convex_bounds(alpha, L, mu, distance, excess)


def _steps(problem: AnalysedProblem) -> int:
    """The number of steps that the budget allows; DEFAULT_STEPS if it sets no limit to them."""
    budget = problem.cohort.plan.budget
    if budget is None or not math.isfinite(budget.steps) or budget.steps < 1:
        return DEFAULT_STEPS
    return int(budget.steps)
