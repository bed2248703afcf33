"""Claims about RMSprop and Adam."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Numbers
from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    Config,
    bowl,
    command,
    descent,
    loss_curve,
    rates,
    sweep_command,
    trained,
    trained_lanes,
)
from gdrun.insight.claims.rates import DATA
from gdrun.insight.claims.registry import Finding, Series, claim, on_all_data
from gdrun.insight.problem import analysed
from gdrun.runs.run import Run


def _batches(name: str, optimizer: Config | str, epochs: int) -> Config:
    """The config of a rule on a data set of the package, with mini-batches of 64."""
    config = descent({"dataset": name, "model": DATA[name]}, 0.1, epochs=epochs)
    return config | {"variant": "mbgd", "optimizer": optimizer, "log": {"points": 100}}


@claim(
    "rmsprop-steps",
    chapter="7",
    statement="RMSprop makes small steps for large gradients, and large steps for small ones",
)
def rmsprop_steps() -> Finding:
    """RMSprop changes each weight by about α in every step, for large and for small gradients.

    v is the average of g², so that g/√v is about the sign of g (Tieleman & Hinton 2012).
    """
    condition = 1e4
    config = bowl(condition, {"name": "rmsprop", "lr": 1e-4}, 100)
    steps = trained(config).steps
    moved = [np.abs(np.diff(steps[name])) for name in ("x", "y")]
    ratio = float(np.median(moved[1] / moved[0]))
    length = float(moved[0][-1] / 1e-4)
    return Finding(
        "corrected" if 0.5 < ratio < 2 else "holds" if ratio <= 0.5 else "fails",
        f"along y the gradient is 10,000 times that along x, and the median step is {ratio:.3f} "
        f"times as long; the last step along x is {length:.3f} α",
        {"ratio": ratio, "length": length},
        (command(config),),
        tuple(
            Series(f"along {name}", np.arange(len(each)), each, y_name="length of the step")
            for name, each in zip("xy", moved, strict=True)
        ),
        seeds=(),
    )


@claim("adam-defaults", chapter="7", statement="Adam works with its defaults on any data")
def adam_defaults() -> Finding:
    """A step of Adam is at most about α = 0.001, so that weights of size R need about R/α steps.

    That suits standardised features and classes, but not targets in large units. Kingma & Ba 2014,
    section 2.1.
    """
    paths = {name: _fits(_batches(name, "adam", 100)) for name in DATA}
    fits = {name: float(path[-1]) for name, path in paths.items()}
    works = [name for name, fit in fits.items() if fit > (0.9 if DATA[name] != "linear" else 0.4)]
    listed = ", ".join(f"{fit:.2f} on {name}" for name, fit in fits.items())
    return Finding(
        on_all_data(name in works for name in DATA),
        f"after 100 epochs the accuracy, or R² on diabetes, is {listed}; it is above 0.9, or 0.4 "
        f"for R², on {len(works)} of {len(DATA)} data sets",
        {f"fit_{name}": fit for name, fit in fits.items()} | {"works": float(len(works))},
        tuple(command(_batches(name, "adam", 100)) for name in DATA),
        tuple(
            Series(name, np.arange(len(path)), path, "epoch", "R²" if linear else "accuracy")
            for name, path in paths.items()
            for linear in [DATA[name] == "linear"]
        ),
    )


def _fits(config: Config) -> Numbers:
    """The accuracy on the training part at each evaluation, or R² = 1 − f/Var(y) of a regression.

    Evaluations are one epoch apart.
    """
    evals = trained(config).evals
    if "train_accuracy" in evals:
        return evals["train_accuracy"]
    explained: Numbers = 1 - evals["train_loss"] / analysed(resolve(config)).y.var()
    return explained


RATES = rates(1e-3, 10, 9)


@claim("adam-best", chapter="7", statement="Adam is the best default choice")
def adam_best() -> Finding:
    """With as many rates tried for each, momentum is often as good as Adam, or better.

    Schmidt, Schneider & Hennig 2021, arXiv 2007.01547, compare fifteen rules.
    """
    best: dict[str, str] = {}
    curves, commands = [], []
    for name in DATA:
        lowest = {}
        problem = _batches(name, "vanilla", 10)
        values = {"optimizer": ("vanilla", "momentum", "adam"), "lr": RATES}
        commands.append(sweep_command(problem, values))
        for rule in ("vanilla", "momentum", "adam"):
            configs = [_batches(name, {"name": rule, "lr": rate}, 10) for rate in RATES]
            ends = np.array([_last_loss(run) for run in trained_lanes(configs)])
            lowest[rule] = float(ends.min())
            if name == "digits":
                curves.append(Series(rule, np.array(RATES), ends, "α", f"f on {name}"))
        best[name] = min(lowest, key=lowest.__getitem__)
    wins = sum(rule == "adam" for rule in best.values())
    listed = ", ".join(f"{rule} on {name}" for name, rule in best.items())
    return Finding(
        on_all_data(rule == "adam" for rule in best.values()),
        f"with the best of {len(RATES)} rates each, the lowest training loss after 10 epochs is "
        f"that of {listed}",
        {"adam_best": float(wins), "data_sets": float(len(best))},
        tuple(commands),
        tuple(curves),
    )


def _last_loss(run: Run) -> float:
    """The last training loss; infinite if the run diverged."""
    return float("inf") if run.status == "diverged" else float(run.evals["train_loss"][-1])


@claim(
    "conditioning-cures",
    chapter="6.4",
    statement="momentum and Adam cure poor conditioning",
)
def conditioning_cures() -> Finding:
    """Momentum needs about √κ steps instead of κ, with the best rate and β. Here β is 0.9.

    Adam scales each weight separately. So it helps less if the eigenvectors of the Hessian are not
    parallel to the axes of the weights, as here. Its steps do not shrink with the gradient, so that
    at a constant rate f rises again from values near 0. Polyak 1964; Kingma & Ba 2014.
    """
    data = {"name": "linear", "noise": 0, "condition": 200, "standardize": False}
    # The minimum is 0, and the loss at the start is ‖y‖²/N.
    base = descent({"dataset": data, "model": "linear"}, 0.1, steps=2000)
    base |= {"log": {"points": 100}, "evaluate": {"every": 10}}
    counts, best, fastest = {}, {}, {}
    for rule in ("vanilla", "momentum", "adam"):
        tried = rates(0.003, 0.4, 7)
        configs = [base | {"optimizer": {"name": rule, "lr": rate}} for rate in tried]
        runs = trained_lanes(configs)
        reached = [_steps_to(run) for run in runs]
        place = int(np.argmin(reached))
        counts[rule], best[rule], fastest[rule] = reached[place], configs[place], runs[place]
    shares = {rule: counts[rule] / counts["vanilla"] for rule in ("momentum", "adam")}
    cured = [rule for rule, share in shares.items() if share < 0.5]
    return Finding(
        "holds" if len(cured) == 2 else "corrected" if cured == ["momentum"] else "fails",
        "least squares with κ = 200: f is at most 1e-8 of its start, and stays so, after "
        f"{counts['vanilla']:.0f} steps of vanilla, {counts['momentum']:.0f} of momentum and "
        f"{counts['adam']:.0f} of Adam",
        {f"steps_{rule}": count for rule, count in counts.items()},
        tuple(map(command, best.values())),
        tuple(loss_curve(rule, run, "step") for rule, run in fastest.items()),
    )


def _steps_to(run: Run) -> float:
    """The first evaluated step from which on f is at most 1e-8 of its start.

    Infinite if there is no such step.
    """
    losses = run.evals["train_loss"]
    above = np.flatnonzero(~(losses <= 1e-8 * losses[0]))
    place = int(above[-1]) + 1
    return float(run.evals["step"][place]) if place < len(losses) else float("inf")
