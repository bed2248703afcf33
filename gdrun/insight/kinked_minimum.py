"""The minimum f* of a convex objective with kinks, by a primal–dual interior-point method.

The objectives are those of linear models with the absolute error, the pinball loss or the hinge.
Let ρ (n,) be the residuals of all examples, score minus target. For the hinge, ρ are the margins of
all wrong classes: the score of the wrong class minus that of the right one, plus 1. Both are linear
in the weights, ρ = B w + b. With the slopes a₀ < a₁ of the loss below and above its kink,

    f(w) = (1/N) Σ (a₀ ρ + (a₁ − a₀) max(0, ρ)) + ½ wᵀR w

R is the diagonal matrix of the penalty. The term max(0, ρ) is the smallest t with t ≥ 0 and t ≥ ρ,
so that f* is the optimum of a linear programme, or with l2 of a quadratic one. Let c = (a₁ − a₀)/N,
s = t − ρ, and let u and z = c − u be the Lagrange multipliers of t ≥ ρ and t ≥ 0. Then w is optimal
if and only if

    R w + Bᵀ(a₀/N + u) = 0,    s u = 0,    t z = 0,    s, t, u, z ≥ 0

Newton's method solves s u = t z = μ for smaller and smaller μ, with Mehrotra's choice of μ. The sum
of s u + t z is the duality gap, which estimates f − f*.

Source: Mehrotra 1992; Nocedal & Wright 2006, section 16.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.problems.curvature import score_products
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples, rows_of

MOST_NUMBERS = 2**25
"""The most numbers in X, or residuals ρ, for which f* is computed: 256 MB in double precision."""

MOST_STEPS = 100

PRECISION = 1e-13
"""The relative duality gap at which the method ends."""

SUFFICIENT = 1e-9
"""The relative duality gap at which f* counts as known, if rounding ends the method earlier."""

DAMPING = 1e-14
"""What is added to the diagonal of the matrix of Newton's method, as a share of each entry.

It makes the system solvable if f does not change along some direction of w.
"""


@dataclass(frozen=True)
class KinkedObjective:
    """The objective of a linear model whose loss has one kink. X (N, D), y (N,): the examples.

    The objective at weights w (P,), which include the bias, is the mean of the loss at the
    residuals ρ, plus the penalty ½ wᵀR w with a diagonal matrix R. ρ is linear in w: the score
    minus the target for a regression; for classes, the score of each wrong class minus that of the
    right one, plus 1.
    """

    objective: Objective
    X: Array
    y: Array

    @property
    def model(self) -> LinearModel:
        model = self.objective.model
        assert isinstance(model, LinearModel)
        return model

    @cached_property
    def slopes(self) -> tuple[float, float]:
        """The slopes a₀ and a₁ of the loss below and above its kink, each divided by N."""
        assert self.model.loss.slopes is not None
        below, above = self.model.loss.slopes(**self.model.loss.values)
        return below / len(self.X), above / len(self.X)

    @cached_property
    def penalty(self) -> Numbers:
        """The diagonal (P,) of the matrix R in the penalty ½ wᵀR w."""
        penalty: Array = float(self.objective.l2) * self.model.layout.penalised
        return penalty

    @cached_property
    def _wrong(self) -> Flags:
        """Whether class j is not that of example i: (N, C)."""
        wrong: Flags = np.arange(self.model.outputs) != self.y[:, None]
        return wrong

    def residuals(self, w: Array) -> Numbers:
        """The residuals ρ (N, k) at weights w (P,), which are linear in w.

        For a regression k is 1, and ρ is score minus target. For C classes k is C − 1, and ρ is the
        score of each wrong class minus that of the right one, plus 1.
        """
        margins = self._linear(w)
        return margins + 1 if self.model.by_class else margins - self.y[:, None]

    def _linear(self, w: Array) -> Numbers:
        """The part of the residuals (N, k) that w multiplies: ρ without its constant."""
        scores: Array = self.X @ w.reshape(self.model.outputs, -1).T
        if not self.model.by_class:
            return scores
        margins: Array = scores - scores[~self._wrong][:, None]
        return margins[self._wrong].reshape(len(scores), -1)

    def change(self, direction: Array) -> Numbers:
        """The change B d (N, k) of the residuals ρ = B w + b along a direction d (P,)."""
        return self._linear(direction)

    def transposed(self, u: Array) -> Numbers:
        """Bᵀu (P,) for u (N, k), where the residuals are ρ = B w + b (N, k)."""
        product: Array = self._of_scores(u).T @ self.X
        return product.reshape(-1)

    def _of_scores(self, u: Array) -> Numbers:
        """Derivatives u (N, k) with respect to ρ, converted to those for the scores (N, C)."""
        if not self.model.by_class:
            return u
        found = np.zeros(self._wrong.shape)
        found[self._wrong] = u.reshape(-1)
        found[~self._wrong] = -u.sum(axis=1)
        return found

    def normal(self, d: Array) -> Numbers:
        """BᵀDB + R (P, P), where the entries of the diagonal matrix D are d (N, k).

        B and R are those of the residuals ρ = B w + b and of the penalty ½ wᵀR w.
        """
        weights = self._of_scores(d)

        def of_scores(block: Array, part: slice) -> Numbers:
            if not self.model.by_class:
                return weights[part, :, None]
            # Σⱼ dⱼ (eⱼ − e_y)(eⱼ − e_y)ᵀ, where e are unit vectors and y is the own class.
            rows, own = np.arange(len(block)), self.y[part]
            J = np.zeros((len(block), self.model.outputs, self.model.outputs))
            J[rows, own] = J[rows, :, own] = -weights[part]
            diagonal = np.arange(self.model.outputs)
            J[:, diagonal, diagonal] = np.abs(weights[part])
            return J

        matrix = score_products(self.X, self.model.outputs, of_scores)
        matrix[np.diag_indices(len(matrix))] += self.penalty
        return matrix


def kinked(objective: Objective, X: Examples, y: Array) -> KinkedObjective | None:
    """The objective if its loss is piecewise linear with one kink and its data are small; or None.

    X (N, D), y (N,): the examples and their targets. The data are small if neither X nor the scores
    of all examples, one for each output, are more than MOST_NUMBERS numbers.
    """
    model = objective.model
    if not isinstance(model, LinearModel) or model.loss.slopes is None:
        return None
    if len(X) * max(X.shape[1], model.outputs) > MOST_NUMBERS:
        return None
    rows = rows_of(X, slice(0, len(X))).astype(np.float64, copy=False)
    return KinkedObjective(objective, rows, np.asarray(y))


def minimise_kinked(problem: KinkedObjective, start: Array) -> tuple[Numbers, float, bool]:
    """Return weights (P,) with the least objective, the duality gap, and whether the gap is small.

    A small gap means that f* counts as known (see SUFFICIENT). start (P,): the weights from which
    the method starts.
    """
    state = _State.at(problem, start.astype(np.float64))
    first = state.value
    best = state
    for _ in range(MOST_STEPS):
        if state.gap < best.gap:
            best = state
        # Where f* is 0, a gap that is tiny next to the first value is rounding.
        if state.gap <= max(PRECISION * state.value, PRECISION**1.2 * first):
            break
        try:
            moved = state.step()
        except np.linalg.LinAlgError:
            break
        if moved is None:
            break
        state = moved
    small = best.gap <= max(SUFFICIENT * best.value, PRECISION * first)
    return best.w, best.gap, small


@dataclass(frozen=True)
class _State:
    """An interior point: w (P,), and s, t, u (N, k) as in the docstring of the module."""

    problem: KinkedObjective
    w: Numbers
    s: Numbers
    t: Numbers
    u: Numbers

    @classmethod
    def at(cls, problem: KinkedObjective, w: Numbers) -> _State:
        rho = problem.residuals(w)
        margin = max(float(np.abs(rho).mean()), np.finfo(np.float64).tiny)
        below, above = problem.slopes
        half = np.full_like(rho, (above - below) / 2)
        return cls(problem, w, np.maximum(-rho, 0) + margin, np.maximum(rho, 0) + margin, half)

    @cached_property
    def value(self) -> float:
        """f(w)."""
        below, above = self.problem.slopes
        rho = self.problem.residuals(self.w)
        loss = below * np.minimum(rho, 0) + above * np.maximum(rho, 0)
        return float(loss.sum() + 0.5 * self.w @ (self.problem.penalty * self.w))

    @property
    def z(self) -> Numbers:
        below, above = self.problem.slopes
        z: Array = (above - below) - self.u
        return z

    @cached_property
    def gap(self) -> float:
        """The duality gap, plus |R w + Bᵀ(a₀/N + u)|ᵀ|w|.

        The second term is 0 at the optimum. Elsewhere it measures how far the first condition in
        the docstring of the module is from being met.
        """
        missing = np.abs(self.slope) @ np.abs(self.w)
        return float((self.s * self.u + self.t * self.z).sum() + missing)

    @cached_property
    def slope(self) -> Numbers:
        """The gradient of the Lagrangian in w, R w + Bᵀ(a₀/N + u), (P,); it is 0 at the optimum.

        The docstring of the module defines the symbols.
        """
        below, _ = self.problem.slopes
        slope: Array = self.problem.penalty * self.w + self.problem.transposed(below + self.u)
        return slope

    def step(self) -> _State | None:
        """The next point, by Mehrotra's predictor and corrector; None if rounding prevents it."""
        s, t, u, z = self.s, self.t, self.u, self.z
        with np.errstate(all="ignore"):
            weights = 1 / (s / u + t / z)
            matrix = self.problem.normal(weights)
            mu = float((s * u + t * z).sum()) / (2 * s.size)
            predicted = self._direction(matrix, weights, -s * u, -t * z)
            reach = self._reach(predicted)
            _, ds, dt, du = (reach * each for each in predicted)
            after = float(((s + ds) * (u + du) + (t + dt) * (z - du)).sum()) / (2 * s.size)
            target = mu * (after / mu) ** 3
            _, ds, dt, du = predicted
            direction = self._direction(
                matrix, weights, target - s * u - ds * du, target - t * z + dt * du
            )
            length = 0.995 * self._reach(direction)
            dw, ds, dt, du = (length * each for each in direction)
        moved = _State(self.problem, self.w + dw, s + ds, t + dt, u + du)
        inside = all(np.isfinite(each).all() for each in (dw, ds, dt, du))
        positive = all((each > 0).all() for each in (moved.s, moved.t, moved.u, moved.z))
        return moved if inside and positive else None

    def _direction(
        self, matrix: Numbers, weights: Numbers, by_s: Numbers, by_t: Numbers
    ) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """The changes dw, ds, dt, du that, to first order, add by_s to s u and by_t to t z."""
        shift = by_s / self.u - by_t / self.z
        dw = _solved(matrix, -self.slope - self.problem.transposed(weights * shift))
        du = weights * (self.problem.change(dw) + shift)
        ds = (by_s - self.s * du) / self.u
        dt = (by_t + self.t * du) / self.z
        return dw, ds, dt, du

    def _reach(self, direction: tuple[Numbers, Numbers, Numbers, Numbers]) -> float:
        """The longest step, up to 1, that keeps s, t, u and z positive."""
        _, ds, dt, du = direction
        pairs = ((self.s, ds), (self.t, dt), (self.u, du), (self.z, -du))
        return float(min(1.0, *(_first_zero(value, change) for value, change in pairs)))


def _first_zero(value: Numbers, change: Numbers) -> float:
    """The smallest step at which an entry of value + step · change is 0; infinite if none is."""
    falling = change < 0
    return float((-value[falling] / change[falling]).min()) if falling.any() else np.inf


def _solved(matrix: Numbers, b: Numbers) -> Numbers:
    """Solve matrix x = b for x (P,), and correct damping and rounding by a second solution.

    Rows and columns are scaled to a diagonal of ones, because features may have any units.
    """
    diagonal = np.diag_indices(len(matrix))
    size = np.sqrt(matrix[diagonal])
    size[~(size > 0)] = 1
    scaled = matrix / size[:, None] / size
    damped = scaled.copy()
    damped[diagonal] += DAMPING
    right = b / size
    x: Array = np.linalg.solve(damped, right)
    corrected: Array = (x + np.linalg.solve(damped, right - scaled @ x)) / size
    return corrected
