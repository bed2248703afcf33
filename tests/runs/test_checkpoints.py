"""A training that continues from checkpoint.npz ends with the bits of an uninterrupted one."""

import numpy as np
import pytest
from continued import assert_same_bits, continued, experiments_of, uninterrupted

from gdrun.methods.averaging import AVERAGES
from gdrun.methods.rules import OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES
from gdrun.problems.surfaces import SURFACES

IRIS = {
    "dataset": {"name": "iris", "split": {"validation": 0.2, "test": 0.2}},
    "model": "softmax",
    "variant": {"name": "mbgd", "batch_size": 16},
    "stopping": {"epochs": 3},
    "evaluate": {"every": 0.4},
}
MOONS = {
    "dataset": {"name": "moons", "n": 60},
    "variant": {"name": "mbgd", "batch_size": 16},
    "stopping": {"epochs": 3},
    "evaluate": {"every": 0.5},
}
MLP = {"name": "mlp", "hidden": [6, 4], "l2": 1e-3}
QUESTIONS = (2, 1, 0, 3)
"""The first interruption is before the third chunk; the third one takes no step at all."""


def check(tmp_path, *configs, questions=QUESTIONS):
    experiments = experiments_of(*configs)
    expected = uninterrupted(experiments)
    assert_same_bits(continued(experiments, tmp_path / "checkpoint.npz", questions), expected)
    return expected


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name, engine, tmp_path):
    if engine == "compiled" and OPTIMIZERS[name].uses_norm:
        engine = "auto"
    check(tmp_path, IRIS | {"optimizer": name, "engine": engine})


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    "variant",
    [
        {"name": "bgd"},
        *({"name": "sgd", "sampling": each} for each in ("shuffle", "replacement", "sequential")),
        *(
            {"name": "mbgd", "batch_size": 13, "sampling": each}
            for each in ("shuffle", "replacement", "sequential")
        ),
        {"name": "mbgd", "batch_size": 13, "drop_last": True},
        {"name": "mbgd", "batch_size": 4, "batch_growth": {"factor": 2.5, "every": 1}},
    ],
    ids=repr,
)
def test_every_variant(variant, engine, tmp_path):
    check(tmp_path, IRIS | {"variant": variant, "optimizer": "adam", "engine": engine})


@pytest.mark.longer
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name, tmp_path):
    schedule = {"name": name, "per": "step", "warmup": 5} if name != "plateau" else {"name": name}
    if name == "join":
        schedule["at"] = [9.0]
    check(tmp_path, IRIS | {"schedule": schedule, "optimizer": "momentum"})


def test_the_plateau_schedule_drops_at_the_same_evaluations(tmp_path):
    schedule = {"name": "plateau", "patience": 1, "cooldown": 1, "threshold": 0.5}
    (run,) = check(tmp_path, IRIS | {"schedule": schedule, "stopping": {"epochs": 6}})
    assert len(np.unique(run.steps["lr"])) > 2


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("average", AVERAGES)
def test_every_average(average, engine, tmp_path):
    check(tmp_path, IRIS | {"optimizer": {"name": "adam", "average": average}, "engine": engine})


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options", [{}, {"dropout": 0.3}, {"batch_norm": True}], ids=["plain", "dropout", "batch_norm"]
)
def test_networks(options, dtype, engine, tmp_path):
    if options and engine == "compiled":
        engine = "auto"
    model = MLP | options
    check(tmp_path, MOONS | {"model": model, "optimizer": "adam", "dtype": dtype, "engine": engine})


def test_batch_norm_with_averaged_weights(tmp_path):
    model = MLP | {"batch_norm": True}
    optimizer = {"name": "momentum", "average": "ema"}
    check(tmp_path, MOONS | {"model": model, "optimizer": optimizer})


@pytest.mark.longer
@pytest.mark.parametrize("name", SURFACES)
def test_every_surface(name, tmp_path):
    config = {"surface": {"name": name, "noise": 0.1, "examples": 20}, "stopping": {"steps": 40}}
    check(tmp_path, config | {"variant": {"name": "mbgd", "batch_size": 3}})


def test_early_stopping_restores_the_same_best_weights(tmp_path):
    rule = {"early_stopping": {"patience": 2, "restore_best": True, "metric": "f1"}}
    config = IRIS | {"stopping": {"epochs": 30, **rule}, "optimizer": {"name": "adam", "lr": 0.05}}
    (run,) = check(tmp_path, config, questions=(3, 4, 1, 0, 5))
    assert run.stop.rule == "early_stopping" and run.restored


def test_watched_rules_fire_at_the_same_evaluation(tmp_path):
    watch = {"early_stopping": {"patience": 1}, "target_loss": 0.5, "target_accuracy": 0.7}
    config = IRIS | {"stopping": {"epochs": 8, "watch": watch}}
    config |= {"optimizer": {"name": "adam", "lr": 0.1}}
    (run,) = check(tmp_path, config, questions=(5, 9, 2))
    assert len(run.watched) >= 2


def test_clipped_gradients_are_counted(tmp_path):
    (run,) = check(tmp_path, IRIS | {"clip": {"norm": 0.2, "value": 0.1}})
    assert run.clipped


def test_a_thinned_trace_keeps_its_points(tmp_path):
    config = IRIS | {"log": {"points": 5}, "evaluate": {"every": 0.3}}
    (run,) = check(tmp_path, config, questions=(2, 3, 1, 2))
    assert run.steps["combined"].max() >= 4


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_lanes_that_ended_before_the_interruption(engine, tmp_path):
    """One rate diverges at once, one reaches its target soon, and two seeds use up the budget."""
    base = IRIS | {"engine": engine, "stopping": {"epochs": 6, "target_loss": 0.3}}
    rates = [(0, 1e-3), (0, 1e200), (0, 0.5), (1, 1e-3)]
    lanes = [
        base | {"seed": seed, "optimizer": {"name": "vanilla", "lr": lr}} for seed, lr in rates
    ]
    runs = check(tmp_path, *lanes, questions=(9, 2, 0, 1))
    assert {run.status for run in runs} == {"exhausted", "converged", "diverged"}


def test_a_budget_between_two_evaluations(tmp_path):
    """A budget of 7 steps ends before the next evaluation, which adds an evaluation at the end."""
    (run,) = check(tmp_path, IRIS | {"stopping": {"steps": 7}, "evaluate": {"every": 1}})
    assert run.evaluations["step"].tolist() == [0, 6, 7]


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_full_batches_that_use_several_threads(engine, tmp_path):
    """With 20,000 x 20 numbers both engines divide the rows between threads."""
    data = {"name": "logistic", "n": 20_000, "d": 20}
    config = {"dataset": data, "model": "logistic", "variant": "bgd", "engine": engine}
    config |= {"stopping": {"epochs": 5}, "optimizer": {"name": "momentum", "lr": 0.5}}
    check(tmp_path, config, questions=(1, 0, 2))


def test_compressed_least_squares(tmp_path):
    data = {"name": "linear", "n": 5000, "d": 4}
    config = {"dataset": data, "model": "linear", "variant": "bgd", "engine": "compiled"}
    check(tmp_path, config | {"stopping": {"epochs": 200}, "evaluate": {"every": 20}})
