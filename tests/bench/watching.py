"""The cost of recording and stopping rules: trainings, compared with their compiled loops alone.

The time of a training includes everything except evaluations: the steps, their trace, the schedule,
the budgets and the stopping rules. The loops alone are only the steps. The kernels measure the
numbers of the trace, so both times include that.
"""

from __future__ import annotations

from unittest import mock

import numpy as np

import gdrun
from bench.linear import Linear
from bench.linear_rows import mbgd_problem, sgd_problem
from bench.measure import seconds_of
from bench.ours import AS_GIVEN, ENGINES
from bench.work import COMPILED, Bar, Contender, Finish, Work
from gdrun.engine import steps_ahead

LOOPS = "the loops alone"


def sgd(quick: bool) -> Work:
    return _watched("SGD, B=1, logistic", sgd_problem("logistic", quick))


def mbgd(quick: bool) -> Work:
    return _watched("MBGD, B=64, logistic, Adam", mbgd_problem(quick))


def _watched(title: str, problem: Linear) -> Work:
    contenders: dict[str, Contender] = {}
    if COMPILED in ENGINES:
        contenders = {COMPILED: lambda: _training(problem), LOOPS: lambda: _loops(problem)}
    return Work(
        f"{title}: trace and stopping rules, N={len(problem.X):,}",
        contenders,
        (Bar(COMPILED, LOOPS, at_most=1.1),),
    )


def _training(problem: Linear) -> Finish:
    config = AS_GIVEN | problem.config | {"engine": "compiled"}
    # Rules that are checked but never fire.
    stopping = {"epochs": problem.epochs, "target_loss": 1e-9, "grad_norm": 1e-12}
    # One after the other: an evaluation beside the steps would slow them down.
    with mock.patch.object(steps_ahead, "thread_count", return_value=1):
        run = gdrun.train(config | {"stopping": stopping}, data=(problem.X, problem.y))
    timing = run.record["timing"]
    watched = timing["total"] - timing["evaluations"]
    return Finish(watched / problem.epochs, whole=timing["total"] / problem.epochs)


def _loops(problem: Linear) -> Finish:
    """The steps of every epoch, each epoch in one call."""
    from gdrun.config.resolving import resolve
    from gdrun.data import table_from_arrays
    from gdrun.engine.batches import Batches
    from gdrun.engine.build import cohort_of
    from gdrun.engine.cohort import Lanes
    from gdrun.engine.engines import engine_maker
    from gdrun.engine.plan import Place
    from gdrun.engine.state import State
    from gdrun.runs.experiment_data import experiment_data

    experiment = resolve(AS_GIVEN | problem.config | {"engine": "compiled"})
    table = table_from_arrays(problem.X, problem.y)
    cohort = cohort_of([experiment], experiment_data(experiment, table))
    lanes, state = Lanes(cohort, np.arange(1)), State.start(cohort)
    engine = engine_maker(cohort, "compiled")()
    stepper = engine.stepper(lanes, Batches(cohort), np.full(1, np.inf))
    steps = cohort.batching.steps_per_epoch
    rates = np.broadcast_to(lanes.numbers.lr, (steps, 1))

    def run() -> None:
        W, slots = state.W, state.slots
        for epoch in range(problem.epochs):
            done = stepper.advance(W, slots, epoch * steps, Place(epoch, 0), rates)
            W, slots = done.W, done.slots

    return Finish(seconds_of(run)[0] / problem.epochs)
