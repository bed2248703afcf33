"""Claims about the convergence of gradient descent with full gradients."""

from __future__ import annotations

from gdrun.insight.bound_checks import check_run
from gdrun.insight.claims.experiments import command, descent, trained
from gdrun.insight.claims.registry import Curve, Finding, claim


@claim(
    "smooth-rate",
    chapter="5",
    statement="for convex smooth f and α < 2/L, f − f* falls like 1/T",
)
def smooth_rate() -> Finding:
    """The exact bound is (L/2) max{1/(1+2NαL), (1−αL)^2N} ‖w₀−w*‖², for every 0 < α < 2/L.

    Rotaru, Glineur & Patrinos 2024, arXiv 2412.04427.
    """
    problem = {"dataset": "breast-cancer", "model": {"name": "logistic", "l2": 0.01}}
    config = descent(problem, 0.5, epochs=300)
    check = check_run(trained(config))
    smooth = check.checks[0]
    return Finding(
        "holds" if smooth.all_held else "fails",
        f"the bound holds at {int(smooth.held.sum())} of {len(smooth.steps)} steps; f − f* is at "
        f"most {smooth.tightest:.2g} of it",
        {"steps": float(len(smooth.steps)), "largest_share": smooth.tightest},
        (
            command(config),
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
    network = {"name": "mlp", "hidden": [8], "activation": "tanh"}
    config = descent({"dataset": "iris", "model": network}, 0.1, epochs=200)
    (check,) = check_run(trained(config)).checks
    return Finding(
        "fails" if check.all_held else "holds",
        f"the smallest ‖∇f‖² is at most {check.tightest:.2g} of its bound at the "
        f"{len(check.steps)} steps of a network",
        {"steps": float(len(check.steps)), "largest_share": check.tightest},
        (
            command(config),
            "gdrun theory last",
        ),
        (
            Curve("min ‖∇f‖²", check.steps, check.observed),
            Curve("bound", check.steps, check.allowed),
        ),
    )
