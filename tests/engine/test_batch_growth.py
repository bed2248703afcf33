"""Growing batches in the loop: sizes in the trace, budgets, and the equivalent decay."""

import numpy as np
import pytest

import gdrun

BLOBS = {"dataset": {"name": "blobs", "n": 200, "split": {"validation": 0, "test": 0}}}


def train(variant, stopping, **more):
    config = BLOBS | {"model": "softmax", "variant": variant, "stopping": stopping}
    return gdrun.train(config | {"log": {"points": "all"}} | more)


GROWING = {"name": "mbgd", "batch_size": 20, "batch_growth": {"factor": 3, "every": 2}}


def test_the_trace_holds_the_size_of_every_batch():
    run = train(GROWING, {"epochs": 7})
    # N = 200. Epochs 0, 1: B = 20, 10 steps each. Epochs 2, 3: B = 60, batches 60, 60, 60, 20.
    # Epochs 4, 5: B = 180, batches 180 and 20. Epoch 6: B = 540, so all 200 at once.
    sizes = [20] * 20 + [60, 60, 60, 20] * 2 + [180, 20] * 2 + [200]
    assert run.steps["batch_size"].tolist() == sizes
    assert run.steps["gradients"].tolist() == np.cumsum(sizes).tolist()
    assert run.stop["step"] == len(sizes) == 33
    assert run.evals["step"].tolist() == [0, 10, 20, 24, 28, 30, 32, 33]
    assert run.evals["epoch"].tolist() == list(range(8))


def test_a_budget_of_gradients_counts_the_batches_as_they_are():
    # Four epochs are 800 gradients in 28 steps; of 200 more, one batch of 180 fits into 190.
    run = train(GROWING, {"gradients": 990})
    assert run.stop["step"] == 29
    assert run.summary["gradients"] == 980


def test_a_schedule_ends_with_the_budget_of_steps():
    # 24 steps are 2 epochs of 10 and one of 4: T = 3, so the last epoch has lr₀ (1 − 2/3).
    run = train(GROWING, {"steps": 24}, schedule="polynomial", optimizer={"lr": 0.3, "name": "gd"})
    assert run.steps["lr"][-1] == pytest.approx(0.1)


def test_growth_stands_for_a_decay_of_the_rate():
    # Smith et al. 2017: B ↑ 2 in place of lr ↓ 2 takes half the steps, and on a problem without
    # curvature to resolve ends at the same loss. Halving three times: 1/8 of the rate.
    stopping, size = {"epochs": 40}, 10
    growing = {"name": "mbgd", "batch_size": size, "batch_growth": {"factor": 2, "every": 10}}
    by_size = train(growing, stopping, optimizer={"name": "vanilla", "lr": 0.1})
    by_rate = train(
        {"name": "mbgd", "batch_size": size},
        stopping,
        optimizer={"name": "vanilla", "lr": 0.1},
        schedule={"name": "step", "gamma": 0.5, "drop_every": 10},
    )
    # 10 epochs of 20, 10, 5 and 3 steps against 40 epochs of 20.
    assert by_size.stop["step"] == 10 * (20 + 10 + 5 + 3)
    assert by_rate.stop["step"] == 800
    assert by_size.summary["train_loss"] == pytest.approx(by_rate.summary["train_loss"], rel=0.02)
