"""Claims about full gradients, single examples and mini-batches: how they descend, and the cost."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    command,
    compare_command,
    descent,
    loss_curve,
    trained,
    varied,
)
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.problem import analysed

DIGITS = {"dataset": "digits", "model": "softmax"}


@claim(
    "smoothness",
    chapter="3",
    statement="BGD descends smoothly, SGD zigzags, and mini-batches are between",
)
def smoothness() -> Finding:
    """The share of steps that raise the full loss grows with the noise of the gradient."""
    base = descent({"dataset": "iris", "model": "softmax"}, 0.5, steps=100)
    # An evaluation after every step: an epoch has 1, 8 and 120 steps.
    configs = {
        "bgd": base,
        "mbgd": base
        | {"variant": {"name": "mbgd", "batch_size": 16}, "evaluate": {"every": 1 / 8}},
        "sgd": base | {"variant": "sgd", "evaluate": {"every": 1 / 120}},
    }
    shared = {key: base[key] for key in ("dataset", "model", "optimizer", "stopping")}
    losses = {name: trained(config).evals["train_loss"] for name, config in configs.items()}
    rising = {name: float((np.diff(each) > 0).mean()) for name, each in losses.items()}
    shares = ", ".join(f"{share:.0%} for {name}" for name, share in rising.items())
    return Finding(
        "holds" if 0 == rising["bgd"] < rising["mbgd"] < rising["sgd"] else "fails",
        f"the share of steps that raise the full loss is {shares}",
        {f"rising_{name}": share for name, share in rising.items()},
        (compare_command(("bgd", "mbgd+batch_size=16", "sgd"), shared, "`seeds=1`"),),
        tuple(Series(f"f of {name}", np.arange(len(f)), f) for name, f in losses.items()),
    )


@claim("speed", chapter="3", statement="BGD is slow, SGD is fast, and mini-batches are between")
def speed() -> Finding:
    """The fastest variant depends on what is counted: gradients to a loss, or seconds an epoch.

    A step of SGD uses one gradient, so that SGD needs the fewest gradients for a rough solution.
    But each step has a fixed cost in seconds, and an epoch of SGD has N steps.
    """
    base = descent(DIGITS, 0.1, epochs=200, target_loss=0.3) | {"engine": "numpy"}
    base["log"] = {"points": 100}
    configs = {
        "bgd": base,
        "mbgd": base | {"variant": {"name": "mbgd", "batch_size": 64}, "evaluate": {"every": 0.1}},
        "sgd": base | {"variant": "sgd", "evaluate": {"every": 0.1}},
    }
    repeated = {name: [trained(config) for _ in range(3)] for name, config in configs.items()}
    runs = {name: each[0] for name, each in repeated.items()}
    reached = all(run.status == "converged" for run in runs.values())
    gradients = {name: run.summary["gradients"] for name, run in runs.items()}
    # The fastest of three: another program of the machine can only slow a run down.
    seconds = {
        name: min(run.summary["seconds"] / run.summary["epochs"] for run in each)
        for name, each in repeated.items()
    }
    fewer = gradients["bgd"] > gradients["mbgd"] > gradients["sgd"]
    longer = seconds["bgd"] < seconds["mbgd"] < seconds["sgd"]
    needed = ", ".join(f"{name} {count:,}" for name, count in gradients.items())
    times = ", ".join(f"{name} {1000 * each:,.1f} ms" for name, each in seconds.items())
    return Finding(
        "fails" if not (reached and fewer) else "corrected" if longer else "holds",
        f"gradients to the same loss: {needed}; but the time of an epoch in NumPy: {times}",
        {f"gradients_{name}": float(count) for name, count in gradients.items()}
        | {f"epoch_seconds_{name}": each for name, each in seconds.items()},
        tuple(map(command, configs.values())),
        tuple(loss_curve(name, run, "gradients") for name, run in runs.items()),
    )


@claim("parallel", chapter="3", statement="BGD is not suited to parallel hardware such as GPUs")
def parallel() -> Finding:
    """BGD is the most parallel variant: one matrix product for all N rows. SGD is the least.

    The disadvantage of BGD is the number of gradients that an update costs. Here the hardware is
    the vector units of this machine, used by NumPy.
    """
    base = descent(DIGITS, 0.01, epochs=2) | {"engine": "numpy", "log": {"points": 100}}
    sizes = (1, 8, 64, 512, 1437)
    configs = [base | {"variant": {"name": "mbgd", "batch_size": size}} for size in sizes]
    configs[-1] = varied(base, stopping={"epochs": 20})
    summaries = [trained(config).summary for config in configs]
    speeds = np.array([each["gradients"] / each["seconds"] for each in summaries])
    gain = float(speeds[-1] / speeds[0])
    return Finding(
        "fails" if gain > 2 else "holds",
        f"in NumPy the full batch computes {speeds[-1]:,.0f} gradients a second, {gain:.0f} times "
        "as many as B = 1",
        {"gain": gain, "gradients_per_second_1": float(speeds[0])},
        tuple(map(command, configs)),
        (Series("gradients/s", np.array(sizes), speeds, "B"),),
    )


@claim("entire-dataset", chapter="3A", statement="BGD must load the entire dataset into memory")
def entire_dataset() -> Finding:
    """The full gradient is a sum over rows, so that blocks of rows can be read one by one.

    Least squares even needs only XᵀX and Xᵀy, d² + d numbers.
    """
    config = descent(DIGITS, 0.1, epochs=1)
    problem = analysed(resolve(config))
    generator = np.random.default_rng(0)
    w = generator.normal(size=(1, problem.model.layout.size))
    _, whole = problem.objective.value_and_gradient(w, problem.X, problem.y)
    starts = range(0, problem.rows, 100)
    total = np.zeros_like(whole)
    for start in starts:
        X, y = problem.X[start : start + 100], problem.y[start : start + 100]
        total += problem.objective.value_and_gradient(w, X, y)[1] * (len(y) / problem.rows)
    error = float(np.linalg.norm(total - whole) / np.linalg.norm(whole))
    return Finding(
        "fails" if error < 1e-12 else "holds",
        f"the sum over {len(starts)} blocks of at most 100 rows differs from the gradient of all "
        f"{problem.rows} rows by a relative error of {error:.1g}",
        {"relative_error": error, "blocks": float(len(starts))},
        (command(config),),
    )


@claim(
    "convex-guarantee",
    chapter="3A",
    statement="BGD is guaranteed to converge for convex functions",
)
def convex_guarantee() -> Finding:
    """BGD converges if f is smooth, has a minimum and 0 < α < 2/L. With kinks, α must decrease.

    The absolute error is convex, but the length of its gradient does not shrink at the minimum.
    Shor 1985 for decreasing rates.
    """
    data = {"dataset": {"name": "linear", "noise": 0.0}, "model": {"name": "linear", "loss": "mae"}}
    constant = descent(data, 0.5, steps=500)
    decreasing = constant | {"schedule": "inverse_sqrt"}
    smooth = varied(constant, model={"loss": "mse"}, optimizer={"lr": 0.1})
    runs = [trained(each) for each in (constant, decreasing, smooth)]
    losses = [run.evals["train_loss"] for run in runs]
    # Without noise the minimum is 0 for both losses.
    floor, lower, quadratic = (float(each[-100:].mean() / each[0]) for each in losses)
    corrected = quadratic < 1e-9 and lower < floor / 5 and floor > 1e-3
    return Finding(
        "corrected" if corrected else "holds" if floor < 1e-9 else "fails",
        f"with a constant rate the squared error ends at {quadratic:.1g} of its start, and the "
        f"absolute error at {floor:.2g}, or {lower:.2g} with α/√(1 + t)",
        {"squared": quadratic, "absolute": floor, "absolute_decreasing": lower},
        tuple(map(command, (constant, decreasing, smooth))),
        tuple(
            loss_curve(name, run, "step")
            for name, run in zip(("constant α", "decreasing α"), runs[:2], strict=True)
        ),
    )
