"""The column `loss rose` of a comparison counts steps of what its row trains."""

import io

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.study.descent import STEPS
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
    assert "first 100 steps" not in notes(found)


DIGITS = {"dataset": "digits", "model": "softmax", "optimizer": {"name": "momentum", "lr": 0.3}}


@pytest.mark.longer
@pytest.mark.parametrize(
    "schedule", [{"name": "constant"}, {"name": "cosine"}, {"name": "step", "warmup": 3}]
)
def test_mini_batches_count_the_first_steps_of_their_own_schedule(schedule):
    # Digits have 1078 training rows here: 17 batches of 64 an epoch, so 6 epochs have 102 steps.
    config = DIGITS | {"schedule": schedule}
    found = gdrun.compare(["mbgd", "bgd"], config, "epochs=6", seeds=1)
    per_epoch = found.contenders[0].standing.results[0].summary["steps"] // 6
    run = gdrun.train(config, "epochs=6", "seed=0", f"evaluate.every={1 / per_epoch}")
    losses = run.evals["train_loss"][: STEPS + 1]
    assert len(losses) == STEPS + 1
    assert found.contenders[0].rising == pytest.approx(np.mean(np.diff(losses) > 0))
    assert "the share of the first 100 steps" in notes(found)


@pytest.mark.longer
def test_a_warm_up_raises_the_loss_less_often():
    found = gdrun.compare(["constant", "constant+warmup=5"], DIGITS, "epochs=6", seeds=1)
    whole, warmed = (row.rising for row in found.contenders)
    assert 0 < warmed < whole


def test_a_mixed_comparison_names_what_each_contender_counts():
    found = gdrun.compare(["bgd", "mbgd"], DIGITS, "epochs=3", seeds=1)
    assert "bgd: the share of all steps" in notes(found)
    assert "; mbgd: the share of the first 100 steps" in notes(found)


@pytest.mark.longer
def test_dropout_makes_no_full_step():
    network = {"dataset": "iris", "model": {"name": "mlp", "hidden": [4], "dropout": 0.5}}
    found = gdrun.compare(["bgd", "mbgd"], network, "epochs=30", seeds=1)
    assert found.contenders[0].rising is not None
    assert "the share of all steps" not in notes(found)
    assert "the share of the first 100 steps" in notes(found)


def notes(found):
    screen = Console(width=1000, file=io.StringIO())
    screen.print(comparison_result(found))
    return screen.file.getvalue()
