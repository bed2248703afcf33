"""The column `loss rose` of a comparison counts steps of what its row trains."""

import io

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.config.loading import load
from gdrun.study.descent import first_rises, spread_steps
from gdrun.views.comparisons import comparison_result


def heavy_ball_rises(rates):
    """The share of the steps of v ← 0.9 v + ∇f, w ← w − αv that raise f = ½ (x² + 10 y²)."""
    curvatures, w, v = np.array([1.0, 10.0]), np.array([-4.0, 1.5]), np.zeros(2)
    losses = [float(curvatures @ w**2) / 2]
    for rate in rates:
        v = 0.9 * v + curvatures * w
        w = w - rate * v
        losses.append(float(curvatures @ w**2) / 2)
    return np.mean(np.diff(losses) > 0)


def test_full_batches_count_every_step_under_their_own_schedule():
    t = np.arange(100)
    rates = {"constant": np.full(100, 0.1), "cosine": 0.05 * (1 + np.cos(np.pi * t / 100))}
    expected = {name: heavy_ball_rises(each) for name, each in rates.items()}
    assert expected == {"constant": 0.44, "cosine": 0.36}
    bowl = {"surface": "bowl", "optimizer": {"name": "momentum", "lr": 0.1}}
    found = gdrun.compare(list(rates), bowl, "epochs=100", metric="train_loss")
    assert {row.name: row.rising for row in found.contenders} == expected
    assert "the share of all steps of the run with the first seed" in notes(found)
    assert "of the steps in the first" not in notes(found)


DIGITS = {"dataset": "digits", "model": "softmax", "optimizer": {"name": "momentum", "lr": 0.3}}


def rises_of_each_step(config, *changes):
    """Whether each step of a run raised the full loss, which is evaluated after each step."""
    per_epoch = gdrun.train(config, *changes, "schedule.warmup=0", "epochs=1").summary["steps"]
    run = gdrun.train(config, *changes, "seed=0", f"evaluate.every={1 / per_epoch}")
    losses = run.evals["train_loss"]
    assert len(losses) == run.summary["steps"] + 1
    return np.diff(losses) > 0


@pytest.mark.longer
@pytest.mark.parametrize(
    "schedule", [{"name": "constant"}, {"name": "cosine"}, {"name": "step", "warmup": 3}]
)
def test_mini_batches_count_the_first_steps_of_their_own_schedule(schedule):
    # Digits have 1437 training rows: 23 batches of 64 an epoch, so 5 epochs have 100 steps or more.
    config = DIGITS | {"schedule": schedule}
    found = gdrun.compare(["mbgd", "bgd"], config, "epochs=6", seeds=1)
    rises = rises_of_each_step(config, "epochs=6")
    measured = rises[np.arange(100) * 115 // 100]
    assert found.contenders[0].rising == pytest.approx(measured.mean())
    assert "of the steps in the first 5 epochs" in notes(found)


CANCER = {"dataset": "breast-cancer", "model": "logistic", "optimizer": "vanilla"}


@pytest.mark.longer
def test_the_order_of_the_variants_at_the_best_rate_of_each():
    # A lecture's order of smoothness. In the same 100 steps SGD goes through 100 examples and MBGD
    # through 6400, so that only MBGD is already near its minimum, where the noise dominates.
    rates = {"bgd": 3.162, "mbgd": 3.162, "sgd": 0.3162}
    shown = [f"{name}+lr={lr}" for name, lr in rates.items()]
    found = gdrun.compare(shown, CANCER, "schedule=constant", "epochs=30", metric="train_loss")
    bgd, mbgd, sgd = (row.rising for row in found.contenders)
    assert 0 == bgd < mbgd < sgd
    # 455 rows are 8 batches of 64, so that MBGD takes 100 steps in 13 epochs.
    for row, variant, epoch in (
        (found.contenders[1], "mbgd", 8),
        (found.contenders[2], "sgd", 455),
    ):
        settings = [f"variant={variant}", f"lr={rates[variant]}", "schedule=constant", "epochs=30"]
        rises = rises_of_each_step(CANCER, *settings)[: 13 * epoch]
        measured = rises[np.arange(100) * len(rises) // 100]
        assert row.rising == pytest.approx(measured.mean())
        # Three standard errors of the mean of 100 steps.
        assert abs(row.rising - rises.mean()) < 0.15
    assert "of the steps in the first 13 epochs" in notes(found)


def test_steps_are_spread_evenly():
    assert spread_steps(5, 100).tolist() == [0, 1, 2, 3, 4]
    assert spread_steps(10, 4).tolist() == [0, 2, 5, 7]
    assert spread_steps(0, 100).tolist() == []


UNUSUAL = {
    "no step": ("stopping.steps=1", "schedule.warmup=1"),
    "a part of an epoch": ("stopping.steps=7",),
    "growing batches": ("variant.batch_growth={factor: 2, every: 1}", "variant.batch_size=8"),
    "one example": ("variant=sgd", "stopping.gradients=333"),
    "divergence": ("lr=1e6", "stopping.divergence.factor=10"),
    "a budget in seconds": ("stopping.epochs=none", "stopping.seconds=0.2"),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_the_measurement_ends(case):
    config = {"dataset": "iris", "model": "softmax", "variant": "mbgd"}
    changes = UNUSUAL[case]
    found = first_rises(load(config, ["epochs=5", *changes]), 3)
    assert found is not None
    assert 0 <= found.share <= 1


@pytest.mark.longer
def test_a_warm_up_raises_the_loss_less_often():
    found = gdrun.compare(["constant", "constant+warmup=5"], DIGITS, "epochs=6", seeds=1)
    whole, warmed = (row.rising for row in found.contenders)
    assert 0 < warmed < whole


def test_a_mixed_comparison_names_what_each_contender_counts():
    found = gdrun.compare(["bgd", "mbgd"], DIGITS, "epochs=3", seeds=1)
    assert "bgd: the share of all steps" in notes(found)
    assert "; mbgd: the share of the steps in the first 3 epochs" in notes(found)


@pytest.mark.longer
def test_dropout_makes_no_full_step():
    network = {"dataset": "iris", "model": {"name": "mlp", "hidden": [4], "dropout": 0.5}}
    found = gdrun.compare(["bgd", "mbgd"], network, "epochs=30", seeds=1)
    assert found.contenders[0].rising is not None
    assert "the share of all steps" not in notes(found)
    assert "of the steps in the first 30 epochs" in notes(found)


def notes(found):
    screen = Console(width=1000, file=io.StringIO())
    screen.print(comparison_result(found))
    return screen.file.getvalue()
