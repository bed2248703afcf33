"""Claims about mini-batches."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    Config,
    command,
    compare_command,
    descent,
    rates,
    seeded,
    sweep_command,
    trained,
    trained_lanes,
    varied,
)
from gdrun.insight.claims.registry import Finding, Series, claim, on_all_data
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
    """The variance is σ²/B for batches of B of N rows drawn with replacement.

    σ² is the variance of the gradient of one example. Without replacement, as in shuffled epochs,
    the variance is σ²/B·(N−B)/(N−1). Only the standard deviation is divided by √B (Cochran 1977,
    theorem 2.2).
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
        Series(name, sizes, np.array([each.variance for each in found]), "B", "variance")
        for name, found in (
            ("with replacement", noise.replacement),
            ("without", noise.without),
        )
    )
    return Finding(
        "corrected" if corrected else "fails",
        f"the variance is proportional to B^{exponent:.2f} with replacement; without replacement, "
        f"at B = {half.size}, it is {ratio:.2f} times as large, predicted {expected:.2f}",
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
    """For uniform draws at fixed weights the bias is zero, here up to a few standard errors.

    In a shuffled epoch, later draws depend on the earlier draws, which have also moved the weights.
    So the mean of a later gradient, given the earlier draws, is not the full gradient.
    """
    found = _noise().replacement
    one = found[0]
    distances = np.array([each.bias / each.error for each in found])
    share = float(distances[0])
    return Finding(
        "holds" if one.unbiased else "fails",
        f"the mean gradient of one example is within {share:.1f} standard errors of ∇f, and the "
        f"mean gradient of batches of every size within {distances.max():.1f}",
        {"bias": one.bias, "standard_error": one.error},
        COMMANDS,
        (Series("bias / standard error", np.array([each.size for each in found]), distances, "B"),),
    )


@claim("batch-size", chapter="3", statement="the best batch size is 32 to 256, whatever the data")
def batch_size() -> Finding:
    """No theory gives a best batch size for all data: it depends on the data and the budget.

    Masters & Luschi 2018, arXiv 1804.07612, find 2 to 32 best on images.
    """
    best: dict[str, int] = {}
    curves, commands = [], []
    for name, model in (("iris", "softmax"), ("breast-cancer", "logistic"), ("digits", "softmax")):
        base = descent({"dataset": name, "model": model}, 0.1, epochs=3)
        base |= {"log": {"points": 100}}
        lowest = np.array([_lowest_loss(base, size) for size in SIZES])
        best[name] = SIZES[int(np.argmin(lowest))]
        swept = base | {"variant": "mbgd", "optimizer": "vanilla"}
        commands.append(sweep_command(swept, {"batch_size": SIZES, "lr": RATES}))
        curves.append(Series(name, np.array(SIZES), lowest, "B", "lowest f"))
    listed = ", ".join(f"B = {size} on {name}" for name, size in best.items())
    return Finding(
        on_all_data(32 <= size <= 256 for size in best.values()),
        f"after 3 epochs, with the best of {len(RATES)} rates each, the lowest training loss is "
        f"that of {listed}",
        {f"best_{name}": float(size) for name, size in best.items()},
        tuple(commands),
        tuple(curves),
    )


@claim(
    "dataset-size",
    chapter="3",
    statement="BGD suits fewer than 10,000 examples, and SGD more than 100,000",
)
def dataset_size() -> Finding:
    """No number of examples N decides between BGD and mini-batches.

    The number of gradients that mini-batches need does not depend on N; that of BGD is proportional
    to N. So mini-batches need fewer even with hundreds of examples.

    Bottou & Bousquet 2007, table 2.
    """
    rows = (500, 2000, 8000, 20000)
    counts: dict[str, list[float]] = {"bgd": [], "mbgd": []}
    commands = []
    for n in rows:
        problem = {"dataset": {"name": "linear", "n": n, "noise": 1}, "model": "linear"}
        full = descent(problem, 0.1, epochs=200, target_loss=1.2) | {"log": {"points": 100}}
        batches = varied(full, optimizer={"lr": 0.02}, variant={"name": "mbgd", "batch_size": 32})
        batches |= {"evaluate": {"every": 64 / n}}
        for name, config in (("bgd", full), ("mbgd", batches)):
            run = trained(config)
            reached = run.status == "converged"
            counts[name].append(run.summary["gradients"] if reached else float("inf"))
            commands.append(command(config))
    full_counts, batch_counts = (np.array(each) for each in counts.values())
    ratios = full_counts / batch_counts
    growth = float(np.polyfit(np.log(rows), np.log(full_counts), 1)[0])
    fewer = bool((ratios > 1).all())
    return Finding(
        "fails" if fewer and growth > 0.8 else "holds",
        f"least squares to the same loss: BGD needs {ratios[0]:.1f} times the gradients of "
        f"batches of 32 with N = 500, and {ratios[-1]:.0f} times with N = 20,000",
        {"ratio_500": float(ratios[0]), "ratio_20000": float(ratios[-1]), "growth": growth},
        tuple(commands),
        tuple(
            Series(name, np.array(rows), np.array(each), "N", "gradients")
            for name, each in counts.items()
        ),
    )


@claim(
    "critical-batch",
    chapter="3",
    statement="a batch k times as large needs a k-th of the steps",
)
def critical_batch() -> Finding:
    """Batches of B need about S (1 + B_c/B) steps to a given loss: above B_c little is gained.

    S is the number of steps with the full gradient, and B_c the critical batch size. Each batch
    size has the best of eight rates. McCandlish et al. 2018, arXiv 1812.06162; Shallue et al. 2019,
    arXiv 1811.03600.
    """
    sizes = np.array([4, 16, 64, 256, 1024])
    data = {"name": "linear", "n": 1280, "noise": 1, "condition": 10, "standardize": False}
    seeds = (0, 1)
    tried = rates(0.02, 0.5, 8)
    problem = descent({"dataset": data, "model": "linear"}, 0.1, target_loss=1.05)
    # An evaluation every 16 examples or every step, whichever is longer.
    problem |= {"log": {"points": 100}, "evaluate": {"every": 16 / 1024}}
    steps, best = [], []
    for size in sizes.tolist():
        variant = {"name": "mbgd", "batch_size": size, "sampling": "replacement"}
        base = varied(problem | {"variant": variant}, stopping={"steps": 2400 // size + 60})
        lanes = [varied(c, optimizer={"lr": r}) for c in seeded(base, seeds) for r in tried]
        counts = [
            run.summary["steps"] if run.status == "converged" else float("inf")
            for run in trained_lanes(lanes)
        ]
        means = np.reshape(counts, (len(seeds), len(tried))).mean(axis=0)
        steps.append(float(means.min()))
        best.append(f"mbgd+batch_size={size}+lr={tried[int(means.argmin())]:g}")
    small, large = steps[0] / steps[1], steps[-2] / steps[-1]
    shared = varied(problem, stopping={"steps": 660}, optimizer="vanilla")
    shared = {key: shared[key] for key in shared if key != "variant"} | {"sampling": "replacement"}
    return Finding(
        "corrected" if small > 3 and large < 2 else "holds" if large > 3 else "fails",
        f"from B = 4 to 16 the steps to the same loss fall to 1/{small:.1f}, from B = 256 to 1024 "
        f"to 1/{large:.1f}; each batch size has its best rate",
        {"gain_small": small, "gain_large": large, "steps_1024": steps[-1]},
        (compare_command(best, shared, "`seeds=2`", '`target="train_loss=1.05"`'),),
        (Series("steps · B", sizes, sizes * np.array(steps), "B"),),
        seeds=seeds,
    )


SIZES = (1, 4, 16, 64)
"""The batch sizes that are compared: all that the smallest data set allows."""

RATES = rates(0.003, 3, 7)


def _lowest_loss(base: Config, size: int) -> float:
    """The lowest final training loss with a batch size, over all rates in RATES."""
    sized = base | {"variant": {"name": "mbgd", "batch_size": size}}
    configs = [varied(sized, optimizer={"lr": rate}) for rate in RATES]
    return min(
        float("inf") if run.status == "diverged" else float(run.evals["train_loss"][-1])
        for run in trained_lanes(configs)
    )
