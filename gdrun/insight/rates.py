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

Source: Polyak 1964; Lessard, Recht & Packard 2016, table 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array


@dataclass(frozen=True)
class Setting:
    """An update rule with its learning rate, and the contraction of a step on a quadratic.

    rule: its name in a config. beta: the momentum; None for gradient descent. contraction: ρ; 1 or
    more if the rule does not converge.
    """

    rule: str
    lr: float
    beta: float | None
    contraction: float

    def steps(self, tolerance: float) -> int | None:
        """The number of steps after which f − f* is at most `tolerance` times its first value.

        It is ln(1/tolerance) / (2 ln(1/ρ)), rounded up; None if the rule does not converge.
        """
        if not 0 <= self.contraction < 1:
            return None
        if self.contraction == 0:
            return 1
        return max(math.ceil(math.log(tolerance) / (2 * math.log(self.contraction))), 1)


def best_settings(mu: float, L: float) -> tuple[Setting, ...]:
    """The best setting of each rule for curvatures from mu > 0 to L."""
    kappa = L / mu
    root, third = math.sqrt(kappa), math.sqrt(3 * kappa + 1)
    ball = (root - 1) / (root + 1)
    return (
        Setting("vanilla", 2 / (L + mu), None, (kappa - 1) / (kappa + 1)),
        Setting("momentum", 4 / (math.sqrt(L) + math.sqrt(mu)) ** 2, ball**2, ball),
        Setting("nesterov", 4 / (3 * L + mu), (third - 2) / (third + 2), 1 - 2 / third),
    )


def contraction(rule: str, options: Mapping[str, Any], curvatures: Array) -> float | None:
    """The factor ρ by which each step reduces the error ‖w − w*‖ on a quadratic, after many steps.

    options: those of the rule, by name: lr, and beta and dampening for momentum. curvatures (n,):
    the eigenvalues λ of the Hessian that are not 0. Returns None for a rule without a formula.
    """
    shrunk = options["lr"] * np.asarray(curvatures, dtype=np.float64)
    if rule == "vanilla":
        return float(np.abs(1 - shrunk).max())
    if rule == "momentum":
        beta = options["beta"]
        return _largest_root(1 + beta - (1 - options["dampening"]) * shrunk, 0 * shrunk + beta)
    if rule == "nesterov":
        beta = options["beta"]
        return _largest_root((1 + beta) * (1 - shrunk), beta * (1 - shrunk))
    return None


def _largest_root(b: Array, c: Array) -> float:
    """The largest |z| of the roots of z² − b z + c = 0, over all b and c (n,)."""
    root = np.sqrt((b * b - 4 * c).astype(np.complex128))
    return float(np.maximum(np.abs(b + root), np.abs(b - root)).max() / 2)
