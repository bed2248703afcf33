"""Averaged weights in the loop: they are evaluated and returned; the steps are the same."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.runs.experiment_data import experiment_data

CONFIG = {
    "dataset": {"name": "linear", "n": 60, "d": 3, "noise": 0.5},
    "model": "linear",
    "variant": {"name": "mbgd", "batch_size": 8},
    "stopping": {"epochs": 6},
    "log": {"points": "all"},
}


def train(average, **optimizer):
    config = CONFIG | {"optimizer": {"name": "momentum", "lr": 0.01, "average": average}}
    config["optimizer"] |= optimizer
    return gdrun.train(config)


def path():
    """The weights after every step of the plain run, by stopping it there."""
    places = []
    for steps in range(1, 37):
        config = CONFIG | {"optimizer": {"name": "momentum", "lr": 0.01}}
        run = gdrun.train(config | {"stopping": {"steps": steps}})
        places.append(np.append(run.weights["w"], run.weights["b"]))
    return np.array(places)


def delivered(run):
    return np.append(run.weights["w"], run.weights["b"])


@pytest.mark.longer
def test_polyak_delivers_the_mean_of_the_path():
    # 48 of 60 rows train: 6 steps an epoch, 36 in 6 epochs.
    places = path()
    assert delivered(train("polyak")) == pytest.approx(places.mean(axis=0), rel=1e-12)
    late = {"name": "polyak", "start": 30}
    assert delivered(train(late)) == pytest.approx(places[30:].mean(axis=0), rel=1e-12)


@pytest.mark.longer
def test_ema_delivers_the_weighted_mean_of_the_path():
    # Weights δ^(36−k) for k = 1 … 36, divided by their sum: what the bias correction amounts to.
    places, decay = path(), 0.9
    shares = decay ** np.arange(35, -1, -1)
    expected = (shares[:, None] * places).sum(axis=0) / shares.sum()
    run = train({"name": "ema", "decay": decay})
    assert delivered(run) == pytest.approx(expected, rel=1e-12)


def test_the_steps_themselves_are_those_of_the_plain_rule():
    averaged, plain = train("polyak"), train(None)
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        assert np.array_equal(averaged.steps[name], plain.steps[name])
    assert averaged.summary["train_loss"] != plain.summary["train_loss"]
    assert averaged.evals["train_loss"][0] == plain.evals["train_loss"][0]


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["bgd", "sgd", "mbgd"])
@pytest.mark.parametrize("average", ["polyak", "ema"])
def test_both_engines_deliver_the_same_average(variant, average):
    # 1,600 rows of 3 train: a full batch goes through the triangle of least squares.
    config = CONFIG | {
        "dataset": {"name": "linear", "n": 2000, "d": 3, "noise": 0.5},
        "variant": variant,
        "optimizer": {"name": "adam", "lr": 0.01, "average": average},
        "stopping": {"epochs": 300 if variant == "bgd" else 4},
    }
    compiled, numpy = (gdrun.train(config | {"engine": name}) for name in ("compiled", "numpy"))
    assert (compiled.record["engine"], numpy.record["engine"]) == ("compiled", "numpy")
    assert delivered(compiled) == pytest.approx(delivered(numpy), rel=1e-9)
    assert compiled.evals["train_loss"] == pytest.approx(numpy.evals["train_loss"], rel=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "lamb", "vanilla"])
def test_any_rule_can_be_averaged(optimizer):
    run = train("ema", name=optimizer)
    assert run.status == "exhausted"
    assert np.isfinite(run.summary["train_loss"])


NETWORK = {
    "dataset": "iris",
    "model": {"name": "mlp", "hidden": [8, 6], "batch_norm": True},
    "variant": {"name": "mbgd", "batch_size": 30},
    "stopping": {"epochs": 5},
}


def network(average="polyak", lr=0.1, **more):
    optimizer = {"name": "vanilla", "lr": lr, "average": average}
    return resolve(NETWORK | {"optimizer": optimizer} | more)


def outcomes(*lanes):
    return Trainer(*build(lanes, experiment_data(lanes[0]))).run()


def scores_by_hand(named, X):
    """Scores and the moments of each hidden layer over X, one layer after the other."""
    h, moments = X, []
    for k in (1, 2):
        z = h @ named[f"layer{k}.w"]
        moments.append((z.mean(axis=0), z.var(axis=0, ddof=1)))
        mean, variance = (named[f"layer{k}.running_{name}"] for name in ("mean", "variance"))
        z = (z - mean) / np.sqrt(variance + 1e-5) * named[f"layer{k}.scale"]
        h = np.maximum(z + named[f"layer{k}.shift"], 0)
    return h @ named["layer3.w"] + named["layer3.b"], moments


def mean_loss(scores, y):
    return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]).mean()


@pytest.mark.longer
@pytest.mark.parametrize("average", ["polyak", {"name": "polyak", "start": 7}, "ema"], ids=str)
@pytest.mark.parametrize("restored", [False, True])
def test_averages_are_delivered_with_the_statistics_they_were_judged_by(
    average, restored, tmp_path
):
    stopping = {"epochs": 5}
    if restored:
        # At this rate the loss soon rises, so that the best is not the last.
        stopping["early_stopping"] = {"patience": 3, "restore_best": True}
    chosen = network(average, lr=2.0, stopping=stopping)
    data = experiment_data(chosen)
    run = gdrun.train(chosen, out=tmp_path)
    with np.load(run.directory / "weights.npz") as arrays:
        named = dict(arrays)
    scores, moments = scores_by_hand(named, data.train.X)
    # All rows were normalised by the biased variance while they were measured: 120 / 119 apart.
    for k, (mean, variance) in enumerate(moments, start=1):
        assert named[f"layer{k}.running_mean"] == pytest.approx(mean, rel=0.01, abs=0.01)
        assert named[f"layer{k}.running_variance"] == pytest.approx(variance, rel=0.02)
    assert named["layer1.running_mean"] == pytest.approx(moments[0][0], rel=1e-9, abs=1e-12)
    assert named["layer1.running_variance"] == pytest.approx(moments[0][1], rel=1e-9)
    place = run.evals["validation_loss"].argmin() if restored else -1
    assert mean_loss(scores, data.train.y) == pytest.approx(
        run.evals["train_loss"][place], rel=1e-9
    )
    held_out, _ = scores_by_hand(named, data.test.X)
    assert run.summary["test_loss"] == pytest.approx(mean_loss(held_out, data.test.y), rel=1e-9)


def test_an_averaged_lane_keeps_its_statistics_when_others_leave():
    """One lane diverges between evaluations, one reaches its target early, two continue."""
    stopping = {"epochs": 5, "target_loss": 0.4}
    lanes = [
        network(lr=lr, seed=seed, stopping=stopping)
        for lr, seed in ((0.02, 0), (1.0, 0), (1e200, 1), (0.05, 2))
    ]
    together = outcomes(*lanes)
    statuses = [outcome.stop.status for outcome in together]
    assert sorted(statuses) == ["converged", "diverged", "exhausted", "exhausted"]
    for found, lane in zip(together, lanes, strict=True):
        (alone,) = outcomes(lane)
        assert found.stop.step == alone.stop.step
        for name in ("weights", "running_stats", "best_weights", "best_running_stats"):
            expected = getattr(alone, name)
            np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-11)
        for name in ("train_loss", "validation_loss"):
            expected = alone.evaluations[name]
            np.testing.assert_allclose(found.evaluations[name], expected, rtol=1e-9)
