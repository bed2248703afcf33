"""Claims about the convergence of gradient descent with full gradients."""

from __future__ import annotations

import numpy as np

from gdrun.insight.bound_checks import check_run
from gdrun.insight.claims.registry import Curve, Finding, bowl, claim, trained

PLAIN = "variant=bgd optimizer=vanilla schedule=constant"


@claim("decrease", chapter="2", statement="a step against the gradient always lowers the loss")
def decrease() -> Finding:
    """The loss falls by at least α(1 − αL/2)‖∇f‖², which is positive only for α < 2/L.

    Nesterov 2004, section 1.2.3.
    """
    below, above = (
        trained(bowl(4.0, {"name": "vanilla", "lr": rate}, 50)).evals["train_loss"]
        for rate in (0.49, 0.51)
    )
    falling, rising = float((np.diff(below) < 0).mean()), float((np.diff(above) > 0).mean())
    return Finding(
        "corrected" if falling == 1 and rising > 0.5 else "holds",
        f"with L = 4, {falling:.0%} of the steps fall at α = 0.49, below 2/L = 0.5, and "
        f"{rising:.0%} rise at α = 0.51",
        {"falling_below": falling, "rising_above": rising},
        (
            f"gdrun train 'surface={{name: bowl, condition: 4, start: [1, 1]}}' {PLAIN} lr=0.51 "
            "steps=50",
        ),
        (Curve("f at α = 0.51", np.arange(len(above)), above),),
    )


@claim(
    "smooth-rate",
    chapter="5",
    statement="for convex smooth f and α < 2/L, f − f* falls like 1/T",
)
def smooth_rate() -> Finding:
    """The exact bound is (L/2) max{1/(1+2NαL), (1−αL)^2N} ‖w₀−w*‖², for every 0 < α < 2/L.

    Rotaru, Glineur & Patrinos 2024, arXiv 2412.04427.
    """
    config = {
        "dataset": "breast-cancer",
        "model": {"name": "logistic", "l2": 0.01},
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": 0.5},
        "stopping": {"epochs": 300},
    }
    check = check_run(trained(config))
    smooth = check.checks[0]
    return Finding(
        "holds" if smooth.all_held else "fails",
        f"the bound holds at all {len(smooth.steps)} steps; f − f* is at most "
        f"{smooth.tightest:.2g} of it",
        {"steps": float(len(smooth.steps)), "largest_share": smooth.tightest},
        (
            "gdrun train dataset=breast-cancer 'model={name: logistic, l2: 0.01}' "
            f"{PLAIN} lr=0.5 epochs=300",
            "gdrun theory last",
        ),
        (
            Curve("f − f*", smooth.steps, smooth.observed),
            Curve("bound", smooth.steps, smooth.allowed),
        ),
    )


@claim(
    "non-convex",
    chapter="5",
    statement="convergence theory does not apply to networks, which are not convex",
)
def non_convex() -> Finding:
    """For any L-smooth f and α ≤ 1/L, min ‖∇f‖² ≤ 2(f(w₀) − f*)/(αN) (Nesterov 2004, 1.2.15)."""
    config = {
        "dataset": "iris",
        "model": {"name": "mlp", "hidden": [8], "activation": "tanh"},
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": 0.1},
        "stopping": {"epochs": 200},
    }
    (check,) = check_run(trained(config)).checks
    return Finding(
        "fails" if check.all_held else "holds",
        f"the smallest ‖∇f‖² is at most {check.tightest:.2g} of its bound at all "
        f"{len(check.steps)} steps of a network",
        {"steps": float(len(check.steps)), "largest_share": check.tightest},
        (
            "gdrun train dataset=iris 'model={name: mlp, hidden: [8], activation: tanh}' "
            f"{PLAIN} lr=0.1 epochs=200",
            "gdrun theory last",
        ),
        (
            Curve("min ‖∇f‖²", check.steps, check.observed),
            Curve("bound", check.steps, check.allowed),
        ),
    )


@claim(
    "overflow",
    chapter="4",
    statement="a rate that is too large gives losses like 10, 50, 200, NaN",
)
def overflow() -> Finding:
    """On a quadratic the loss grows by the factor (αL − 1)² a step, and overflows much later.

    Double precision ends at 1.8e308: at a factor of 4 after about 510 steps.
    """
    config = bowl(1.0, {"name": "vanilla", "lr": 3.0}, 1000)
    config["stopping"] |= {"divergence": {"factor": 1e300}}
    losses = trained(config).evals["train_loss"]
    finite = losses[np.isfinite(losses)]
    factor = float(finite[1] / finite[0])
    # f is ½·2·4ⁿ: it passes 1e300 times its start after 300/log10(4) = 498.3 steps.
    corrected = abs(factor - 4) < 1e-6 and abs(len(finite) - 1 - 499) <= 1
    return Finding(
        "corrected" if corrected else "fails",
        f"with αL = 3 the loss grows by {factor:.3g} a step, and is finite for "
        f"{len(finite) - 1} steps",
        {"factor": factor, "finite_steps": float(len(finite) - 1)},
        (
            f"gdrun train 'surface={{name: bowl, condition: 1, start: [1, 1]}}' {PLAIN} lr=3 "
            "steps=1000 stopping.divergence.factor=1e300",
        ),
        (Curve("log10 f", np.arange(len(finite)), np.log10(finite)),),
    )
