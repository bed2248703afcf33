"""Claims about saddles, local minima and the end of training."""

from __future__ import annotations

import math

import numpy as np

from gdrun.insight.claims.experiments import (
    bowl,
    command,
    descent,
    seeded,
    trained,
    trained_lanes,
    varied,
)
from gdrun.insight.claims.registry import Finding, Series, claim

SEEDS = tuple(range(10))


@claim("saddle-noise", chapter="5", statement="the noise of SGD leaves a saddle where BGD stays")
def saddle_noise() -> Finding:
    """Noise moves the weights off the line that leads to the saddle; the distance then grows.

    f = ½x² − ½y² + ¼y⁴, from (1, 0), where ∂f/∂y = 0. Ge et al. 2015, arXiv 1503.02101.
    """
    surface = {"name": "saddle", "noise": 0.1, "start": [1, 0]}
    bgd = descent({"surface": surface}, 0.05, steps=400)
    sgd = bgd | {"variant": "sgd", "evaluate": {"every": 0.01}}
    # f is 0 at the saddle and −¼ at the minima.
    stays = trained(bgd).evals["train_loss"]
    paths = [run.evals["train_loss"] for run in trained_lanes(seeded(sgd, SEEDS))]
    left = sum(path[-1] < -0.2 for path in paths)
    steps = float(np.median([np.argmax(path < -0.2) for path in paths]))
    stayed = abs(stays[-1]) < 1e-3
    return Finding(
        "holds" if stayed and left == len(SEEDS) else "fails",
        f"after 400 steps BGD has f = {stays[-1]:.2g}, and f is 0 at the saddle; SGD left the "
        f"saddle in {left} of {len(SEEDS)} runs, after a median of {steps:.0f} steps",
        {"loss_bgd": float(stays[-1]), "left": float(left), "median_steps": steps},
        (command(bgd), command(sgd, SEEDS)),
        tuple(
            Series(name, np.arange(len(each)), each, y_name="f")
            for name, each in (("BGD", stays), ("SGD, seed 0", paths[0]))
        ),
        seeds=SEEDS,
    )


@claim("saddle-end", chapter="5", statement="gradient descent may converge to a saddle")
def saddle_end() -> Finding:
    """Gradient descent converges to a saddle only from a set of starts that has measure 0.

    From a start at the distance ε from that set, it leaves a saddle with the curvature −1 after
    about ln(1/ε)/ln(1 + α) steps. Lee et al. 2016, arXiv 1602.04915; with many saddles in a
    row the time can be exponential (Du et al. 2017, arXiv 1705.10412).
    """
    distances = (1e-3, 1e-6, 1e-9, 1e-12)
    configs = [
        descent({"surface": {"name": "saddle", "start": [1, each]}}, 0.05, steps=2000)
        for each in distances
    ]
    configs = [varied(config, stopping={"target_loss": -0.2}) for config in configs]
    runs = [trained(config) for config in configs]
    counts = [int(run.summary["steps"]) for run in runs]
    slope = float(np.polyfit(-np.log(distances), counts, 1)[0])
    predicted = 1 / math.log(1.05)
    left = bool(runs[-1].evals["train_loss"][-1] <= -0.2)
    end = "leaves the saddle" if left else "is still at the saddle"
    return Finding(
        "corrected" if left and abs(slope / predicted - 1) < 0.02 else "holds",
        f"from a start 1e-12 away from the line that leads to the saddle, BGD {end} "
        f"after {counts[-1]} steps; from the distance ε, the steps grow like {slope:.2f} ln(1/ε), "
        f"predicted {predicted:.2f} ln(1/ε)",
        {"slope": slope, "predicted": predicted, "steps": float(counts[-1])},
        tuple(map(command, configs)),
        (Series("steps", -np.log10(distances), np.array(counts), "log10(1/ε)"),),
        seeds=(),
    )


@claim("local-minima", chapter="1", statement="gradient descent is stuck in local minima")
def local_minima() -> Finding:
    """Each local minimum of a convex model is global. Wide networks rarely have bad local minima.

    In many dimensions most critical points are saddles (Dauphin et al. 2014, arXiv 1406.2572).
    """
    normal = {"init": "normal", "init_std": 1}
    convex = descent(
        {"dataset": "iris", "model": {"name": "softmax", "l2": 0.01, **normal}}, 1.0, epochs=1000
    ) | {"evaluate": {"every": 100}, "log": {"points": 100}}
    network = {"name": "mlp", "hidden": [32]}
    wide = descent({"dataset": "moons", "model": network}, 0.5, epochs=800)
    wide |= {"evaluate": {"every": 100}, "log": {"points": 100}}
    runs = [trained_lanes(seeded(config, SEEDS)) for config in (convex, wide)]
    losses = [np.array([run.evals["train_loss"] for run in each]) for each in runs]
    spreads, largest = np.ptp(losses[0], axis=0), losses[1].max(axis=0)
    spread, worst = float(spreads[-1]), float(largest[-1])
    return Finding(
        "fails" if spread < 1e-6 and worst < 0.05 else "holds",
        f"from {len(SEEDS)} random starts, the last losses of softmax regression differ by "
        f"{spread:.1g}, and those of a network with 32 units on moons are at most {worst:.2g}",
        {"spread_convex": spread, "worst_network": worst},
        (command(convex, SEEDS), command(wide, SEEDS)),
        (
            Series("range of f, softmax", runs[0][0].evals["epoch"], spreads, "epoch"),
            Series("largest f, network", runs[1][0].evals["epoch"], largest, "epoch"),
        ),
        seeds=SEEDS,
    )


EPSILON = 1e-6


@claim(
    "criteria",
    chapter="5",
    statement="‖∇f‖ < ε, |Δf| < ε, ‖Δw‖ < ε or a limit of epochs show that training converged",
)
def criteria() -> Finding:
    """No rule shows convergence: ‖∇f‖, |Δf| and ‖Δw‖ depend on the scale of f, two also on α.

    ‖Δw‖ = α‖∇f‖ and |Δf| ≈ α‖∇f‖². So for α < 1 and small gradients the criteria fire in this
    order: |Δf|, ‖Δw‖, ‖∇f‖, and last the limit of steps. With a tiny α, ‖Δw‖ < ε holds at once.
    """
    watch = {"grad_norm": EPSILON, "loss_change": EPSILON, "weight_change": EPSILON}
    config = bowl(1.0, {"name": "vanilla", "lr": 0.1}, 200)
    config["stopping"] |= {"watch": watch}
    run = trained(config)
    fired = {stop["rule"]: float(stop["step"]) for stop in run.record["watched"]}
    order = [*fired, "steps"] if run.status == "exhausted" else [*fired]
    tiny = bowl(1.0, {"name": "vanilla", "lr": 1e-7}, 200)
    tiny["stopping"] |= {"weight_change": EPSILON}
    early = trained(tiny)
    share = float(early.evals["train_loss"][-1] / early.evals["train_loss"][0])
    expected = ["loss_change", "weight_change", "grad_norm", "steps"]
    corrected = order == expected and early.status == "converged" and share > 0.99
    return Finding(
        "corrected" if corrected else "fails",
        "at α = 0.1 and ε = 1e-6 "
        + ", ".join(f"{name} fires at step {step:.0f}" for name, step in fired.items())
        + f"; at α = 1e-7 ‖Δw‖ fires at step {early.summary['steps']}, with {share:.2%} of "
        "the loss left",
        fired | {"tiny_rate_step": float(early.summary["steps"]), "tiny_rate_loss": share},
        (command(config), command(tiny)),
        (Series("‖∇f‖", run.steps["step"], run.steps["grad_norm"]),),
        seeds=(),
    )
