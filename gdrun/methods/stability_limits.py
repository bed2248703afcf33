"""The stability limits of update rules: the largest stable learning rates on a quadratic.

On a quadratic with curvature at most L, an update rule with a constant rate α is stable where

    gradient descent            α < 2 / L
    heavy ball                  α < 2 (1 + β) / ((1 − δ) L)
    Nesterov's momentum         α < 2 (1 + β) / ((1 + 2β) L)

and unstable above the limit, in the direction of the largest curvature. For any other convex
objective, L is its largest curvature, and a rate above the limit may be stable, too. Below the
limit gradient descent converges; the heavy ball may cycle (Lessard, Recht & Packard 2016, section
4.6).

Source: Polyak 1964; Lessard, Recht & Packard 2016 for both kinds of momentum. β is the option beta,
and δ the option dampening. The heavy ball has the characteristic polynomial z² − (1 + β − (1 −
δ)αL) z + β. Nesterov's momentum has z² − (1 + β)(1 − αL) z + β(1 − αL). When α passes the limit, a
root leaves the unit circle at −1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LIMITS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "vanilla": lambda options: 2.0,
    "momentum": lambda options: 2 * (1 + options["beta"]) / (1 - options["dampening"]),
    "nesterov": lambda options: 2 * (1 + options["beta"]) / (1 + 2 * options["beta"]),
}
"""For each update rule with a known limit: the limit in units of 1/L, from the rule's options."""

FORMULAS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "vanilla": lambda options: "2/L",
    "momentum": lambda options: (
        "2(1 + β)/((1 − dampening)L)" if options["dampening"] else "2(1 + β)/L"
    ),
    "nesterov": lambda options: "2(1 + β)/((1 + 2β)L)",
}
"""The same limits as formulas to show, from the rule's options."""


def limit_formula(optimizer: Mapping[str, Any]) -> str | None:
    """The formula of the stability limit, such as 2/L.

    None if the rule has no formula, or if the weights are averaged. optimizer: the name and the
    options of the rule, as in the config of a run.
    """
    formula = FORMULAS.get(optimizer["name"])
    return None if formula is None or optimizer.get("average") else formula(optimizer)
