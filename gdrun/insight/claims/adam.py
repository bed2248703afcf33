"""Claims about Adam: its convergence, how smooth its path is, and its ε."""

from __future__ import annotations

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import (
    bowl,
    command,
    descent,
    trained,
    trained_lanes,
    with_theory,
)
from gdrun.insight.claims.rates import DATA
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.theory import theory_of


@claim("adam-convex", chapter="7", statement="Adam converges on convex problems")
def adam_convex() -> Finding:
    """Adam may converge to a wrong point if its average of squares, v, forgets large gradients.

    At the minimum of the pinball loss with the quantile τ = 0.02, the slope is 0.98 for 2% of the
    examples and −0.02 for the others. An average of 1/(1 − β₂) = 10 squares forgets the large ones.
    AMSGrad uses the largest v so far, and converges. Reddi, Kale & Kumar 2018, arXiv 1904.09237;
    rates that fall like 1/√t, and β₁ = 0, are those of the theorems there.
    """
    data = {"name": "linear", "d": 1, "n": 1250, "noise": 1}
    model = {"name": "linear", "loss": "pinball", "tau": 0.02}
    base = descent({"dataset": data, "model": model}, 0.05, epochs=40)
    base |= {"variant": "sgd", "schedule": "inverse_sqrt", "log": {"points": 100}}
    configs = {
        name: base | {"optimizer": {"name": name, "lr": 0.05, "beta1": 0.0, "beta2": 0.9}}
        for name in ("adam", "amsgrad")
    }
    lowest = theory_of(resolve(base)).f_star
    assert lowest is not None
    runs = {name: trained(config) for name, config in configs.items()}
    excess = {
        name: float(np.mean(run.evals["train_loss"][-10:]) / lowest - 1)
        for name, run in runs.items()
    }
    wrong = excess["adam"] > 0.05 and excess["amsgrad"] < 0.01
    return Finding(
        "fails" if wrong else "holds",
        f"with β₂ = 0.9 the pinball loss of Adam ends {excess['adam']:.1%} above its minimum, and "
        f"that of AMSGrad {excess['amsgrad']:.2%}",
        {f"excess_{name}": value for name, value in excess.items()},
        with_theory(map(command, configs.values())),
        tuple(
            Series(
                name,
                run.evals["epoch"],
                run.evals["train_loss"] / lowest - 1,
                "epoch",
                "f/f* − 1",
            )
            for name, run in runs.items()
        ),
    )


RATES = {
    "vanilla": (0.03, 0.1, 0.3, 1.0, 3.0),
    "adam": (0.01, 0.03, 0.1, 0.3, 1.0),
}


@claim("adam-smooth", chapter="7", statement="Adam converges smoothly")
def adam_smooth() -> Finding:
    """Adam overshoots, as other rules with momentum do, even with the gradient of all rows.

    Gradient descent below 2/L never raises the loss of a convex model (Nesterov 2004, 1.2.3).
    """
    rising: dict[str, list[float]] = {rule: [] for rule in RATES}
    best = []
    curves = []
    for name in ("iris", "wine", "breast-cancer"):
        problem = {"dataset": name, "model": {"name": DATA[name], "l2": 0.01}}
        base = descent(problem, 0.1, steps=100)
        for rule, rates in RATES.items():
            configs = [base | {"optimizer": {"name": rule, "lr": rate}} for rate in rates]
            losses = [run.evals["train_loss"] for run in trained_lanes(configs)]
            place = int(np.argmin([each[-1] for each in losses]))
            rising[rule].append(float((np.diff(losses[place]) > 0).mean()))
            best.append(configs[place])
            if name == "breast-cancer":
                steps = np.arange(len(losses[place]))
                curves.append(Series(rule, steps, losses[place], y_name=f"f on {name}"))
    least, most = min(rising["adam"]), max(rising["vanilla"])
    return Finding(
        "fails" if most == 0 < least else "holds",
        "with full gradients and the best of five rates, Adam raises the loss in "
        f"{least:.0%} to {max(rising['adam']):.0%} of the steps on three data sets, and gradient "
        f"descent in {most:.0%}",
        {"rising_adam": least, "rising_descent": most},
        tuple(map(command, best)),
        tuple(curves),
    )


@claim(
    "adam-epsilon", chapter="7", statement="Adam has the defaults α = 0.001, β₁ = 0.9, β₂ = 0.999"
)
def adam_epsilon() -> Finding:
    """Adam has a fourth default, ε = 1e-8. The first step is α|g|/(|g| + ε): short if |g| < ε.

    Kingma & Ba 2014, Algorithm 1. Without ε, Adam would not depend on the scale of f.
    """
    size = 1e-9
    config = bowl(1.0, {"name": "adam"}, 1)
    config["surface"] |= {"start": [size, size]}
    # The minimum is close, so that the step goes far beyond it.
    config["stopping"] |= {"divergence": {"factor": 1e300}}
    none = config | {"optimizer": {"name": "adam", "eps": 1e-300}}
    lengths = [
        float(trained(each).steps["update_norm"][0] / (0.001 * 2**0.5)) for each in (config, none)
    ]
    predicted = size / (size + 1e-8)
    corrected = abs(lengths[0] / predicted - 1) < 1e-6 and abs(lengths[1] - 1) < 1e-6
    return Finding(
        "corrected" if corrected else "fails",
        f"for gradients of 1e-9 the first step is {lengths[0]:.4f} α, predicted {predicted:.4f} α; "
        f"with ε = 1e-300 it is {lengths[1]:.4f} α",
        {"step": lengths[0], "predicted": predicted, "step_without": lengths[1]},
        (command(config), command(none)),
        seeds=(),
    )
