"""Claims about schedules and warm-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    Config,
    command,
    descent,
    loss_curve,
    seeded,
    sweep_command,
    trained,
    trained_lanes,
    varied,
    with_theory,
)
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.theory import theory_of
from gdrun.runs.run import Run

EPOCHS = 20

SCHEDULES: dict[str, Config] = {
    "step": {"name": "step", "gamma": 0.5, "drop_every": 5},
    "exponential": {"name": "exponential", "decay": 0.2},
    "polynomial": {"name": "polynomial", "power": 2},
    "cosine": {"name": "cosine", "lr_min": 0.001},
}

SEEDS = tuple(range(5))


def _noisy(schedule: Config | str) -> Config:
    """Least squares with noisy targets and small batches, at a rate with a high noise floor."""
    problem = {"dataset": {"name": "linear", "noise": 1}, "model": "linear"}
    config = descent(problem, 0.05, epochs=EPOCHS) | {"schedule": schedule}
    return config | {"variant": {"name": "mbgd", "batch_size": 4}}


def _formulas(t: Array, rate: float, end: float) -> dict[str, Numbers]:
    """The rates at times t (n,), in epochs, by the textbook formulas. rate: α₀. end: T."""
    return {
        "step": rate * 0.5 ** np.floor(t / 5),
        "exponential": rate * np.exp(-0.2 * t),
        "polynomial": rate * (1 - t / end) ** 2,
        "cosine": 0.001 + 0.5 * (rate - 0.001) * (1 + np.cos(np.pi * t / end)),
    }


@claim(
    "schedule-formulas",
    chapter="4",
    statement="step, exponential, polynomial and cosine decay follow their formulas",
)
def schedule_formulas() -> Finding:
    """α₀γ^⌊t/s⌋, α₀e^(−λt), α₀(1 − t/T)^p, and α₁ + ½(α₀ − α₁)(1 + cos(πt/T)), t in epochs.

    α₀ is the first rate, α₁ the last one, and T the number of epochs. γ is the factor of a drop
    every s epochs, λ the decay, and p the power.
    """
    errors = {}
    curves = []
    for name, schedule in SCHEDULES.items():
        steps = trained(_noisy(schedule)).steps
        per_epoch = len(steps["lr"]) // EPOCHS
        t = np.repeat(np.arange(EPOCHS), per_epoch)
        formula = _formulas(t, 0.05, EPOCHS)[name]
        errors[name] = float(np.abs(steps["lr"] / formula - 1).max())
        curves.append(Series(name, steps["epoch"], steps["lr"], "epoch", "α"))
    largest = max(errors.values())
    return Finding(
        "holds" if largest < 1e-12 else "fails",
        f"the largest relative difference between a recorded rate and its formula is {largest:.1g}",
        {f"error_{name}": error for name, error in errors.items()},
        tuple(command(_noisy(each)) for each in SCHEDULES.values()),
        tuple(curves),
    )


@claim(
    "decay-helps",
    chapter="4",
    statement="with a schedule, mini-batches end at a lower loss than with a constant rate",
)
def decay_helps() -> Finding:
    """The floor of f − f* is proportional to α/B, so that a rate that decays lowers it.

    Without noise in the gradient there is no floor, and decay only slows down. Bottou, Curtis &
    Nocedal 2018, section 4.
    """
    lowest = theory_of(resolve(_noisy("constant"))).f_star
    assert lowest is not None
    schedules = {"constant": "constant"} | SCHEDULES
    medians = {
        name: np.median(_excess(_runs(_noisy(schedule)), lowest), axis=0)
        for name, schedule in schedules.items()
    }
    shares = {name: float(path[-1] / medians["constant"][-1]) for name, path in medians.items()}
    listed = ", ".join(f"{shares[name]:.2g} with {name}" for name in SCHEDULES)
    return Finding(
        "holds" if max(shares[name] for name in SCHEDULES) < 0.5 else "fails",
        f"the median of f − f* at the end, as a share of that at a constant rate, is {listed}",
        {f"share_{name}": shares[name] for name in SCHEDULES},
        with_theory(command(_noisy(each), SEEDS) for each in schedules.values()),
        _epoch_curves(medians, "median f − f*"),
        seeds=SEEDS,
    )


def _runs(config: Config) -> list[Run]:
    return trained_lanes(seeded(config, SEEDS))


def _excess(runs: Sequence[Run], lowest: float) -> Numbers:
    """f − f* at the end of each epoch, for each run: (runs, epochs + 1). lowest: f*."""
    excess: Numbers = np.array([run.evals["train_loss"] for run in runs]) - lowest
    return excess


def _epoch_curves(paths: Mapping[str, Numbers], y_name: str) -> tuple[Series, ...]:
    """A curve for each path (epochs + 1,) by name."""
    return tuple(
        Series(name, np.arange(len(path)), path, "epoch", y_name) for name, path in paths.items()
    )


@claim("polynomial-power", chapter="4", statement="polynomial decay needs no larger power p than 1")
def polynomial_power() -> Finding:
    """With mini-batches, f − f* ends near the noise floor of the last rates.

    A larger p makes these rates α₀(1 − t/T)^p smaller, so that f − f* ends lower. Powers in use are
    1 (BERT), 0.9 (DeepLab) and 2 (ImageNet with large batches: You et al. 2017, arXiv 1708.03888).
    """
    powers = (0.5, 1.0, 2.0)
    schedules = {power: {"name": "polynomial", "power": power, "per": "step"} for power in powers}
    lowest = theory_of(resolve(_noisy("constant"))).f_star
    assert lowest is not None
    paths = {power: _excess(_runs(_noisy(each)), lowest) for power, each in schedules.items()}
    excess = {power: each[:, -1] for power, each in paths.items()}
    means = {power: float(each.mean()) for power, each in excess.items()}
    gaps = excess[1.0] - excess[2.0]
    clear = gaps.mean() > 2 * gaps.std(ddof=1) / len(SEEDS) ** 0.5
    return Finding(
        "fails" if clear else "holds",
        "f − f* of mini-batches with noisy targets ends at "
        + ", ".join(f"{mean:.1g} with power {power:g}" for power, mean in means.items()),
        {f"excess_{power:g}": mean for power, mean in means.items()},
        with_theory(command(_noisy(each), SEEDS) for each in schedules.values()),
        _epoch_curves(
            {f"p = {power:g}": each.mean(axis=0) for power, each in paths.items()}, "mean f − f*"
        ),
        seeds=SEEDS,
    )


@claim(
    "batch-growth",
    chapter="4",
    statement="mini-batches need a rate that decays to reach a low loss",
)
def batch_growth() -> Finding:
    """A batch that is k times as large lowers the noise as much as a rate divided by k.

    The floor of f − f* is proportional to α/B, and larger batches need fewer steps an epoch. Smith,
    Kindermans, Ying & Le 2018, arXiv 1711.00489.
    """
    constant = _noisy("constant") | {"log": {"points": 100}}
    decay = constant | {"schedule": {"name": "step", "gamma": 0.25, "drop_every": 10}}
    growth = varied(constant, variant={"batch_growth": {"factor": 4, "every": 10}})
    lowest = theory_of(resolve(constant)).f_star
    assert lowest is not None
    configs = {"constant": constant, "decay": decay, "growth": growth}
    runs = {name: _runs(config) for name, config in configs.items()}
    means = {name: _excess(each, lowest).mean(axis=0) for name, each in runs.items()}
    ends = {name: float(path[-5:].mean()) for name, path in means.items()}
    steps = {name: float(each[0].summary["steps"]) for name, each in runs.items()}
    ratio, share = ends["growth"] / ends["decay"], ends["growth"] / ends["constant"]
    fails = 0.6 < ratio < 1.7 and share < 0.4
    return Finding(
        "fails" if fails else "holds",
        "at the end, f − f* as a share of that with a constant batch and rate is "
        f"{share:.2f} with a batch that grows from 4 to 16, after {steps['growth']:,.0f} steps, "
        f"and {ends['decay'] / ends['constant']:.2f} with a rate that falls to ¼, after "
        f"{steps['decay']:,.0f} steps",
        {"share_growth": share, "ratio": ratio, "steps_growth": steps["growth"]},
        with_theory(command(config, SEEDS) for config in configs.values()),
        _epoch_curves(means, "mean f − f*"),
        seeds=SEEDS,
    )


@claim(
    "warmup-saves",
    chapter="4",
    statement="warm-up makes a rate usable that diverges without it",
)
def warmup_saves() -> Finding:
    """Early in training a network has a larger curvature than later, so that large rates fail."""
    dataset = {"name": "diabetes", "standardize": {"target": True}}
    problem = {"dataset": dataset, "model": {"name": "mlp", "hidden": [64, 64]}}
    config = descent(problem, 0.3, epochs=60)
    warm = config | {"schedule": {"name": "constant", "warmup": 20}}
    without, with_it = (trained_lanes(seeded(each, SEEDS)) for each in (config, warm))
    failed = sum(run.status == "diverged" for run in without)
    # The targets have variance 1, so that a constant prediction has a loss of 1.
    saved = sum(run.status != "diverged" and run.evals["train_loss"][-1] < 0.7 for run in with_it)
    return Finding(
        "holds" if failed == saved == len(SEEDS) else "fails",
        f"at α = 0.3, {failed} of {len(SEEDS)} networks diverge; with 20 epochs of warm-up {saved} "
        f"of {len(SEEDS)} end with a loss below 0.7",
        {"diverged_without": float(failed), "trained_with": float(saved)},
        (command(config, SEEDS), command(warm, SEEDS)),
        (loss_curve("with warm-up", with_it[0]), loss_curve("without", without[0])),
        seeds=SEEDS,
    )


@claim("warmup-start", chapter="4", statement="warm-up has the rate α₀ · epoch/n, from epoch 0 on")
def warmup_start() -> Finding:
    """α₀ · epoch/n is 0 in epoch 0, which changes no weight; α₀ · (epoch + 1)/n is above 0.

    n is the number of epochs of warm-up, and α₀ the rate after them.
    """
    config = varied(_noisy({"name": "constant", "warmup": 5}), stopping={"epochs": 10})
    one = varied(config, schedule={"warmup_start": "one"})
    runs = [trained(each) for each in (config, one)]
    lost, first = (
        float(run.steps["update_norm"][: len(run.steps["lr"]) // 10].sum()) for run in runs
    )
    return Finding(
        "corrected" if lost == 0 < first else "holds",
        f"in epoch 0 the weights move by {lost:g} with α₀ · epoch/n, and by {first:.3g} with "
        "α₀ · (epoch + 1)/n",
        {"moved_from_zero": lost, "moved_from_one": first},
        (command(config), command(one)),
        tuple(
            Series(name, run.steps["epoch"], run.steps["lr"], "epoch", "α")
            for name, run in zip(("epoch/n", "(epoch + 1)/n"), runs, strict=True)
        ),
    )


@claim("cosine-best", chapter="4", statement="cosine decay is the schedule for modern networks")
def cosine_best() -> Finding:
    """A linear decay, or a constant rate with a linear cool-down, is as good as cosine decay.

    Hägele et al. 2024, arXiv 2405.18392. Here a difference counts if it is above twice its standard
    error over the seeds; each schedule has the better of two rates.
    """
    cool_down = {"name": "join", "parts": ["constant", "linear"], "at": [8]}
    schedules: dict[str, Config | str] = {
        "cosine": "cosine",
        "linear": "linear",
        "cool-down": cool_down,
    }
    paths = {name: _best_paths(schedule) for name, schedule in schedules.items()}
    losses = {name: path[:, -1] for name, path in paths.items()}
    behind = {name: losses[name] - losses["cosine"] for name in ("linear", "cool-down")}
    gaps = {name: float(each.mean()) for name, each in behind.items()}
    errors = {name: float(each.std(ddof=1) / len(SEEDS) ** 0.5) for name, each in behind.items()}
    listed = ", ".join(f"{gaps[name]:+.4f} ± {errors[name]:.4f} with {name}" for name in behind)
    return Finding(
        "holds" if all(gaps[name] > 2 * errors[name] for name in behind) else "fails",
        f"the validation loss of a network on digits is {losses['cosine'].mean():.4f} with cosine, "
        f"and differs by {listed} (± a standard error over {len(SEEDS)} seeds)",
        {f"gap_{name}": gap for name, gap in gaps.items()}
        | {f"error_{name}": error for name, error in errors.items()},
        (
            sweep_command(
                _network("cosine", 0.01) | {"optimizer": "adam"},
                {"schedule": [*schedules.values()], "lr": (0.01, 0.03)},
                len(SEEDS),
                metric="loss",
            ),
        ),
        _epoch_curves({name: path.mean(axis=0) for name, path in paths.items()}, "validation loss"),
        seeds=SEEDS,
    )


def _network(schedule: Config | str, rate: float) -> Config:
    problem = {"dataset": "digits", "model": {"name": "mlp", "hidden": [32]}}
    config = descent(problem, rate, epochs=10) | {"log": {"points": 100}, "schedule": schedule}
    return config | {"variant": "mbgd", "optimizer": {"name": "adam", "lr": rate}}


def _best_paths(schedule: Config | str) -> Numbers:
    """The validation loss (seeds, epochs + 1) with, for each seed, the better of two rates."""
    runs = [trained_lanes(seeded(_network(schedule, rate), SEEDS)) for rate in (0.01, 0.03)]
    paths = np.array([[run.evals["validation_loss"] for run in lanes] for lanes in runs])
    better = paths[:, :, -1].argmin(axis=0)
    found: Numbers = paths[better, np.arange(len(SEEDS))]
    return found
