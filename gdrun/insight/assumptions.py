"""The assumptions of the theory of gradient descent, and whether they hold for an experiment.

Some assumptions are about the objective: it is convex, smooth or strongly convex, or its minimum is
attained. The others are about the run: the theory is that of gradient descent with the full
gradient and a constant rate below 2/L, or below the limit of its own for momentum. The smoothness
constant L is the largest curvature of the objective.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.insight.constants import Constants, penalty_floor
from gdrun.insight.minimum import MOST_PARAMETERS, Minimum
from gdrun.insight.problem import AnalysedProblem
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.curvature import dense_hessian
from gdrun.problems.network import Network
from gdrun.problems.surfaces import SURFACES, Surface, place_in_words
from gdrun.quantities import contrasted, quantity, rounded_down
from gdrun.study.judgement.stability import rate_limit


@dataclass(frozen=True)
class Assumption:
    """An assumption, and whether it holds; None if this is not known.

    of_run: whether it is about the run, and not about the objective. why: the reason, as text.
    change: the config change that makes it hold; None if it holds already, or if no change
    makes it hold. declaration: what a plugin can declare if it is true, so that the assumption is
    known to hold, as text with the condition first.
    """

    name: str
    holds: bool | None
    why: str
    of_run: bool = False
    change: str | None = None
    declaration: str | None = None


def assumptions_of(
    problem: AnalysedProblem, constants: Constants, minimum: Minimum | None
) -> tuple[Assumption, ...]:
    """Every assumption of the theory, and whether it holds.

    problem: the experiment, with its data and initial weights. constants: the smoothness L and the
    strong convexity μ of its objective. minimum: of the objective; None if it is not known.
    """
    surface = problem.cohort.surface
    if surface is not None:
        shape = _shape_of_surface(surface, problem.model.options)
    else:
        convex = _convex(problem)
        strongly = _strongly_convex(problem, constants, convex.holds)
        shape = convex, _smooth(problem, constants), strongly
    return (
        *shape,
        _attained(problem, minimum),
        *_of_run(problem, constants),
    )


def _shape_of_surface(
    surface: Surface, options: Mapping[str, Any]
) -> tuple[Assumption, Assumption, Assumption]:
    """Whether a surface is convex, smooth and strongly convex.

    What is not declared is unknown, unless a point shows that it fails. options: every option of
    the surface by name.
    """
    known, convex = surface.curvature_range(options), surface.is_convex(options)
    found = surface.sampled_curvatures(options)
    negative = None if convex else found.below(0)
    if negative is not None:
        lowest, place = float(found.curvatures[negative, 0]), found.place(negative)
        convex, why = False, f"f has the curvature {quantity(lowest)} at {place_in_words(place)}"
    elif known is not None:
        why = "f has a positive curvature in every direction"
        why = why if known[0] > 0 else f"the smallest curvature of f is {quantity(known[0])}"
    elif convex is not None:
        why = f"the surface declares convex={convex}"
    else:
        why = f"no curvature is below 0 at {len(found)} points, which is no proof"
    first = Assumption("convex", convex, why)
    strong = "strongly convex"
    if known is None:
        range_ = "the smallest and the largest curvature of f are not declared"
        names = " ".join(("lambda", ", ".join(surface.options))).strip()
        declaration = (
            f"if all curvatures of {surface.name} are from A to B, "
            f"@surface(curvatures={names}: (A, B)) declares it"
        )
        if found.constant:
            low, high = map(quantity, found.curvatures[0].tolist())
            range_ = (
                f"the curvatures are {low} and {high} at {len(found)} points, which is no proof"
            )
            declaration = (
                f"if the curvatures of {surface.name} are the same everywhere, "
                "@surface(quadratic=True) declares it"
            )
        none = Assumption(strong, False, "f is not convex")
        return (
            first,
            Assumption("smooth", None, range_, declaration=declaration),
            none if convex is False else Assumption(strong, None, "needs the smallest curvature"),
        )
    smooth = "no constant L bounds the curvature at all weights of this surface"
    if known[1] < math.inf:
        smooth = "L bounds the curvature at all weights"
        if not convex:
            smooth = f"the curvature is at most {quantity(known[1])} at all weights"
    flat = "f is not convex" if not convex else "the smallest curvature is 0"
    return (
        first,
        Assumption("smooth", math.isfinite(max(map(abs, known))), smooth),
        Assumption(strong, known[0] > 0, "μ is above 0" if known[0] > 0 else flat),
    )


def _convex(problem: AnalysedProblem) -> Assumption:
    model = problem.model
    if not _is_linear(model):
        return Assumption("convex", False, "a network is not convex in its weights")
    if model.loss.convex:
        return Assumption("convex", True, "a convex loss of scores that are linear in the weights")
    lowest = _lowest_curvature(problem)
    if lowest is not None:
        return Assumption("convex", False, f"f has the curvature {quantity(lowest)} at the start")
    return Assumption("convex", None, f"the loss {model.loss.name} is not convex, but f may be")


def _is_linear(model: object) -> bool:
    """Whether the scores are linear in the weights, as also in a network without hidden layers."""
    return not isinstance(model, Network) or not model.hidden


def _lowest_curvature(problem: AnalysedProblem) -> float | None:
    """The smallest curvature of a linear model's objective at the start, if it is below 0.

    None also with too many parameters for the Hessian.
    """
    if isinstance(problem.model, Network) or len(problem.start) > MOST_PARAMETERS:
        return None
    hessian = dense_hessian(problem.objective, problem.start, problem.X, problem.y)
    values = np.linalg.eigvalsh(hessian)
    rounding = 1e-9 * float(np.abs(values).max())
    return float(values[0]) if values[0] < -rounding else None


def _smooth(problem: AnalysedProblem, constants: Constants) -> Assumption:
    model = problem.model
    if not _is_linear(model):
        why = "no constant L bounds the curvature at all weights of a network"
        return Assumption("smooth", False, why)
    if isinstance(model, Network):
        return Assumption("smooth", None, "L is known at the start only")
    if constants.L is not None:
        return Assumption("smooth", True, "L bounds the curvature at all weights")
    name = model.loss.name
    if constants.kinked:
        change = {"hinge": "loss=squared_hinge", "mae": "loss=huber"}.get(name)
        return Assumption("smooth", False, f"the slope of {name} jumps", change=change)
    if not model.loss.convex:
        return Assumption("smooth", None, f"the smallest curvature of {name} is not known")
    arguments = ", ".join(("outputs", *model.loss.options))
    declaration = (
        f"if the second derivative of {name} is at most C, "
        f"@loss(curvature=lambda {arguments}: C) declares it"
    )
    why = f"the largest curvature of {name} is not known"
    return Assumption("smooth", None, why, declaration=declaration)


def _strongly_convex(
    problem: AnalysedProblem, constants: Constants, convex: bool | None
) -> Assumption:
    """Whether f is strongly convex. convex: whether it is convex; None if this is not known."""
    name = "strongly convex"
    model = problem.model
    if constants.everywhere and constants.mu is not None and constants.mu > 0:
        return Assumption(name, True, "μ is above 0")
    if convex is False:
        return Assumption(name, False, "f is not convex")
    if isinstance(model, Network):
        return Assumption(name, None, "μ is known at the start only")
    # A change is for the bounds, and without L strong convexity gives none.
    change = None if constants.L is None else _penalise_all(problem)
    if constants.mu is None:
        why = constants.mu_is.removeprefix("unknown: ")
        return Assumption(name, None, why, change=change if convex else None)
    if constants.quadratic:
        if problem.l2 and not model.layout.penalised.all():
            why = "the bias has no penalty, and the loss is flat along a direction that changes it"
        else:
            rows, columns = problem.X.shape
            why = f"the {columns} columns of the data are linearly dependent"
            if rows < columns:
                why = f"there are fewer rows ({rows:,}) than columns ({columns:,})"
        return Assumption(name, False, why, change=None if problem.l2 else "l2=0.001")
    why = "the l2 term leaves out the bias"
    if not problem.l2:
        why = "far from the minimum the loss has no curvature"
        if model.by_class:
            why = "adding a number to the scores of all classes changes nothing"
    return Assumption(name, False, why, change=change)


def _penalise_all(problem: AnalysedProblem) -> str:
    """The config change with which l2 penalises every parameter of a linear model."""
    changes = [] if problem.l2 else ["l2=0.001"]
    return " ".join([*changes, "model.bias=false"] if problem.model.bias else changes)


def _attained(problem: AnalysedProblem, minimum: Minimum | None) -> Assumption:
    name = "attained"
    if minimum is not None and minimum.weights is None:
        why = "the classes can be separated: the loss falls to 0 as the weights grow"
        return Assumption(name, False, why, change="l2=0.001")
    if minimum is not None and minimum.converged:
        return Assumption(name, True, "there are weights at which f = f*")
    # No loss is below 0, so that f attains its minimum if it grows in every direction.
    if penalty_floor(problem) > 0:
        return Assumption(name, True, "f is at least 0, and its l2 term grows in every direction")
    model = problem.model
    if isinstance(model, Network):
        return Assumption(name, None, "the minimum of a network is not known")
    # A convex function that consists of linear and quadratic pieces attains its minimum.
    if model.loss.slopes is not None or model.loss.quadratic:
        return Assumption(name, True, f"{model.loss.name} has linear or quadratic pieces only")
    if minimum is None:
        return Assumption(name, None, f"the minimum of the loss {model.loss.name} is not known")
    return Assumption(name, None, "no minimum was found", change=None if problem.l2 else "l2=0.001")


def _of_run(problem: AnalysedProblem, constants: Constants) -> Iterator[Assumption]:
    """The assumptions about the run."""
    experiment, cohort = problem.experiment, problem.cohort
    whole = cohort.batching.whole or (cohort.surface is not None and not problem.X.any())
    why = "every step uses all rows" if whole else f"{experiment.variant.name} uses mini-batches"
    yield Assumption("full gradient", whole, why, True, None if whole else "variant=bgd")
    rule = experiment.optimizer
    plain = rule.name == "vanilla" and rule["average"] is None
    why = "w ← w − α∇f(w)" if plain else f"the rule is {rule.name}"
    if rule.name == "vanilla" and not plain:
        why = "the weights are averaged"
    alpha, L = float(cohort.numbers.lr[0]), constants.L
    change = None if plain else _gradient_descent(experiment, alpha, constants)
    yield Assumption("gradient descent", plain, why, True, change)
    schedule = experiment.schedule
    constant = schedule.name == "constant" and not schedule["warmup"]
    why = "the rate is constant"
    if not constant:
        why = f"the schedule is {schedule.name}"
        if schedule.name == "constant":
            why = "the rate warms up"
    change = None if constant else "schedule=constant"
    yield Assumption("constant rate", constant, why, True, change)
    clips = experiment.clip.model_dump(exclude_none=True)
    if clips:
        yield Assumption("no clipping", False, "gradients are clipped", True, "clip={}")
    if getattr(problem.model, "batch_norm", False):
        yield Assumption("one objective", False, "batch_norm depends on the batch", True)
    if cohort.numbers.dropout.any():
        yield Assumption("no dropout", False, "dropout adds noise", True, "dropout=0")
    if L:
        stable, why = _stable_rate(experiment, alpha, L)
        if stable is not None and not constants.everywhere:
            why += ", at the start"
        slower = f"lr={rounded_down(1 / L):g}" if plain and not _bounded(alpha, constants) else None
        yield Assumption("stable rate", stable, why, True, None if stable else slower)
        if stable and slower:
            rate, own = contrasted(alpha, 1 / L)
            why = f"α = {rate} > 1/L = {own}, at the start"
            yield Assumption("small rate", False, why, True, slower)


def _bounded(alpha: float, constants: Constants) -> bool:
    """Whether a bound applies to gradient descent with the rate alpha.

    If L holds only at the start, the only bound needs α ≤ 1/L.
    """
    if not constants.L:
        return True
    return alpha < 2 / constants.L if constants.everywhere else alpha <= 1 / constants.L


def _gradient_descent(experiment: Experiment, alpha: float, constants: Constants) -> str:
    """The config change to gradient descent, with a rate if a bound would need a smaller one.

    Without a rate in the change, the rate is that of the experiment, the default of gradient
    descent, or the one that suits the surface. alpha: the rate of the experiment.
    """
    rates = [alpha, float(OPTIMIZERS["vanilla"].defaults["lr"])]
    if experiment.surface is not None:
        suitable = SURFACES[experiment.surface.name].rate_with(experiment.surface.options)
        rates += [] if suitable is None else [suitable]
    if all(_bounded(rate, constants) for rate in rates) or not constants.L:
        return "optimizer=vanilla"
    rate = alpha if _bounded(alpha, constants) else rounded_down(1 / constants.L)
    return f"optimizer=vanilla lr={rate:g}"


def _stable_rate(experiment: Experiment, alpha: float, L: float) -> tuple[bool | None, str]:
    """Whether the rate is below the stability limit of the experiment's rule, and why."""
    limit = rate_limit(experiment, L)
    if limit is None:
        return None, f"no stability limit is known for {experiment.optimizer.name}"
    value, form = limit
    sign = "<" if alpha < value else "≥"
    rate, largest = contrasted(alpha, value)
    return alpha < value, f"α = {rate} {sign} {form} = {largest}"
