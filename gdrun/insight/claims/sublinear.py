"""Claims about errors that fall like a power of the number of steps T."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.config.resolving import resolve
from gdrun.insight.claims.experiments import command, descent, seeded, trained, trained_lanes
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.constants import constants_of
from gdrun.insight.problem import analysed

SEEDS = tuple(range(100))


def _exponent(steps: Array, f: Array) -> float:
    """The exponent p of the fit f ∝ T^p. steps, f: (n,)."""
    return float(np.polyfit(np.log(steps), np.log(f), 1)[0])


@claim(
    "accelerated-rate",
    chapter="5",
    statement="first-order methods reduce f − f* of a smooth convex f like 1/T",
)
def accelerated_rate() -> Finding:
    """For smooth convex f, gradient descent reduces f − f* like 1/T, Nesterov's momentum like 1/T².

    No first-order method is faster than 1/T² on every such f. In this test the curvatures are so
    spread out that most have no effect within T steps. α is 1/L. β is 1 − 6/T for a budget of T
    steps, close to the β of the last third of Nesterov's sequence. Nesterov 1983; 2004, theorem
    2.1.7, for the lower limit.
    """
    data = {"name": "linear", "n": 300, "d": 200, "noise": 0, "condition": 1e8}
    data |= {"standardize": False, "split": {"validation": 0, "test": 0}}
    problem = {"dataset": data, "model": {"name": "linear", "bias": False}}
    L = constants_of(analysed(resolve(descent(problem, 0.1, steps=1))), None).L
    assert L is not None
    budgets = np.array([25, 50, 100, 200, 400])
    plain = descent(problem, 1 / L, steps=400)
    fast = [
        plain | {"optimizer": {"name": "nesterov", "lr": 1 / L, "beta": float(1 - 6 / T)}}
        for T in budgets
    ]
    # Without noise in the targets f* is 0.
    descended = trained(plain).evals["train_loss"][budgets]
    ends = [run.evals["train_loss"][T] for run, T in zip(trained_lanes(fast), budgets, strict=True)]
    accelerated = np.array(ends)
    slow, quick = _exponent(budgets, descended), _exponent(budgets, accelerated)
    gain = float(descended[-1] / accelerated[-1])
    corrected = abs(slow + 1) < 0.2 and abs(quick + 2) < 0.3
    return Finding(
        "corrected" if corrected else "fails",
        f"f − f* is proportional to T^{slow:.2f} for gradient descent, and to T^{quick:.2f} for "
        f"Nesterov's momentum; after 400 steps it is {gain:.0f} times lower with the momentum",
        {"exponent_descent": slow, "exponent_nesterov": quick, "gain_400": gain},
        tuple(map(command, (plain, *fast))),
        (
            Series("descent", budgets, descended, "T", "f − f*"),
            Series("Nesterov", budgets, accelerated, "T", "f − f*"),
        ),
    )


@claim("sgd-rate", chapter="5", statement="the bound of O(1/T) holds for SGD as well")
def sgd_rate() -> Finding:
    """With noise, f − f* falls only like 1/√T with the rates α/√t, and like 1/T with α/t if μ > 0.

    The test starts at the minimum of f = ½‖w‖² of two weights. With noise of the standard deviation
    σ in the gradient of each weight, the mean of f at the rate α is ασ²/(2 − α), so that the mean
    follows the rate. Nemirovski et al. 2009; Bottou, Curtis & Nocedal 2018, theorem 4.7.
    """
    surface = {"name": "bowl", "condition": 1, "noise": 1, "start": [0, 0]}
    base = descent({"surface": surface}, 0.5, epochs=20) | {"log": {"points": 100}}
    base |= {"variant": {"name": "sgd", "sampling": "replacement"}}
    schedules = {
        power: {"name": "inverse_time", "decay": 0.5, "power": power, "per": "step"}
        for power in (0.5, 1.0)
    }
    configs = {power: base | {"schedule": each} for power, each in schedules.items()}
    exponents, curves = {}, []
    for power, config in configs.items():
        runs = trained_lanes(seeded(config, SEEDS))
        steps = runs[0].evals["step"][3:]
        mean = np.mean([run.evals["train_loss"][3:] for run in runs], axis=0)
        exponents[power] = _exponent(steps, mean)
        curves.append(Series(f"α/t^{power:g}", steps, mean, y_name="mean f"))
    root, whole = exponents[0.5], exponents[1.0]
    corrected = abs(root + 0.5) < 0.08 and abs(whole + 1) < 0.12
    return Finding(
        "corrected" if corrected else "fails",
        f"the mean of f over {len(SEEDS)} runs is proportional to T^{root:.2f} with the rates "
        f"α/√(1 + t/2), and to T^{whole:.2f} with α/(1 + t/2)",
        {"exponent_root": root, "exponent_inverse": whole},
        tuple(command(config, SEEDS) for config in configs.values()),
        tuple(curves),
        seeds=SEEDS,
    )
