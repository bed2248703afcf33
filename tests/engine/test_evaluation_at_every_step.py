"""Evaluations after every step change nothing that the steps compute or that the trace records."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.runs.session import Session

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(90, 4))
DATA = (X, X @ [1.0, -2, 0.5, 3] + DRAW.normal(size=90))


def trained(every, **changes):
    config = {"model": "linear", "variant": "bgd", "optimizer": {"name": "momentum", "lr": 0.02}}
    config |= {"evaluate": {"every": every}, "stopping": {"epochs": 150}} | changes
    return gdrun.train(config, data=DATA)


SCHEDULES = [
    "constant",
    {"name": "cosine", "warmup": 5},
    {"name": "one_cycle", "per": "step"},
    {"name": "step", "drop_every": 11},
    {"name": "multistep", "milestones": [3, 70]},
]


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("points", ["all", 20])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_the_steps_are_recorded_alike(engine, points, schedule):
    same = {"engine": engine, "schedule": schedule, "log": {"points": points}}
    often, seldom = trained(1, **same), trained(50, **same)
    assert len(often.evals["step"]) == 151
    assert len(seldom.evals["step"]) == 4
    assert often.steps.keys() == seldom.steps.keys()
    for name in often.steps.keys() - {"seconds"}:
        np.testing.assert_array_equal(often.steps[name], seldom.steps[name], err_msg=name)
    assert (np.diff(often.steps["seconds"]) >= 0).all()
    at = np.isin(often.evals["step"], seldom.evals["step"])
    np.testing.assert_array_equal(often.evals["train_loss"][at], seldom.evals["train_loss"])


def test_batches_of_different_sizes_are_counted_alike():
    # 72 training rows in batches of 16: four of 16, and one of 8.
    batches = {"variant": {"name": "mbgd", "batch_size": 16}, "stopping": {"epochs": 3}}
    often, seldom = trained(0.2, **batches), trained(1, **batches)
    assert often.steps["batch_size"].tolist() == [16, 16, 16, 16, 8] * 3
    for name in ("batch_size", "gradients", "epoch", "step"):
        np.testing.assert_array_equal(often.steps[name], seldom.steps[name], err_msg=name)


def test_runs_that_end_at_different_steps_keep_their_own_traces():
    blobs = {"dataset": {"name": "blobs", "n": 60, "d": 3}, "model": "softmax", "variant": "bgd"}
    stopping = {"stopping": {"epochs": 100, "grad_norm": 0.05}, "log": {"points": "all"}}
    rates = [{"optimizer": {"name": "vanilla", "lr": lr}} for lr in (1e-3, 0.5, 2.0, 1e300)]
    configs = [load(blobs | stopping | rate) for rate in rates]
    together = Session(configs, out=None).run()
    assert len({len(run.steps["step"]) for run in together}) > 2
    for config, run in zip(configs, together, strict=True):
        (alone,) = Session([config], out=None).run()
        assert run.status == alone.status
        for name in ("step", "lr", "batch_loss", "grad_norm", "weight_norm"):
            np.testing.assert_allclose(run.steps[name], alone.steps[name], rtol=1e-9, err_msg=name)


def test_a_plateau_that_drops_the_rate_at_an_evaluation():
    schedule = {"name": "plateau", "patience": 0, "threshold": 0.02, "factor": 0.5}
    run = trained(1, schedule=schedule, log={"points": "all"}, stopping={"epochs": 60})
    lr, loss = 0.02, run.evals["validation_loss"].tolist()
    best, expected = np.inf, []
    for step in range(60):
        expected.append(lr)
        # The evaluation before the first step is no evaluation of the schedule's.
        if loss[step + 1] < best * (1 - 0.02):
            best = loss[step + 1]
        else:
            lr *= 0.5
    assert run.steps["lr"].tolist() == expected
    assert 3 < len(set(expected)) < 60
