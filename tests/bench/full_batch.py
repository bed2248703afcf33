"""Full-batch least squares: the time of one iteration, compared with one read of X; and with QR.

An iteration is the loss and the gradient at new weights. It is measured by calling the engine,
because in a run one pass may serve both an evaluation and a step. The whole training is shown too,
in seconds per iteration, with an evaluation at both ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.linear import examples
from bench.machine import reading
from bench.measure import seconds_of, timed
from bench.ours import AS_GIVEN, ENGINES
from bench.work import COMPILED, NUMPY, Bar, Contender, Finish, Work

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort
    from gdrun.engine.contract import Engine

    Training = tuple[Cohort, Engine]

READ, TWO_PASSES, PLAIN = "one read of X", "NumPy, two passes", "40 plain iterations"

MANY, FEW = 10_000, 40
ITERATIONS = 20
RATE = 0.1
"""The learning rate: it reaches the minimum of these data, up to rounding, in 100 iterations."""


def _built(quick: bool) -> Callable[[str, int], Training]:
    """A function (engine, iterations) → cohort and engine of a run; data are prepared once."""
    from gdrun.config.resolving import resolve
    from gdrun.data import table_from_arrays
    from gdrun.engine.build import build
    from gdrun.runs.experiment_data import experiment_data

    table = table_from_arrays(*examples("mse", 20_000 if quick else 1_000_000, 100))

    def experiment(engine: str, iterations: int) -> Any:
        return resolve(
            AS_GIVEN
            | {
                "model": "linear",
                "variant": "bgd",
                "engine": engine,
                "optimizer": {"name": "vanilla", "lr": RATE},
                "stopping": {"epochs": iterations},
                "evaluate": {"every": float(iterations)},
            }
        )

    data = experiment_data(experiment("numpy", 1), table)
    return lambda engine, iterations: build([experiment(engine, iterations)], data)


def iteration(quick: bool) -> Work:
    built = _built(quick)
    train = built("numpy", 1)[0].train
    w = np.zeros(train.X.shape[1])
    contenders: dict[str, Contender] = {
        NUMPY: lambda: _per_iteration(built("numpy", ITERATIONS)),
        TWO_PASSES: timed(lambda: train.X.T @ (train.X @ w - train.y)),
        READ: timed(reading(train.X)),
    }
    if COMPILED in ENGINES:
        problem: Any = built("compiled", ITERATIONS)[1]
        problem = problem.training

        def compiled() -> Finish:
            done = _per_iteration(built("compiled", ITERATIONS))
            spent, _ = seconds_of(lambda: problem.sums(w[None].copy()))
            return done._replace(seconds=spent)

        contenders[COMPILED] = compiled
    return Work(
        f"BGD, least squares, N={train.rows:,}, d=100",
        contenders,
        (Bar(TWO_PASSES, COMPILED, at_least=3.5), Bar(COMPILED, READ, at_most=1.2)),
        per="iteration",
    )


def _per_iteration(training: Training) -> Finish:
    from gdrun.engine.trainer import Trainer

    (outcome,) = Trainer(*training).run()
    timing, loss = outcome.timing, float(outcome.evaluations["train_loss"][-1])
    return Finish(timing.updates / ITERATIONS, loss, timing.total / ITERATIONS)


def through_qr(quick: bool) -> Work:
    """The time includes computing the triangle, which each cohort does once."""
    built = _built(quick)
    contenders = {}
    if COMPILED in ENGINES:
        contenders = {
            COMPILED: lambda: _in_all(built("compiled", MANY)),
            PLAIN: lambda: _in_all(built("compiled", FEW)),
        }
    rows = built("numpy", 1)[0].train.rows
    return Work(
        f"BGD, least squares, N={rows:,}, d=100, {MANY:,} iterations through QR",
        contenders,
        (Bar(COMPILED, PLAIN, at_most=1.0),),
        per="training",
    )


def _in_all(training: Training) -> Finish:
    """Wall seconds from prepared data to the end, and the loss there."""
    from gdrun.engine.trainer import Trainer

    spent, (outcome,) = seconds_of(lambda: Trainer(*training).run())
    return Finish(spent, float(outcome.evaluations["train_loss"][-1]))
