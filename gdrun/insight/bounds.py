"""Bounds on what gradient descent with a constant rate α has reached after N steps.

    convex, L-smooth    f(w_N) − f* ≤ (L/2) max{1/(1 + 2NαL), (1 − αL)^(2N)} ‖w₀ − w*‖²  α < 2/L
                        f(w_N) − f* ≤ ‖w₀ − w*‖² / (2αN)                                 α ≤ 1/L
    and μ > 0           f(w_N) − f* ≤ (L/2) max{|1 − αμ|, |1 − αL|}^(2N) ‖w₀ − w*‖²      α < 2/L
    L-smooth            min_{n<N} ‖∇f(w_n)‖² ≤ 2 (f(w₀) − f*) / (αN)                     α ≤ 1/L
    convex, ‖g‖ ≤ G     min_{n<N} f(w_n) − f* ≤ ‖w₀ − w*‖² / (2αN) + αG²/2                α > 0

f is the objective, f* its minimum, w* a point that attains it, and w_n the weights after n steps. L
is the smoothness constant of f, μ its strong convexity, and G a bound of its subgradients g (see
gdrun.problems.smoothness). The last bound is for f with kinks: it does not fall to 0. The
first bound is exact: for every N and α there is a function f for which it is an equality. The
second is the one of textbooks. The bounds hold for the full gradient, and not for mini-batches,
momentum, or a rate that changes.

Source: Rotaru, Glineur & Patrinos 2024 (arXiv 2412.04427) for the first; Nesterov 2004, theorems
2.1.14 and 2.1.15, equation 1.2.15 and section 3.2.3, for the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gdrun.array_types import Numbers

MOST_STEPS = 10**15
"""The largest number of steps that is searched."""


@dataclass(frozen=True)
class Bound:
    """A bound of `quantity`, as a function of the number of steps.

    name: a short name. formula: the bound as text. quantity: `f - f*`, or over the steps so far
    `min f - f*` or `min ‖∇f‖²`. needs: the condition on the rate α, such as α < 2/L. applies:
    whether the rate meets this condition. at: a function that returns the bound after N steps,
    where N ≥ 1.
    """

    name: str
    quantity: str
    formula: str
    needs: str
    applies: bool
    at: Callable[[ArrayLike], Numbers]

    def steps_to(self, level: float) -> int | None:
        """The smallest number of steps N at which the bound is at most `level`.

        None if the bound does not apply, or is larger for every N up to MOST_STEPS.
        """
        if not self.applies or not self.at(MOST_STEPS) <= level:
            return None
        low, high = 0, 1
        while self.at(high) > level:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.at(middle) <= level else (middle, high)
        return high


def exact_bound(alpha: float, L: float, distance: float) -> Bound:
    """f(w_N) − f* ≤ (L/2) max{1/(1 + 2NαL), (1 − αL)^(2N)} ‖w₀ − w*‖², for smooth convex f.

    alpha: the rate α. L: the smoothness constant. distance: ‖w₀ − w*‖.
    """

    def at(steps: ArrayLike) -> Numbers:
        n = np.asarray(steps, dtype=np.float64)
        slow, fast = 1 / (1 + 2 * n * alpha * L), np.abs(1 - alpha * L) ** (2 * n)
        largest: Numbers = np.maximum(slow, fast)
        return L / 2 * largest * distance**2

    formula = "(L/2) max{1/(1+2NαL), (1−αL)^2N} ‖w₀−w*‖²"
    return Bound("smooth", "f - f*", formula, "α < 2/L", alpha * L < 2, at)


def textbook_bound(alpha: float, L: float, distance: float) -> Bound:
    """f(w_N) − f* ≤ ‖w₀ − w*‖² / (2αN), for smooth convex f.

    alpha: the rate α. L: the smoothness constant. distance: ‖w₀ − w*‖.
    """

    def at(steps: ArrayLike) -> Numbers:
        return distance**2 / (2 * alpha * np.asarray(steps, dtype=np.float64))

    return Bound("textbook", "f - f*", "‖w₀−w*‖²/(2αN)", "α ≤ 1/L", alpha * L <= 1, at)


def linear_bound(alpha: float, L: float, mu: float, distance: float) -> Bound:
    """f(w_N) − f* ≤ (L/2) max{|1 − αμ|, |1 − αL|}^(2N) ‖w₀ − w*‖², for strongly convex f.

    alpha: the rate α. L: the smoothness constant. mu: the strong convexity μ > 0. distance:
    ‖w₀ − w*‖.
    """
    rho = max(abs(1 - alpha * mu), abs(1 - alpha * L))

    def at(steps: ArrayLike) -> Numbers:
        powers: Numbers = rho ** (2 * np.asarray(steps, dtype=np.float64))
        return L / 2 * powers * distance**2

    formula = "(L/2) max{|1−αμ|, |1−αL|}^2N ‖w₀−w*‖²"
    return Bound("linear", "f - f*", formula, "α < 2/L", alpha * L < 2, at)


def gradient_bound(alpha: float, L: float, excess: float) -> Bound:
    """min ‖∇f(w_n)‖² ≤ 2 (f(w₀) − f*) / (αN) over the steps n < N, for smooth f.

    alpha: the rate α. L: the smoothness constant. excess: f(w₀) − f*.
    """

    def at(steps: ArrayLike) -> Numbers:
        return 2 * excess / (alpha * np.asarray(steps, dtype=np.float64))

    formula = "2 (f(w₀) − f*)/(αN)"
    return Bound("gradient", "min ‖∇f‖²", formula, "α ≤ 1/L", alpha * L <= 1, at)


def subgradient_bound(alpha: float, G: float, distance: float) -> Bound:
    """min f(w_n) − f* ≤ ‖w₀ − w*‖² / (2αN) + αG²/2 over the steps n < N, for convex f with kinks.

    alpha: the rate α. G: a bound of the subgradients. distance: ‖w₀ − w*‖.
    """

    def at(steps: ArrayLike) -> Numbers:
        n = np.asarray(steps, dtype=np.float64)
        return distance**2 / (2 * alpha * n) + alpha * G**2 / 2

    formula = "‖w₀−w*‖²/(2αN) + αG²/2"
    return Bound("subgradient", "min f - f*", formula, "α > 0", alpha > 0, at)


def convex_bounds(
    alpha: float, L: float, mu: float, distance: float | None, excess: float
) -> tuple[Bound, ...]:
    """Every bound for a smooth convex objective.

    alpha: the learning rate. mu: the strong convexity; 0 without. distance: ‖w₀ − w*‖; None if no
    point attains the minimum. excess: f(w₀) − f*.
    """
    found = []
    if distance is not None and math.isfinite(distance):
        found += [exact_bound(alpha, L, distance), textbook_bound(alpha, L, distance)]
        if mu > 0:
            found.append(linear_bound(alpha, L, mu, distance))
    return (*found, gradient_bound(alpha, L, excess))
