"""Full batches of least squares: one iteration beside one read of X, and thousands through QR.

An iteration is the loss and gradient at new weights, so it is asked of the engine itself: a run may
take one pass for two, where an evaluation and a step are at the same weights. The whole beside it
is a training, by the iteration, with an evaluation at both ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.linear import examples
from bench.machine import reading
from bench.measure import seconds_of, timed
from bench.ours import AS_GIVEN, ENGINES
from bench.work import COMPILED, NUMPY, Bar, Contender, Finish, Work

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort

READ, TWO_PASSES, PLAIN = "one read of X", "NumPy, two passes", "40 plain iterations"

MANY, FEW = 10_000, 40
ITERATIONS = 20
RATE = 0.1
"""Which comes to the minimum of these data, to rounding, within 100 iterations."""


def _cohorts(quick: bool) -> Callable[[str, int], Cohort]:
    """(engine, iterations) → a cohort of one run on the same data, which are prepared once."""
    from gdrun.config.experiment import resolve
    from gdrun.data import table_from_arrays
    from gdrun.engine.cohort import Cohort, experiment_data

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

    first = experiment("numpy", 1)
    base = Cohort.of([first], experiment_data(first, table))
    return lambda engine, iterations: replace(base, experiments=(experiment(engine, iterations),))


def iteration(quick: bool) -> Work:
    cohort_of = _cohorts(quick)
    train = cohort_of("numpy", 1).train
    w = np.zeros(train.X.shape[1])
    contenders: dict[str, Contender] = {
        NUMPY: lambda: _per_iteration(cohort_of("numpy", ITERATIONS)),
        TWO_PASSES: timed(lambda: train.X.T @ (train.X @ w - train.y)),
        READ: timed(reading(train.X)),
    }
    if COMPILED in ENGINES:
        problem: Any = cohort_of("compiled", ITERATIONS).engine
        problem = problem.training

        def compiled() -> Finish:
            done = _per_iteration(cohort_of("compiled", ITERATIONS))
            spent, _ = seconds_of(lambda: problem.sums(w[None].copy()))
            return done._replace(seconds=spent)

        contenders[COMPILED] = compiled
    return Work(
        f"BGD, least squares, N={train.rows:,}, d=100",
        contenders,
        (Bar(TWO_PASSES, COMPILED, at_least=3.5), Bar(COMPILED, READ, at_most=1.25)),
        per="iteration",
    )


def _per_iteration(cohort: Cohort) -> Finish:
    from gdrun.engine.trainer import Trainer

    (outcome,) = Trainer(cohort).run()
    timing, loss = outcome.timing, float(outcome.evaluations["train_loss"][-1])
    return Finish(timing.updates / ITERATIONS, loss, timing.total / ITERATIONS)


def through_qr(quick: bool) -> Work:
    """The triangle is part of the time: it is made anew for each cohort."""
    cohort_of = _cohorts(quick)
    contenders = {}
    if COMPILED in ENGINES:
        contenders = {
            COMPILED: lambda: _in_all(cohort_of("compiled", MANY)),
            PLAIN: lambda: _in_all(cohort_of("compiled", FEW)),
        }
    rows = cohort_of("numpy", 1).train.rows
    return Work(
        f"BGD, least squares, N={rows:,}, d=100, {MANY:,} iterations through QR",
        contenders,
        (Bar(COMPILED, PLAIN, at_most=1.0),),
        per="training",
    )


def _in_all(cohort: Cohort) -> Finish:
    """Wall seconds from prepared data to the end, and the loss there."""
    from gdrun.engine.trainer import Trainer

    spent, (outcome,) = seconds_of(lambda: Trainer(cohort).run())
    return Finish(spent, float(outcome.evaluations["train_loss"][-1]))
