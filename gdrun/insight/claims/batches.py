"""Claims about mini-batches."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import Config, command, descent, trained_lanes, varied
from gdrun.insight.claims.registry import Curve, Finding, claim
from gdrun.insight.gradient_noise import GradientNoise, gradient_noise
from gdrun.insight.problem import analysed

COMMANDS = ("gdrun theory dataset=iris model=softmax `noise`",)


def _noise() -> GradientNoise:
    return gradient_noise(analysed(resolve({"dataset": "iris", "model": "softmax"})))


@claim(
    "batch-variance",
    chapter="3C",
    statement="the variance of a mini-batch gradient is that of one example divided by √B",
)
def batch_variance() -> Finding:
    """The variance is σ²/B with replacement, and σ²/B·(N−B)/(N−1) without, as in shuffled epochs.

    Only the standard deviation has √B (Cochran 1977, theorem 2.2).
    """
    noise = _noise()
    exponent = noise.exponent
    assert exponent is not None
    half = next(each for each in noise.without if each.size == noise.rows // 2)
    ratio = half.variance / (noise.spread / half.size)
    expected = (noise.rows - half.size) / (noise.rows - 1)
    corrected = abs(exponent + 1) < 0.1 and abs(ratio / expected - 1) < 0.2
    sizes = np.array([each.size for each in noise.replacement])
    curves = tuple(
        Curve(name, sizes, np.array([each.variance for each in found]), "B")
        for name, found in (("with", noise.replacement), ("without", noise.without))
    )
    return Finding(
        "corrected" if corrected else "fails",
        f"variance ∝ B^{exponent:.2f} with replacement; without, at B = {half.size} it is "
        f"{ratio:.2f} of that, predicted {expected:.2f}",
        {"exponent": exponent, "ratio_without": ratio, "ratio_predicted": expected},
        COMMANDS,
        curves,
    )


@claim(
    "unbiased",
    chapter="3B",
    statement="the gradient of a random example is the full gradient on average",
)
def unbiased() -> Finding:
    """For uniform draws at fixed weights the bias is zero, here within its standard error.

    Within a shuffled epoch, later draws depend on earlier ones, so at weights that have moved they
    are conditionally biased.
    """
    one = _noise().replacement[0]
    share = one.bias / one.error
    return Finding(
        "holds" if one.unbiased else "fails",
        f"bias {one.bias:.3g}, which is {share:.2f} times its standard error {one.error:.3g}",
        {"bias": one.bias, "standard_error": one.error},
        COMMANDS,
    )


@claim("batch-size", chapter="3", statement="the best batch size is 32 to 256, whatever the data")
def batch_size() -> Finding:
    """No theory gives these numbers: which is best depends on the data and the budget.

    Masters & Luschi 2018, arXiv 1804.07612, find 2 to 32 best on images.
    """
    best: dict[str, int] = {}
    curves, commands = [], []
    for name, model in (("iris", "softmax"), ("breast-cancer", "logistic"), ("digits", "softmax")):
        base = descent({"dataset": name, "model": model}, 0.1, epochs=3)
        base |= {"log": {"points": 100}}
        found = [_lowest_loss(base, size) for size in SIZES]
        lowest = np.array([loss for loss, _ in found])
        place = int(np.argmin(lowest))
        best[name] = SIZES[place]
        commands.append(command(found[place][1]))
        curves.append(Curve(f"loss on {name}", np.array(SIZES), lowest, "B"))
    listed = ", ".join(f"B = {size} on {name}" for name, size in best.items())
    return Finding(
        "holds" if all(32 <= size <= 256 for size in best.values()) else "fails",
        f"after 3 epochs, with the best of {len(RATES)} rates each, the lowest training loss is "
        f"that of {listed}",
        {f"best_{name}": float(size) for name, size in best.items()},
        tuple(commands),
        tuple(curves),
    )


SIZES = (1, 4, 16, 64)
"""The batch sizes that are compared: all that the smallest data set allows."""

RATES = tuple(float(rate) for rate in np.geomspace(0.003, 3, 7))


def _lowest_loss(base: Config, size: int) -> tuple[float, Config]:
    """The lowest last training loss of any rate with a batch size, and its config."""
    sized = base | {"variant": {"name": "mbgd", "batch_size": size}}
    configs = [varied(sized, optimizer={"lr": rate}) for rate in RATES]
    losses = [
        float("inf") if run.status == "diverged" else float(run.evals["train_loss"][-1])
        for run in trained_lanes(configs)
    ]
    best = int(np.argmin(losses))
    return losses[best], configs[best]
