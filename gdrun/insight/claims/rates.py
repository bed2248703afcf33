"""Claims about the size of the learning rate."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    bowl,
    command,
    descent,
    ended,
    loss_curve,
    sweep_command,
    trained,
    trained_lanes,
    varied,
    with_theory,
)
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.theory import theory_of
from gdrun.quantities import rounded

DATA = {
    "iris": "softmax",
    "wine": "softmax",
    "breast-cancer": "logistic",
    "digits": "softmax",
    "diabetes": "linear",
}
"""The data sets of the package, with the convex model for each."""


@claim("fixed-rates", chapter="4", statement="α = 1 is too large, 0.0001 too small and 0.01 right")
def fixed_rates() -> Finding:
    """Only αL has a meaning, because L depends on the loss and on the scale of the data."""
    rates = (1e-4, 0.01, 1.0)
    best = dict.fromkeys(rates, 0)
    diverged = 0
    curves: list[Series] = []
    commands = []
    for name, model in DATA.items():
        configs = [descent({"dataset": name, "model": model}, rate, epochs=100) for rate in rates]
        runs = trained_lanes(configs)
        commands.append(sweep_command(configs[0] | {"optimizer": "vanilla"}, {"lr": rates}))
        last = [run.evals["train_loss"][-1] for run in runs]
        diverged += runs[-1].status == "diverged"
        best[rates[int(np.nanargmin(last))]] += 1
        if name == "digits":
            curves += [
                loss_curve(f"{rate:g} on digits", run)
                for rate, run in zip(rates, runs, strict=True)
            ]
    shown = ", ".join(f"{rate:g} on {count}" for rate, count in best.items())
    return Finding(
        "holds" if best[0.01] == len(DATA) == diverged else "fails",
        f"after 100 epochs of BGD with each α on {len(DATA)} standardised data sets, the best α "
        f"was {shown}; α = 1 diverged on {diverged}",
        {"best_1": float(best[1.0]), "best_0.01": float(best[0.01]), "diverged_1": float(diverged)},
        tuple(commands),
        tuple(curves),
    )


@claim(
    "three-rates",
    chapter="4",
    statement="too large a rate diverges, too small a rate is slow, and between is a right one",
)
def three_rates() -> Finding:
    """On a quadratic, a rate above 2/L is too large, and one far below 1/L is slow.

    The best rate is 2/(L + μ) (Polyak 1964).
    """
    problem = {"dataset": {"name": "linear", "condition": 10}, "model": "linear"}
    theory = theory_of(resolve(descent(problem, 0.1, steps=1)))
    L, best, lowest = theory.constants.L, theory.best_rate, theory.f_star
    assert L is not None
    assert best is not None
    assert lowest is not None
    rates = [rounded(rate, 4) for rate in (2.2 / L, 0.001 / L, best)]
    configs = [descent(problem, rate, steps=100) for rate in rates]
    runs = trained_lanes(configs)
    # f* is known up to rounding errors, of about 1e-16.
    excess = [np.maximum(run.evals["train_loss"] - lowest, 1e-16) for run in runs]
    small, right = (float(each[-1] / each[0]) for each in excess[1:])
    holds = runs[0].status == "diverged" and small > 0.5 and right < 1e-6
    return Finding(
        "holds" if holds else "fails",
        f"after 100 steps f − f* is {small:.2f} of its start at α = 0.001/L and {right:.1g} at "
        f"2/(L + μ); at 2.2/L the run {ended(runs[0])}",
        {"small": small, "right": right, "diverged": float(runs[0].status == "diverged")},
        with_theory(map(command, configs)),
        tuple(
            Series(name, run.evals["step"], each, y_name="f − f*")
            for name, run, each in zip(("2.2/L", "0.001/L", "2/(L + μ)"), runs, excess, strict=True)
        ),
    )


@claim(
    "overflow",
    chapter="4",
    statement="a rate that is too large gives losses like 10, 50, 200, NaN",
)
def overflow() -> Finding:
    """On a quadratic with αL > 2 the loss grows by the factor (αL − 1)² a step.

    With a factor of 4 it passes the largest double, 1.8e308, after about 510 steps. A loss that
    overflows within a few steps grows faster than a quadratic, or is the result of log 0 or a large
    exp.
    """
    config = bowl(1.0, {"name": "vanilla", "lr": 3.0}, 1000)
    config["stopping"] |= {"divergence": {"factor": 1e300}}
    losses = trained(config).evals["train_loss"]
    finite = losses[np.isfinite(losses)]
    factor = float(finite[1] / finite[0])
    # ¼y⁴ − ½y² with α = 1 has the step y ← 2y − y³, which triples the digits of y.
    quartic = config | {"surface": {"name": "saddle", "start": [0.0, 3.0]}}
    quartic = varied(quartic, optimizer={"lr": 1.0})
    jump = int(np.isfinite(trained(quartic).evals["train_loss"]).sum()) - 1
    # f is ½·2·4ⁿ: it passes 1e300 times its start after 300/log10(4) = 498.3 steps.
    corrected = abs(factor - 4) < 1e-6 and abs(len(finite) - 1 - 499) <= 1 and jump < 10
    return Finding(
        "corrected" if corrected else "fails",
        f"with αL = 3 the loss of a quadratic is {factor:.3g} times as large after each step, and "
        f"is finite for {len(finite) - 1} steps; that of a quartic is finite for {jump} steps",
        {"factor": factor, "finite_steps": float(len(finite) - 1), "quartic_steps": float(jump)},
        (command(config), command(quartic)),
        (Series("f", np.arange(len(finite)), finite),),
        seeds=(),
    )
