"""Claims about conditioning and momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.insight.claims.experiments import bowl, command, trained
from gdrun.insight.claims.registry import Curve, Finding, claim
from gdrun.insight.rates import Setting, best_settings

CONDITIONS = (5.0, 20.0, 80.0)


@claim(
    "conditioning",
    chapter="6.4",
    statement="poor conditioning means that some directions have small gradients",
)
def conditioning() -> Finding:
    """It is the ratio κ = L/μ of curvatures: descent needs about κ steps, momentum about √κ.

    Polyak 1964; at the best settings of each.
    """
    counts = np.array(
        [
            [_steps_to(rule, condition) for condition in CONDITIONS]
            for rule in ("vanilla", "momentum")
        ],
        dtype=np.float64,
    )
    logs = np.log(CONDITIONS)
    plain, ball = (float(np.polyfit(logs, np.log(row), 1)[0]) for row in counts)
    corrected = abs(plain - 1) < 0.15 and abs(ball - 0.5) < 0.2
    return Finding(
        "corrected" if corrected else "fails",
        f"steps to 1e-6 grow like κ^{plain:.2f} for gradient descent and κ^{ball:.2f} for "
        "heavy ball",
        {"exponent_descent": plain, "exponent_heavy_ball": ball},
        ("gdrun theory 'surface={name: bowl, condition: 80}' variant=bgd optimizer=vanilla",),
        tuple(
            Curve(name, np.array(CONDITIONS), row, "κ")
            for name, row in zip(("descent", "heavy ball"), counts, strict=True)
        ),
        seeds=(),
    )


def _steps_to(rule: str, condition: float) -> int:
    """The steps that the best setting of a rule needs to lower f by 1e-6 on a bowl."""
    best = next(each for each in best_settings(1.0, condition) if each.rule == rule)
    steps = best.steps(1e-6)
    assert steps is not None
    losses: Numbers = trained(bowl(condition, _options(best), 3 * steps)).evals["train_loss"]
    return int(np.argmax(losses <= 1e-6 * losses[0]))


def _options(setting: Setting) -> dict[str, Any]:
    beta = {} if setting.beta is None else {"beta": setting.beta}
    return {"name": setting.rule, "lr": setting.lr, **beta}


@claim("momentum-limit", chapter="7", statement="momentum is used with the same rate α")
def momentum_limit() -> Finding:
    """Its steps are 1/(1 − β) times as long, and it is stable up to 2(1 + β)/L instead of 2/L.

    Polyak 1964: the roots of z² − (1 + β − αL) z + β.
    """
    rate = 3.0  # between 2/L and 2 (1 + 0.9)/L for L = 1
    options = {"lr": rate}
    plain = trained(bowl(1.0, {"name": "vanilla", **options}, 60))
    config = bowl(1.0, {"name": "momentum", "beta": 0.9, **options}, 400)
    ball = trained(config)
    last = float(ball.evals["train_loss"][-1] / ball.evals["train_loss"][0])
    small = trained(bowl(1.0, {"name": "momentum", "beta": 0.9, "lr": 1e-6}, 400))
    length = float(small.steps["update_norm"][-1] / small.steps["update_norm"][0])
    corrected = plain.status == "diverged" and last < 1e-3 and abs(length / 10 - 1) < 0.01
    return Finding(
        "corrected" if corrected else "fails",
        f"at αL = 3 gradient descent {plain.status}, heavy ball with β = 0.9 lowers f to "
        f"{last:.1g} of its start; at a small rate its steps grow to {length:.4g} times",
        {"final_share": last, "step_length": length},
        (command(config),),
        seeds=(),
    )
