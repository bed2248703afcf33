"""Claims about the convergence of gradient descent with full gradients."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.bound_checks import BoundCheck, check_run
from gdrun.insight.claims.experiments import (
    Config,
    bowl,
    command,
    descent,
    ended,
    trained,
    trained_lanes,
    varied,
    with_theory,
)
from gdrun.insight.claims.registry import Finding, Series, Verdict, claim
from gdrun.insight.curvature_path import path_of_run
from gdrun.insight.theory import theory_of


@claim(
    "smooth-rate",
    chapter="5",
    statement="for convex smooth f and α < 2/L, f − f* falls like 1/T",
)
def smooth_rate() -> Finding:
    """After N steps f − f* ≤ (L/2) max{1/(1+2NαL), (1−αL)^2N} ‖w₀−w*‖², for every 0 < α < 2/L.

    No smaller bound holds for every smooth convex f. Rotaru, Glineur & Patrinos 2024, arXiv
    2412.04427.
    """
    problem = {"dataset": "breast-cancer", "model": {"name": "logistic", "l2": 0.01}}
    config = descent(problem, 0.5, epochs=300)
    check = check_run(trained(config)).checks[0]
    measured = (
        f"the bound holds at {int(check.held.sum())} of {len(check.steps)} steps; f − f* is at "
        f"most {check.tightest:.2g} of the bound"
    )
    return _bounded(config, check, "holds" if check.all_held else "fails", measured)


def _bounded(config: Config, check: BoundCheck, verdict: Verdict, measured: str) -> Finding:
    """The finding that a run was compared with a bound. config: the config of the run."""
    bounded = check.bound.quantity.replace(" - ", " − ")
    return Finding(
        verdict,
        measured,
        {"steps": float(len(check.steps)), "largest_share": check.tightest},
        with_theory((command(config),)),
        (
            Series("observed", check.steps, check.observed, y_name=bounded),
            Series("bound", check.steps, check.allowed, y_name=bounded),
        ),
    )


@claim(
    "non-convex",
    chapter="5",
    statement="convergence theory does not apply to networks, which are not convex",
)
def non_convex() -> Finding:
    """The bound of L-smooth f holds without convexity: α ≤ 1/L brings ‖∇f‖² to 2(f(w₀) − f*)/(αN).

    This is a bound of the smallest ‖∇f‖² in the first N steps (Nesterov 2004, 1.2.15).
    """
    network = {"name": "mlp", "hidden": [8], "activation": "tanh"}
    config = descent({"dataset": "iris", "model": network}, 0.1, epochs=200)
    (check,) = check_run(trained(config)).checks
    measured = (
        f"the smallest ‖∇f‖² is at most {check.tightest:.2g} of its bound at the "
        f"{len(check.steps)} steps of a network"
    )
    return _bounded(config, check, "fails" if check.all_held else "holds", measured)


@claim("edge-of-stability", chapter="5", statement="training is stable only for α < 2/L")
def edge_of_stability() -> Finding:
    """On a quadratic, where L is the largest curvature λmax, training is stable only for α < 2/L.

    On a network the sharpness λmax rises until it is near 2/α, but training need not diverge. The
    loss rises in some steps and falls over many (Cohen et al. 2021, arXiv 2103.00065).
    """
    dataset = {"name": "diabetes", "standardize": {"target": True}}
    model = {"name": "mlp", "hidden": [32], "activation": "tanh"}
    rates = (0.1, 0.2)
    base = descent({"dataset": dataset, "model": model}, 0.1, epochs=1500)
    base |= {"evaluate": {"every": 100}}
    configs = [varied(base, optimizer={"lr": rate}) for rate in rates]
    runs = trained_lanes(configs)
    paths = [path_of_run(run).points for run in runs]
    products = [path[-1].largest * rate / 2 for path, rate in zip(paths, rates, strict=True)]
    losses = runs[1].steps["batch_loss"]  # of the batch of all rows
    rising, fallen = float((np.diff(losses) > 0).mean()), float(losses[-1] / losses[0])
    edge = all(0.8 < product < 1.25 for product in products)
    return Finding(
        "corrected" if edge and rising > 0.02 and fallen < 0.5 else "fails",
        f"networks end with λmax = {products[0]:.2f} · 2/α at α = 0.1 and {products[1]:.2f} · 2/α "
        f"at α = 0.2, where {rising:.0%} of the steps raise f, and f ends at {fallen:.2f} of its "
        "start",
        {"sharpness_0.1": products[0], "sharpness_0.2": products[1], "rising": rising},
        with_theory(map(command, configs)),
        (Series("f at α = 0.2", runs[1].steps["step"], losses),),
    )


@claim("long-steps", chapter="5", statement="no step may be longer than 2/L")
def long_steps() -> Finding:
    """A constant rate must be below 2/L, but longer steps may alternate with short ones.

    A pair of steps α₁, α₂ multiplies the error along a curvature λ by (1 − α₁λ)(1 − α₂λ). There are
    patterns of T steps whose longest step grows with T. They bring f − f* of any smooth convex f to
    the order of T^−1.27 instead of 1/T (Altschuler & Parrilo 2023, arXiv 2309.16530).
    """
    condition, rate = 10.0, 0.25
    constant = bowl(condition, {"name": "vanilla", "lr": rate}, 60)
    # From 0.5/L to 2.5/L and back.
    pattern = {"name": "cyclic", "div": 5, "half_cycle": 1, "per": "step"}
    cyclic = constant | {"schedule": pattern}
    plain, run = trained(constant), trained(cyclic)
    losses = run.evals["train_loss"]
    left, predicted = float(losses[-1] / losses[0]), _two_steps(condition, rate)
    corrected = plain.status == "diverged" and abs(left / predicted - 1) < 1e-6
    return Finding(
        "corrected" if corrected else "fails",
        f"with a constant α = 2.5/L the run {ended(plain)}; with 0.5/L and 2.5/L in turn f is "
        f"{left:.2g} of its start after 60 steps, predicted {predicted:.2g}",
        {"left": left, "predicted": predicted},
        (command(constant), command(cyclic)),
        (Series("f, alternating α", np.arange(len(losses)), losses),),
        seeds=(),
    )


def _two_steps(L: float, rate: float) -> float:
    """f = ½(x² + Ly²) after 30 pairs of steps from (1, 1), as a share of f at the start.

    The rates of a pair are rate/5 and rate.
    """
    curvatures = np.array([1.0, L])
    factors = ((1 - rate / 5 * curvatures) * (1 - rate * curvatures)) ** 30
    return float((curvatures * factors**2).sum() / curvatures.sum())


@claim("strong-convexity", chapter="5", statement="the error of gradient descent falls like 1/T")
def strong_convexity() -> Finding:
    """With μ > 0, f − f* falls like (1 − αμ)^2T: on a log scale, a straight line.

    μ is above 0 with an l2 term, for example. Nesterov 2004, theorem 2.1.15; 1/T is for convex f
    without strong convexity.
    """
    data = {"dataset": {"name": "linear", "condition": 10}, "model": "linear"}
    theory = theory_of(resolve(descent(data, 0.1, steps=1)))
    L, mu, lowest = theory.constants.L, theory.constants.mu, theory.f_star
    assert L is not None
    assert mu is not None
    assert lowest is not None
    config = descent(data, 1 / L, steps=100)
    excess = trained(config).evals["train_loss"] - lowest
    factor = float((excess[60] / excess[40]) ** (1 / 20))
    predicted = (1 - mu / L) ** 2
    return Finding(
        "corrected" if abs(factor / predicted - 1) < 0.02 else "fails",
        f"at α = 1/L, f − f* is multiplied by {factor:.4f} in each step, predicted (1 − μ/L)² = "
        f"{predicted:.4f}",
        {"factor": factor, "predicted": predicted},
        with_theory((command(config),)),
        (Series("f − f*", np.arange(61), excess[:61]),),
    )
