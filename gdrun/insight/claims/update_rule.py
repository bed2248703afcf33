"""Claims about one step of gradient descent, w ← w − α∇f(w)."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    bowl,
    command,
    descent,
    loss_curve,
    sweep_command,
    trained_lanes,
)
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.constants import constants_of
from gdrun.insight.problem import analysed
from gdrun.quantities import rounded

L = 4.0
"""The largest curvature of the bowl of this module."""


@claim("decrease", chapter="2", statement="a step against the gradient always lowers the loss")
def decrease() -> Finding:
    """The loss falls by at least α(1 − αL/2)‖∇f‖², which is positive only for α < 2/L.

    Nesterov 2004, section 1.2.3.
    """
    rates = (0.49, 0.51)
    configs = [bowl(L, {"name": "vanilla", "lr": rate}, 50) for rate in rates]
    runs = trained_lanes(configs)
    below, above = (run.evals["train_loss"] for run in runs)
    falling, rising = float((np.diff(below) < 0).mean()), float((np.diff(above) > 0).mean())
    return Finding(
        "corrected" if falling == 1 and rising > 0.5 else "holds" if rising == 0 else "fails",
        f"with L = 4, {falling:.0%} of the steps lower f at α = 0.49, below 2/L = 0.5, and "
        f"{rising:.0%} raise it at α = 0.51",
        {"falling_below": falling, "rising_above": rising},
        tuple(map(command, configs)),
        tuple(
            loss_curve(f"α = {rate}", run, "step") for rate, run in zip(rates, runs, strict=True)
        ),
        seeds=(),
    )


@claim("first-order", chapter="2", statement="f(w − α∇f) ≈ f(w) − α‖∇f‖², less than f(w)")
def first_order() -> Finding:
    """The decrease is α‖∇f‖² times a factor from 1 − αL/2 to 1, for convex f: near 1 for αL ≪ 1.

    At a critical point ∇f = 0, and nothing decreases. Nesterov 2004, lemma 1.2.3.
    """
    shares = np.array([0.001, 0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0])
    configs = [bowl(L, {"name": "vanilla", "lr": share / L}, 1) for share in shares]
    runs = trained_lanes(configs)
    predicted = np.array([run.steps["lr"][0] * run.steps["grad_norm"][0] ** 2 for run in runs])
    factors = -np.array([np.diff(run.evals["train_loss"])[0] for run in runs]) / predicted
    bounded = bool(((factors >= 1 - shares / 2) & (factors <= 1)).all())
    near = bool(abs(factors[0] - 1) <= shares[0] / 2)
    corrected = bounded and near and factors[-1] < 0
    rise = ", a rise," if factors[-1] < 0 else ""
    return Finding(
        "corrected" if corrected else "fails",
        f"the decrease is {factors[0]:.4f} of α‖∇f‖² at αL = 0.001, {factors[4]:.3f} at αL = 1, "
        f"and {factors[-1]:.3f}{rise} at αL = 3; the bound 1 − αL/2 "
        f"{'holds' if bounded else 'fails'}",
        {"small": float(factors[0]), "at_1": float(factors[4]), "at_3": float(factors[-1])},
        (sweep_command(configs[0] | {"optimizer": "vanilla"}, {"lr": (shares / L).tolist()}),),
        (Series("decrease / α‖∇f‖²", shares, factors, "αL"),),
        seeds=(),
    )


@claim(
    "stability-limit",
    chapter="3A",
    statement="with full gradients the loss of least squares never rises for α < 2/L, and "
    "diverges above",
)
def stability_limit() -> Finding:
    """On a quadratic the error along a curvature λ is multiplied by 1 − αλ in each step.

    So the error shrinks in all directions if and only if α < 2/L, where L is the largest curvature.
    For other smooth convex f, α < 2/L is enough, but a larger rate need not diverge.
    """
    problem = {"dataset": "diabetes", "model": "linear"}
    shares = (0.5, 0.9, 0.99, 1.01, 1.1)
    largest = constants_of(analysed(resolve(descent(problem, 0.1, steps=1))), None).L
    assert largest is not None
    tried = [rounded(share * 2 / largest, 4) for share in shares]
    configs = [descent(problem, rate, steps=1000) for rate in tried]
    runs = trained_lanes(configs)
    rises = [int((np.diff(run.evals["train_loss"]) > 0).sum()) for run in runs]
    diverged = [run.status == "diverged" for run in runs]
    holds = sum(rises[:3]) == 0 and diverged == [False, False, False, True, True]
    return Finding(
        "holds" if holds else "fails",
        f"for least squares with 2/L = {2 / largest:.3g}, {sum(rises[:3])} of 3000 steps raise f "
        f"at rates below 2/L, and {sum(diverged[3:])} of 2 runs diverge at 1.01 and 1.1 times 2/L",
        {
            "limit": 2 / largest,
            "rises_below": float(sum(rises[:3])),
            "diverged_below": float(sum(diverged[:3])),
            "diverged_above": float(sum(diverged[3:])),
        },
        (sweep_command(configs[0] | {"optimizer": "vanilla"}, {"lr": tried}),),
        tuple(
            loss_curve(f"{share} · 2/L", run, "step")
            for share, run in list(zip(shares, runs, strict=True))[2:4]
        ),
    )
