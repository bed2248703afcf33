"""The best settings and the contraction of gradient descent and its two kinds of momentum.

On a quadratic, the error w − w* along an eigenvector of the Hessian with the eigenvalue λ (a
curvature) follows a linear recurrence. Its characteristic roots z are given below for the rate α,
the momentum β and the dampening δ. The contraction ρ of a step is the largest |z| of any λ:

    gradient descent       z = 1 − αλ
    heavy ball             z² − (1 + β − (1 − δ) αλ) z + β = 0
    Nesterov's momentum    z² − (1 + β)(1 − αλ) z + β (1 − αλ) = 0

After many steps ‖w − w*‖ falls by the factor ρ a step, and f − f* by ρ². With curvatures from μ to
L, and κ = L/μ, ρ is smallest for

    gradient descent       α = 2/(L + μ)        ρ = (κ − 1)/(κ + 1)
    heavy ball             α = 4/(√L + √μ)²     ρ = √β = (√κ − 1)/(√κ + 1)
    Nesterov's momentum    α = 4/(3L + μ)       ρ = 1 − 2/√(3κ + 1),
                           β = (√(3κ + 1) − 2)/(√(3κ + 1) + 2)

Near the minimum of any other smooth objective the same holds with the curvatures at the minimum.

ρ decides after many steps. Before that, momentum is slower: it begins without velocity, and where
two roots z are equal, the error after n steps is (1 + kn) zⁿ, with a constant k. So steps are
counted with the recurrence itself, eₙ₊₁ = b eₙ − c eₙ₋₁, where b and c are the coefficients of z² −
b z + c. Here eₙ is the error along an eigenvector, divided by its first value. For every start, f −
f* is at most the largest eₙ² of any λ times its first value.

Source: Polyak 1964; Lessard, Recht & Packard 2016, table 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdrun.array_types import Array, Numbers


@dataclass(frozen=True)
class Setting:
    """An update rule with its learning rate, and the contraction of a step on a quadratic.

    rule: its name in a config. beta: the momentum; None for gradient descent. contraction: the
    factor by which a step multiplies the error ‖w − w*‖, after many steps; 1 or more if the rule
    does not converge. curvatures: the eigenvalues λ of the Hessian that are not 0. dampening: δ, of
    heavy ball.
    """

    rule: str
    lr: float
    beta: float | None
    contraction: float
    curvatures: tuple[float, ...] = ()
    dampening: float = 0.0

    def with_values(self, lr: float, beta: float | None) -> Setting:
        """The same rule with another learning rate and momentum, for the same curvatures."""
        options = {"lr": lr, "beta": beta, "dampening": self.dampening}
        rho = contraction(self.rule, options, np.array(self.curvatures))
        assert rho is not None  # Each Setting is of a rule with a formula.
        return replace(self, lr=lr, beta=beta, contraction=rho)

    def steps(self, tolerance: float) -> int | None:
        """The number of steps after which f − f* stays at most `tolerance` times its first value.

        With momentum, f − f* may rise above this limit again; the steps up to the last such rise
        are counted too. The number is enough for every start, with a velocity that begins at 0. A
        number above MOST_COUNTED is an estimate from the contraction. None if the rule does not
        converge.
        """
        if not 0 <= self.contraction < 1:
            return None
        rho = max(self.contraction, float(np.finfo(float).tiny))
        decay, level, last = 2 * math.log(rho), -math.inf, 0
        if self.rule == "vanilla":
            return max(math.ceil(math.log(tolerance) / decay), 1)
        options = {"lr": self.lr, "beta": self.beta, "dampening": self.dampening}
        b, c = _recurrence(self.rule, options, np.array(self.curvatures))
        # The first step has no velocity: with either momentum it is b − β, and not b − c.
        error, before = b - self.beta, np.ones(len(b))
        for step in range(1, MOST_COUNTED + 1):
            largest = float(np.square(error).max())
            if largest > tolerance:
                last = step
            elif _largest_ahead(error, before, rho) <= math.sqrt(tolerance):
                return last + 1
            if step > MOST_COUNTED // 2:
                level = max(level, math.log(largest) - step * decay)
            error, before = b * error - c * before, error
        estimate = math.ceil((math.log(tolerance) - level) / decay)
        return estimate if estimate > MOST_COUNTED else last + 1


MOST_COUNTED = 20_000
"""The most steps that are counted one by one."""


def best_settings(curvatures: ArrayLike) -> tuple[Setting, ...]:
    """The settings of vanilla, momentum and nesterov, in this order, that contract the most.

    curvatures (n,): the eigenvalues of the Hessian of a quadratic, all above 0.
    """
    values = tuple(np.asarray(curvatures, dtype=np.float64).tolist())
    mu, L = min(values), max(values)
    kappa = L / mu
    root, third = math.sqrt(kappa), math.sqrt(3 * kappa + 1)
    ball = (root - 1) / (root + 1)
    return (
        Setting("vanilla", 2 / (L + mu), None, (kappa - 1) / (kappa + 1), values),
        Setting("momentum", 4 / (math.sqrt(L) + math.sqrt(mu)) ** 2, ball**2, ball, values),
        Setting("nesterov", 4 / (3 * L + mu), (third - 2) / (third + 2), 1 - 2 / third, values),
    )


def contraction(rule: str, options: Mapping[str, Any], curvatures: Array) -> float | None:
    """The factor ρ by which each step reduces the error ‖w − w*‖ on a quadratic, after many steps.

    options: those of the rule, by name: lr, and beta and dampening for momentum. curvatures (n,):
    the eigenvalues λ of the Hessian that are not 0. Returns None for a rule without a formula.
    """
    if rule == "vanilla":
        return float(np.abs(1 - options["lr"] * np.asarray(curvatures, dtype=np.float64)).max())
    if rule in ("momentum", "nesterov"):
        return _largest_root(*_recurrence(rule, options, np.asarray(curvatures, dtype=np.float64)))
    return None


def _recurrence(rule: str, options: Mapping[str, Any], curvatures: Numbers) -> tuple[Array, Array]:
    """The coefficients b and c (n,) of z² − b z + c for heavy ball or Nesterov's momentum."""
    shrunk, beta = options["lr"] * curvatures, options["beta"]
    if rule == "momentum":
        return 1 + beta - (1 - options["dampening"]) * shrunk, 0 * shrunk + beta
    return (1 + beta) * (1 - shrunk), beta * (1 - shrunk)


def _largest_ahead(error: Array, before: Array, rho: float) -> float:
    """An upper bound of |e| after all later steps. error, before (n,): e after the last two steps.

    From e₀ and e₋₁, eₘ = hₘ e₀ − c hₘ₋₁ e₋₁, where hₘ = Σ z₁ⁱ z₂ᵐ⁻ⁱ has m + 1 terms, none above ρᵐ,
    and |c| ≤ ρ². So |eₘ| ≤ (m + 1) ρᵐ (|e₀| + ρ |e₋₁|).
    """
    # (m + 1) ρᵐ is largest at m + 1 = 1/ln(1/ρ), or at m = 0.
    most = max(-1 / (math.e * rho * math.log(rho)), 1.0) if rho > 1 / math.e else 1.0
    return most * float((np.abs(error) + rho * np.abs(before)).max())


def _largest_root(b: Array, c: Array) -> float:
    """The largest |z| of the roots of z² − b z + c = 0, over all b and c (n,)."""
    root = np.sqrt((b * b - 4 * c).astype(np.complex128))
    return float(np.maximum(np.abs(b + root), np.abs(b - root)).max() / 2)
