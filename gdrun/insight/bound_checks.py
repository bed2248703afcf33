"""Compare a recorded run with the bounds of theory: what each allows, and what was observed.

f − f*, the objective minus its minimum, is compared at every evaluation after step 0, because only
evaluations have f on the whole training part. For the gradient, the smallest ‖∇f‖² of all steps so
far is compared, at every step.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Flags, Integers, Numbers
from gdrun.errors import RecordError
from gdrun.insight.assumptions import Assumption
from gdrun.insight.bounds import Bound
from gdrun.insight.observed_contraction import ObservedContraction, observed_contraction
from gdrun.insight.recorded_problem import problem_of_run
from gdrun.insight.step_positions import StepPositions, step_positions
from gdrun.insight.theory import TOLERANCE, Theory, theory_of_problem
from gdrun.quantities import contrasted
from gdrun.runs.recorded_experiment import config_of
from gdrun.runs.run import Run

SLACK = 1e-9
"""A bound holds if it is exceeded by at most this share of its value: a rounding error."""

RULE_AND_RATE = {"gradient descent", "stable rate", "small rate"}
"""The assumptions about the run that the contraction of its own rule does not need."""


@dataclass(frozen=True)
class BoundCheck:
    """A bound and the observations at the same steps, (n,) each.

    allowed: the values of the bound. observed: the values that the run reached. held: whether
    observed ≤ allowed, up to rounding.
    """

    bound: Bound
    steps: Integers
    allowed: Numbers
    observed: Numbers
    held: Flags

    @property
    def all_held(self) -> bool:
        return bool(self.held.all())

    @property
    def tightest(self) -> float:
        """The largest observed / allowed; 1 means that the run reached the bound."""
        return float((self.observed / self.allowed).max())


@dataclass(frozen=True)
class RunCheck:
    """The comparison of a run with theory.

    steps, excess (n,): the step of every evaluation, and f − f* there; f itself if the minimum f*
    is unknown. failing: the assumptions about the run that do not hold. checks: the bounds that
    apply to the run; none if `failing` has an assumption. notes: sentences about the comparison.
    positions: where each step ends on a parabola along the step (see `step_positions`); None if the
    run is not gradient descent with full gradients, or if no position is known. contraction: the
    factor by which each step multiplied the error, beside the predicted one; None if theory has no
    prediction for the rule, or if the run does not show the factor.
    """

    run: Run
    theory: Theory
    steps: Integers
    excess: Numbers
    checks: tuple[BoundCheck, ...]
    failing: tuple[Assumption, ...]
    notes: tuple[str, ...]
    positions: StepPositions | None
    contraction: ObservedContraction | None


def check_run(run: Run, tolerance: float = TOLERANCE) -> RunCheck:
    """Compare a run with the bounds of theory.

    tolerance: theory predicts the number of steps until f − f* is this share of f(w₀) − f*. Raises
    RecordError if the run has no evaluations after its start, or if its data were not stored or
    have changed since the run; DataError if the data cannot be read; ConfigError if the run needs a
    plugin that is not loaded.
    """
    steps, losses = (np.asarray(run.evals.get(name, ())) for name in ("step", "train_loss"))
    if len(steps) < 2:
        raise RecordError(
            "its trace has no evaluation after step 0, so there is nothing to compare",
            where=run.id,
            hint=_to_evaluations(run),
        )
    theory = theory_of_problem(problem_of_run(run), tolerance)
    excess = losses - (theory.f_star or 0.0)
    failing = tuple(each for each in theory.assumptions if each.of_run and each.holds is False)
    checks = () if failing else tuple(_checks(run, theory, steps, excess))
    # The position of a step does not need these assumptions.
    others = {"constant rate", "stable rate", "small rate"}
    descends = {each.name for each in failing} <= others
    positions = step_positions(run) if descends else None
    notes = tuple(_notes(run, theory))
    contraction = _contraction(run, theory, steps, excess)
    return RunCheck(run, theory, steps, excess, checks, failing, notes, positions, contraction)


def _contraction(
    run: Run, theory: Theory, steps: Integers, excess: Numbers
) -> ObservedContraction | None:
    """The contraction of the run's rule; None if it is not that of a constant rate on f."""
    failing = {each.name for each in theory.assumptions if each.of_run and each.holds is False}
    known = theory.minimum is not None and theory.minimum.converged
    if theory.own is None or not known or not failing <= RULE_AND_RATE:
        return None
    return observed_contraction(steps, excess, _rounding(run, theory), theory.own.contraction)


def _rounding(run: Run, theory: Theory) -> float:
    """The rounding error of f in the dtype of the run: f − f* is known no better."""
    return 16 * float(np.finfo(run.config["dtype"]).eps) * max(abs(theory.initial), 1e-300)


def _to_evaluations(run: Run) -> str:
    """The hint for a run that has no evaluations after its start."""
    if run.status == "running":
        return "the run has not ended: repeat this command after its first epoch"
    if run.status == "diverged":
        where = run.id if run.directory is None else shlex.quote(str(run.directory))
        return f"the run diverged before this evaluation; `gdrun diagnose {where}` shows why"
    return f"`gdrun train {config_of(run)}` trains it again"


def _checks(run: Run, theory: Theory, steps: Integers, excess: Numbers) -> list[BoundCheck]:
    """Each bound that applies, with the observations of the run."""
    noise = _rounding(run, theory)
    found = []
    for bound in theory.bounds:
        if not bound.applies:
            continue
        if bound.quantity == "f - f*":
            places, observed = steps[1:], excess[1:]
        elif bound.quantity == "min f - f*":
            places, observed = steps[1:], np.minimum.accumulate(excess)[1:]
        else:
            # The gradient of step n is at w_{n−1}: N steps have seen N gradients.
            places = np.asarray(run.steps["step"])
            observed = np.minimum.accumulate(np.asarray(run.steps["grad_norm"]) ** 2)
        allowed = bound.at(places)
        held = observed <= allowed * (1 + SLACK) + noise
        found.append(BoundCheck(bound, places, allowed, observed, held))
    return found


def _notes(run: Run, theory: Theory) -> list[str]:
    notes = []
    if run.status in ("running", "interrupted", "failed"):
        notes.append(f"the run has not ended ({run.verdict}): only its steps so far are compared")
    limit = theory.own_limit
    if run.status == "diverged" and limit is not None:
        alpha = float(theory.problem.cohort.numbers.lr[0])
        value, form = limit
        relation = "above" if alpha >= value else "below"
        rate, largest = contrasted(alpha, value)
        notes.append(f"the run diverged with α = {rate}, {relation} {form} = {largest}")
    if not theory.constants.everywhere and theory.constants.L is not None:
        notes.append("L is the curvature at the start: no bound is guaranteed away from it")
    return notes
