"""Averages of the path, in the loop: what is judged and delivered, and what is not touched."""

import numpy as np
import pytest

import gdrun

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


def test_polyak_delivers_the_mean_of_the_path():
    # 48 of 60 rows train: 6 steps an epoch, 36 in 6 epochs.
    places = path()
    assert delivered(train("polyak")) == pytest.approx(places.mean(axis=0), rel=1e-12)
    late = {"name": "polyak", "start": 30}
    assert delivered(train(late)) == pytest.approx(places[30:].mean(axis=0), rel=1e-12)


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


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "lamb", "vanilla"])
def test_any_rule_can_be_averaged(optimizer):
    run = train("ema", name=optimizer)
    assert run.status == "exhausted"
    assert np.isfinite(run.summary["train_loss"])
