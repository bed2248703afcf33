"""Claims about where SGD ends: the noise of its gradients, and what removes it."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Numbers
from gdrun.insight.claims.experiments import (
    Config,
    command,
    descent,
    loss_curve,
    seeded,
    trained,
    trained_lanes,
    varied,
)
from gdrun.insight.claims.registry import Finding, Series, claim

SEEDS = tuple(range(24))


def _noisy(rate: float, sampling: str = "replacement") -> Config:
    """The config of SGD that starts at the minimum of f = ½ ‖w‖².

    The noise of each weight's gradient has a standard deviation of about 1.
    """
    surface = {"name": "bowl", "condition": 1, "noise": 1, "start": [0, 0]}
    config = descent({"surface": surface}, rate, epochs=40) | {"log": {"points": 100}}
    return config | {"variant": {"name": "sgd", "sampling": sampling}}


def _mean_loss(config: Config) -> Numbers:
    """The mean of f over the seeds, at each evaluation."""
    runs = trained_lanes(seeded(config, SEEDS))
    mean: Numbers = np.mean([run.evals["train_loss"] for run in runs], axis=0)
    return mean


def _floor(mean: Numbers) -> float:
    """The level at which a mean of f (evaluations,) stays after its rise from the minimum."""
    return float(mean[10:].mean())


def _curve(name: str, mean: Numbers) -> Series:
    return Series(name, np.arange(len(mean)), mean, "epoch", "mean f")


@claim("sgd-ball", chapter="3B", statement="SGD may not converge to the exact minimum")
def sgd_ball() -> Finding:
    """At a small constant rate α, f stays above its minimum on average, in proportion to α.

    For f = ½‖w‖² of two weights the mean of f is about ασ²/(2 − α). σ is the standard deviation of
    the noise of each weight's gradient. With rates whose sum is infinite and whose squares have a
    finite sum, SGD converges (Robbins & Monro 1951).
    """
    configs = [_noisy(0.1), _noisy(0.025)]
    means = [_mean_loss(config) for config in configs]
    large, small = map(_floor, means)
    decreasing = _noisy(0.1) | {"schedule": {"name": "inverse_time", "decay": 1}}
    falling = _mean_loss(decreasing)
    last = float(falling[-5:].mean())
    ratio, predicted = large / small, (0.1 / 1.9) / (0.025 / 1.975)
    corrected = abs(ratio / predicted - 1) < 0.15 and last < large / 20
    return Finding(
        "corrected" if corrected else "fails",
        f"at α = 0.1, f stays {ratio:.2f} times as high as at α = 0.025, predicted "
        f"{predicted:.2f}; with α = 0.1/(1 + t) it ends at {last / large:.2g} of the f at α = 0.1",
        {"ratio": ratio, "predicted": predicted, "decreasing": last / large},
        tuple(command(config, SEEDS) for config in (*configs, decreasing)),
        (
            _curve("α = 0.1", means[0]),
            _curve("α = 0.025", means[1]),
            _curve("α = 0.1/(1 + t)", falling),
        ),
        seeds=SEEDS,
    )


@claim(
    "interpolation",
    chapter="3B",
    statement="with a constant rate SGD cannot reach the minimum, because of its noise",
)
def interpolation() -> Finding:
    """SGD reaches a minimum of f that also minimises the loss of every example: no noise is there.

    Ma, Bassily & Belkin 2018, arXiv 1712.06559.
    """
    data = {"dataset": {"name": "linear", "noise": 0}, "model": "linear"}
    exact = descent(data, 0.02, epochs=20) | {"variant": "sgd", "log": {"points": 100}}
    noisy = varied(exact, dataset={"noise": 0.1})
    runs = [trained(config) for config in (exact, noisy)]
    losses = [run.evals["train_loss"] for run in runs]
    fitted, unfitted = (float(each[-1] / each[0]) for each in losses)
    return Finding(
        "fails" if fitted < 1e-20 else "holds",
        f"without noise in the targets f ends at {fitted:.1g} of its start at α = 0.02, with "
        f"noise at {unfitted:.1g}",
        {"fitted": fitted, "unfitted": unfitted},
        (command(exact), command(noisy)),
        (loss_curve("without noise", runs[0]), loss_curve("with noise", runs[1])),
    )


@claim(
    "reshuffling",
    chapter="3B",
    statement="in shuffled epochs each step uses an independent, unbiased gradient",
)
def reshuffling() -> Finding:
    """Only draws with replacement are independent. In a shuffled epoch the noise adds up to 0.

    So the noise of the last example is determined by that of the examples before. At the same rate,
    the loss at the end of an epoch is lower: of the order α² instead of α (Mishchenko, Khaled &
    Richtárik 2020, arXiv 2006.05988).
    """
    configs = [_noisy(0.01, sampling) for sampling in ("replacement", "shuffle")]
    means = [_mean_loss(config) for config in configs]
    independent, shuffled = map(_floor, means)
    share = shuffled / independent
    missed, chance = (_missed(_noisy(0.01, sampling)) for sampling in ("shuffle", "replacement"))
    return Finding(
        "fails" if share < 0.5 and missed < 1e-9 < chance else "holds",
        "the noise of the last gradient of an epoch is minus the sum of the others up to a "
        f"relative error of {missed:.1g} in a shuffled epoch, and of {chance:.1f} with independent "
        f"draws; at α = 0.01 the loss of shuffled epochs is {share:.2g} times that of independent "
        "draws",
        {"share": share, "missed_shuffled": missed, "missed_independent": chance},
        tuple(command(config, SEEDS) for config in configs),
        (_curve("independent draws", means[0]), _curve("shuffled epochs", means[1])),
        seeds=SEEDS,
    )


def _missed(config: Config) -> float:
    """The relative error of a prediction of the last noise ξ in the first epoch.

    On f = ½‖w‖² the gradient of an example is w + ξ. The last ξ is predicted as minus the sum of
    the others. This is right if the ξ of an epoch add up to 0.
    """
    steps = trained(varied(config, stopping={"epochs": 1}) | {"log": {"points": "all"}}).steps
    after = np.column_stack([steps["x"], steps["y"]])
    before = np.vstack([np.zeros(2), after[:-1]])
    noise = (before - after) / steps["lr"][:, None] - before
    return float(np.linalg.norm(noise.sum(axis=0)) / np.linalg.norm(noise[-1]))
