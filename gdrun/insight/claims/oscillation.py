"""Claims about oscillation, and about clipping as its cure."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.insight.claims.experiments import Config, bowl, command, descent, ended, trained, varied
from gdrun.insight.claims.registry import Finding, Series, claim

L = 4.0
"""The largest curvature of the bowl of this module, that along y."""


def turns(y: Array) -> float:
    """The share of steps in which the weight y (n,) changes its sign."""
    return float((np.sign(y[1:]) != np.sign(y[:-1])).mean())


def _noisy(size: int) -> Config:
    """The config of descent with mini-batches that starts at the minimum of f = ½‖w‖².

    size: the batch size. The rate 0.1 is far below 1/L = 1.
    """
    surface = {"name": "bowl", "condition": 1, "noise": 1, "start": [0, 0]}
    config = descent({"surface": surface}, 0.1, steps=800) | {"log": {"points": 100}}
    variant = {"name": "mbgd", "batch_size": size, "sampling": "replacement"}
    return config | {"variant": variant, "evaluate": {"every": size / 100}}


@claim("oscillation-decay", chapter="6.3", statement="a decaying rate cures oscillation")
def oscillation_decay() -> Finding:
    """Each step along a curvature λ jumps across the minimum if α > 1/λ, and none does if α < 1/λ.

    The noise of mini-batches keeps f = ½‖w‖² of two weights near ασ²/(2B). A decaying rate lowers
    this level, too. B is the batch size, and σ² the variance of the noise of each weight's
    gradient.
    """
    constant = bowl(L, {"name": "vanilla", "lr": 1.9 / L}, 60)
    decay = {"name": "exponential", "decay": 0.05, "per": "step"}
    decaying = constant | {"schedule": decay}
    swinging, calm = (trained(each).steps["y"] for each in (constant, decaying))
    noisy = _noisy(1)
    falling = noisy | {"schedule": {"name": "inverse_time", "decay": 2}}
    floor, lower = (trained(each).evals["train_loss"][-300:].mean() for each in (noisy, falling))
    share = float(lower / floor)
    before, after = turns(swinging[-20:]), turns(calm[-20:])
    return Finding(
        "holds" if before == 1 and after == 0 and share < 0.2 else "fails",
        f"at α = 1.9/L {before:.0%} of the last 20 steps jump across the minimum, and {after:.0%} "
        f"with exponential decay; with α/(1 + 2t), the loss of SGD ends at {share:.2g} times that "
        "with constant α",
        {"turns_constant": before, "turns_decay": after, "noise_left": share},
        tuple(map(command, (constant, decaying, noisy, falling))),
        (
            Series("y, constant α", np.arange(len(swinging)), swinging),
            Series("y, decaying α", np.arange(len(calm)), calm),
        ),
    )


@claim("oscillation-cause", chapter="6.3", statement="oscillation means that the rate is too large")
def oscillation_cause() -> Finding:
    """Mini-batches make the loss fluctuate at every rate; larger batches make it fluctuate less.

    For f = ½‖w‖² of two weights, f stays near ασ²/(2B). B is the batch size, and σ² the variance of
    the noise of each weight's gradient. With full gradients, oscillation shows that the rate is too
    large: the weights jump across the minimum along one direction.
    """
    full = varied(_noisy(1), variant="bgd", surface={"start": [1, 1]}, stopping={"steps": 100})
    full = full | {"evaluate": {"every": 1}}
    calm = float((np.diff(trained(full).evals["train_loss"]) > 0).mean())
    losses = [trained(_noisy(size)).evals["train_loss"][100:] for size in (1, 25)]
    rising = float((np.diff(losses[0]) > 0).mean())
    gain = float(losses[0].mean() / losses[1].mean())
    return Finding(
        "fails" if calm == 0 and rising > 0.3 and gain > 12 else "holds",
        f"at α = 0.1/L full gradients raise the loss in {calm:.0%} of the steps, single examples "
        f"in {rising:.0%}; at the same rate, batches of 25 divide the mean loss by {gain:.1f}",
        {"rising_bgd": calm, "rising_sgd": rising, "gain_25": gain},
        (command(full), command(_noisy(1)), command(_noisy(25))),
        (Series("f of SGD", np.arange(200), losses[0][:200]),),
    )


@claim("clipping-rate", chapter="6.1", statement="clipping the gradient cures too large a rate")
def clipping_rate() -> Finding:
    """Clipping bounds the step, but for a rate above 2/L the weights do not converge: they cycle.

    On f(y) = L y²/2 with the gradient clipped to length 1 and 2 < αL, y ends in jumps of length α
    between a point y₀ and y₀ − α. Both have L|y| ≥ 1, where the clipped gradient is ±1, so that f
    stays between 1/(2L) and (L/2)(α − 1/L)².
    """
    config = bowl(L, {"name": "vanilla", "lr": 2.5 / L}, 400)
    clipped = config | {"clip": {"norm": 1.0}}
    without, run = trained(config), trained(clipped)
    losses = run.evals["train_loss"]
    last = float(losses[-1])
    low, high = 1 / (2 * L), L / 2 * (1.5 / L) ** 2
    bounded = run.status != "diverged" and without.status == "diverged"
    return Finding(
        "corrected" if bounded and low <= last <= high else "holds" if last < 1e-6 else "fails",
        f"at α = 2.5/L the run {ended(without)}; clipped, it ends with f = {last:.3f}, and f is "
        f"from {low:.3f} to {high:.3f} in the predicted cycle, and 0 at the minimum",
        {"last": last, "low": low, "high": high},
        (command(config), command(clipped)),
        (Series("f, clipped", np.arange(100), losses[:100]),),
        seeds=(),
    )
