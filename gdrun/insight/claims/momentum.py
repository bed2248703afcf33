"""Claims about conditioning and momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdrun.insight.claims.experiments import (
    Config,
    bowl,
    command,
    descent,
    ended,
    loss_curve,
    trained,
    varied,
)
from gdrun.insight.claims.oscillation import turns
from gdrun.insight.claims.registry import Finding, Series, claim
from gdrun.insight.rates import Setting, best_settings
from gdrun.quantities import rounded

CONDITIONS = (5.0, 20.0, 80.0)


@claim(
    "conditioning",
    chapter="6.4",
    statement="poor conditioning means that some directions have small gradients",
)
def conditioning() -> Finding:
    """Conditioning is the ratio κ = L/μ of curvatures: descent takes about κ steps, momentum √κ.

    Polyak 1964; at the best settings of each.
    """
    rules = ("vanilla", "momentum")
    configs = [[_best(rule, condition) for condition in CONDITIONS] for rule in rules]
    counts = np.array([[_steps_to(config) for config in row] for row in configs], dtype=np.float64)
    logs = np.log(CONDITIONS)
    plain, ball = (float(np.polyfit(logs, np.log(row), 1)[0]) for row in counts)
    corrected = abs(plain - 1) < 0.15 and abs(ball - 0.5) < 0.2
    return Finding(
        "corrected" if corrected else "fails",
        f"the steps until f is 1e-6 of its start grow like κ^{plain:.2f} for gradient descent and "
        f"κ^{ball:.2f} for heavy ball",
        {"exponent_descent": plain, "exponent_heavy_ball": ball},
        tuple(command(config) for row in configs for config in row),
        tuple(
            Series(name, np.array(CONDITIONS), row, "κ", "steps")
            for name, row in zip(("descent", "heavy ball"), counts, strict=True)
        ),
        seeds=(),
    )


def _best(rule: str, condition: float) -> Config:
    """The config of a rule with its best setting on a bowl.

    condition: the κ of the bowl. The run ends when f is at most 1e-6 of its start, ½ (1 + κ).
    """
    best = next(each for each in best_settings((1.0, condition)) if each.rule == rule)
    steps = best.steps(1e-6)
    assert steps is not None
    config = bowl(condition, _options(best), 3 * steps)
    return varied(config, stopping={"target_loss": rounded(1e-6 * (1 + condition) / 2, 6)})


def _steps_to(config: Config) -> int:
    """The number of steps that a run with this config takes until its target loss."""
    return trained(config).summary["steps"]


def _options(setting: Setting) -> dict[str, Any]:
    beta = {} if setting.beta is None else {"beta": setting.beta}
    return {"name": setting.rule, "lr": setting.lr, **beta}


@claim("momentum-limit", chapter="7", statement="momentum is used with the same rate α")
def momentum_limit() -> Finding:
    """Momentum takes steps 1/(1 − β) times as long, and is stable to 2(1 + β)/L instead of 2/L.

    The error along the largest curvature L is multiplied by the roots z of z² − (1 + β − αL) z + β
    = 0, which must be smaller than 1 in size (Polyak 1964).
    """
    rate = 3.0  # between 2/L and 2 (1 + 0.9)/L for L = 1
    options = {"lr": rate}
    configs = [
        bowl(1.0, {"name": "vanilla", **options}, 60),
        bowl(1.0, {"name": "momentum", "beta": 0.9, **options}, 400),
        bowl(1.0, {"name": "momentum", "beta": 0.9, "lr": 1e-6}, 400),
    ]
    plain, ball, small = map(trained, configs)
    last = float(ball.evals["train_loss"][-1] / ball.evals["train_loss"][0])
    length = float(small.steps["update_norm"][-1] / small.steps["update_norm"][0])
    corrected = plain.status == "diverged" and last < 1e-3 and abs(length / 10 - 1) < 0.01
    return Finding(
        "corrected" if corrected else "fails",
        f"at αL = 3 gradient descent {ended(plain)}; heavy ball with β = 0.9 {ended(ball)}, with "
        f"f at {last:.1g} of its first value; with α = 1e-6 its last step is {length:.4g} "
        "times as long as its first one, and 1/(1 − β) is 10",
        {"final_share": last, "step_length": length},
        tuple(map(command, configs)),
        (loss_curve("gradient descent", plain, "step"), loss_curve("heavy ball", ball, "step")),
        seeds=(),
    )


@claim("zigzag", chapter="7", statement="momentum damps the zigzag across a narrow valley")
def zigzag() -> Finding:
    """With momentum the path turns less often, in θ/π of the steps, but swings shrink by √β a step.

    θ is the angle of the roots of z² − (1 + β − αL)z + β. Descent with 1/L < α < 2/L turns in every
    step, and its swings fade as |1 − αL|, which is often faster. Momentum is measured at equal α,
    and at equal α/(1 − β), where its steps are as long. Polyak 1964.
    """
    condition, beta, share = 50.0, 0.9, 1.8
    rate = rounded(share / condition)
    configs = [
        bowl(condition, {"name": "vanilla", "lr": rate}, 60),
        bowl(condition, {"name": "momentum", "lr": rate, "beta": beta}, 60),
        bowl(condition, {"name": "momentum", "lr": rounded(rate * (1 - beta)), "beta": beta}, 60),
    ]
    runs = [trained(config) for config in configs]
    plain, same, fair = (turns(run.steps["y"]) for run in runs)
    swings = [float(np.abs(run.steps["y"][-10:]).max()) for run in runs]
    damped = plain > same > fair
    return Finding(
        "fails" if not damped else "corrected" if min(swings[1:]) > swings[0] else "holds",
        f"{plain:.0%} of the steps of descent cross the valley, {same:.0%} of the steps of "
        f"momentum at equal α, and {fair:.0%} at equal α/(1 − β); after 50 steps the swings of "
        f"the three are {swings[0]:.1g}, {swings[1]:.1g} and {swings[2]:.1g}",
        {"turns_descent": plain, "turns_equal_rate": same, "turns_equal_length": fair},
        tuple(map(command, configs)),
        tuple(
            Series(f"y of {name}", run.steps["step"], run.steps["y"])
            for name, run in zip(("descent", "equal α", "equal α/(1 − β)"), runs, strict=True)
        ),
        seeds=(),
    )


@claim(
    "heavy-ball-cycle",
    chapter="7",
    statement="momentum with the best α and β for κ converges on every convex function",
)
def heavy_ball_cycle() -> Finding:
    """With the best α and β for κ, heavy ball converges on quadratics, but may cycle on other f.

    For μ = 1 and L = 25 these are α = 1/9 and β = 4/9. With them heavy ball repeats three points on
    a function whose curvature is always 1 or 25, so that it is smooth and strongly convex; gradient
    descent and Nesterov's momentum converge.
    Lessard, Recht & Packard 2016, section 4.6, arXiv 1408.3595.
    """
    condition = 25.0
    surface = {"name": "terrace", "condition": condition, "start": [3.3, 0.0]}
    configs = {
        best.rule: descent({"surface": surface}, 1.0, steps=300) | {"optimizer": _options(best)}
        for best in best_settings((1.0, condition))
    }
    runs = {rule: trained(config) for rule, config in configs.items()}
    left = {
        rule: float(run.evals["train_loss"][-3:].max() / run.evals["train_loss"][0])
        for rule, run in runs.items()
    }
    x = runs["momentum"].steps["x"]
    period = float(np.abs(x[-3:] - x[-6:-3]).max())
    cycles = left["momentum"] > 0.1 and period < 1e-9
    converge = max(left["vanilla"], left["nesterov"]) < 1e-9
    return Finding(
        "fails" if cycles and converge else "holds" if left["momentum"] < 1e-9 else "corrected",
        f"on a convex function with curvatures 1 and 25 the last three x of heavy ball are "
        f"{x[-3]:.3f}, {x[-2]:.3f} and {x[-1]:.3f}, each within {period:.1g} of that three steps "
        f"before; after 300 steps f is {left['vanilla']:.1g} of its start with "
        f"gradient descent, and {left['nesterov']:.1g} with Nesterov's momentum",
        {f"left_{rule}": share for rule, share in left.items()}
        | {"lowest_x": float(x[-3:].min()), "highest_x": float(x[-3:].max())},
        tuple(map(command, configs.values())),
        (Series("x of heavy ball", np.arange(30), x[:30]),),
        seeds=(),
    )
