"""Claims about gradients that explode or vanish in networks, and about initial weights."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    Config,
    command,
    loss_curve,
    trained,
    trained_lanes,
    varied,
)
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.problem import analysed
from gdrun.runs.run import Run

EXPLODING: Config = {
    "dataset": "digits",
    "model": {"name": "mlp", "hidden": [64] * 4, "init": "normal", "init_std": 0.5},
    "variant": "mbgd",
    "optimizer": {"name": "vanilla", "lr": 0.1},
    "stopping": {"epochs": 10},
}

VANISHING: Config = {
    "dataset": "digits",
    "model": {"name": "mlp", "hidden": [32] * 8, "activation": "sigmoid"},
    "variant": "mbgd",
    "optimizer": {"name": "vanilla", "lr": 0.1},
    "stopping": {"epochs": 12},
}


def _accuracy(run: Run) -> float:
    """The last accuracy on the training part; 0 if the run diverged."""
    return 0.0 if run.status == "diverged" else float(run.evals["train_accuracy"][-1])


def _cures(sick: Config, cures: dict[str, Config]) -> Finding:
    """The finding on changes that are said to cure a config that does not train.

    sick: this config. cures: the config with one change, by the name of the change.
    """
    before = trained(sick)
    runs = {name: trained(config) for name, config in cures.items()}
    after = {name: _accuracy(run) for name, run in runs.items()}
    listed = ", ".join(f"{share:.0%} with {name}" for name, share in after.items())
    start = "diverges" if before.status == "diverged" else f"has {_accuracy(before):.0%} accuracy"
    holds = _accuracy(before) < 0.3 and min(after.values()) > 0.8
    return Finding(
        "holds" if holds else "fails",
        f"the network {start}; the accuracy is {listed}",
        {f"accuracy_{name.replace(' ', '_')}": share for name, share in after.items()}
        | {"accuracy_before": _accuracy(before)},
        (command(sick), *map(command, cures.values())),
        tuple(loss_curve(name, run) for name, run in runs.items()),
    )


@claim(
    "exploding-cures",
    chapter="6.1",
    statement="clipping, a smaller rate, and He or Xavier initial weights each cure explosion",
)
def exploding_cures() -> Finding:
    """The gradient of a layer is a product of the Jacobians of the layers above.

    Large weights make this product large.

    Pascanu, Mikolov & Bengio 2013; He et al. 2015; Glorot & Bengio 2010.
    """
    model = {key: value for key, value in EXPLODING["model"].items() if key != "init_std"}
    plain = EXPLODING | {"model": model}
    cures = {
        "clipping": EXPLODING | {"clip": {"norm": 1.0}},
        "a smaller rate": varied(EXPLODING, optimizer={"lr": 0.01}),
        "He": varied(plain, model={"init": "he"}),
        "Xavier": varied(plain, model={"init": "xavier"}),
    }
    return _cures(EXPLODING, cures)


@claim(
    "vanishing-cures",
    chapter="6.2",
    statement="ReLU, batch norm and residual connections each cure vanishing gradients",
)
def vanishing_cures() -> Finding:
    """The slope of a sigmoid is at most ¼, so that eight layers shrink the gradient.

    ReLU has slope 1, batch norm keeps the sigmoids in their steep part, and a residual connection
    adds 1 to the slope of its layer. Glorot & Bengio 2010; Ioffe & Szegedy 2015; He et al. 2016.
    """
    cures = {
        "ReLU": varied(VANISHING, model={"activation": "relu"}),
        "batch norm": varied(VANISHING, model={"batch_norm": True}),
        "residual": varied(VANISHING, model={"residual": True}),
    }
    return _cures(VANISHING, cures)


@claim(
    "vanishing-rate",
    chapter="6.2",
    statement="gradients vanish because the rate is too small: increase it",
)
def vanishing_rate() -> Finding:
    """Gradients vanish because of the Jacobians of the layers, which do not depend on the rate."""
    rates = (0.1, 1.0, 10.0)
    short = varied(VANISHING, stopping={"epochs": 6})
    configs = [varied(short, optimizer={"lr": rate}) for rate in rates]
    runs = trained_lanes(configs)
    ratios = [run.evals["layer1.grad_norm"] / run.evals["layer9.grad_norm"] for run in runs]
    best = max(map(_accuracy, runs))
    first, last = float(ratios[0][0]), float(max(each[-1] for each in ratios))
    return Finding(
        "fails" if best < 0.3 and last < 0.01 else "holds",
        f"the gradient of the first of nine layers is {first:.1g} of that of the last at the "
        f"start, and at most {last:.1g} after training with α = 0.1, 1 and 10; the accuracy is at "
        f"most {best:.0%}",
        {"ratio_start": first, "largest_ratio_end": last, "best_accuracy": best},
        tuple(map(command, configs)),
        tuple(
            Series(f"α = {rate:g}", run.evals["epoch"], ratio, "epoch", "gradient, first / last")
            for rate, run, ratio in zip(rates, runs, ratios, strict=True)
        ),
    )


@claim(
    "init-names",
    chapter="6.1",
    statement="weights with the standard deviation √(2/n_in) are Xavier's (or He's)",
)
def init_names() -> Finding:
    """√(2/n_in) is He's, for ReLU; Xavier's is √(2/(n_in + n_out)).

    Glorot & Bengio 2010, equation 16; He et al. 2015, equation 10.
    """
    inputs, outputs = 64, 1000
    deviations, norms, configs = [], [], []
    for init in ("he", "xavier"):
        model = {"name": "mlp", "hidden": [outputs], "activation": "relu", "init": init}
        # One step with a tiny rate hardly changes the weights: `gdrun show` has the initial ones.
        short = varied(EXPLODING, optimizer={"lr": 1e-12}) | {"stopping": {"steps": 1}}
        configs.append(short | {"model": model})
        problem = analysed(resolve(configs[-1]))
        weights = problem.model.layout.named(problem.start)["layer1.w"]
        deviations.append(float(weights.std()))
        norms.append(float(np.linalg.norm(weights)))
    he, xavier = deviations
    predicted = np.sqrt([2 / inputs, 2 / (inputs + outputs)])
    corrected = bool((np.abs(deviations / predicted - 1) < 0.02).all())
    return Finding(
        "corrected" if corrected else "fails",
        f"for 64 inputs and 1000 units the standard deviation is {he:.4f} with he, √(2/n_in) = "
        f"{predicted[0]:.4f}, and {xavier:.4f} with xavier, √(2/(n_in + n_out)) = "
        f"{predicted[1]:.4f}; the norms, √64000 times as large, are {norms[0]:.4g} and "
        f"{norms[1]:.4g}",
        {"he": he, "xavier": xavier},
        tuple(line for each in configs for line in (command(each), "gdrun show last `weights`")),
    )
