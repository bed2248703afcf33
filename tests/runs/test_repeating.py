"""The same experiment gives the same bits, and so does the config.yaml that a run wrote."""

import json

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.runs.session import Session

CONFIGS = {
    "thinned": {
        "dataset": "iris",
        "model": "softmax",
        "variant": "sgd",
        "optimizer": "adam",
        "schedule": {"name": "cosine", "warmup": 1},
        "clip": {"norm": 1.0},
        "stopping": {"epochs": 5, "early_stopping": {}},
        "log": {"points": 50},
    },
    "float32": {
        "seed": 3,
        "dtype": "float32",
        "dataset": {"name": "logistic", "n": 90, "seed": 5},
        "model": {"name": "logistic", "init": "normal", "l2": 0.01},
        "variant": {"name": "mbgd", "batch_size": 16, "sampling": "replacement"},
        "optimizer": {"name": "rmsprop", "average": {"name": "ema", "decay": 0.9}},
        "schedule": {"name": "exponential", "per": "step"},
        "evaluate": {"every": 0.5},
        "stopping": {"steps": 77, "watch": ["grad_norm"]},
    },
    "diverging": {
        "dataset": "diabetes",
        "model": "linear",
        "variant": "bgd",
        "optimizer": {"name": "momentum", "lr": 5.0},
    },
    "surface": {
        "name": "a walk",
        "surface": {"name": "beale", "noise": 0.1},
        "variant": "sgd",
        "stopping": {"steps": 300},
    },
}


def bits(run):
    lines = (run.directory / "trace.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        del row["seconds"]
    with np.load(run.directory / "weights.npz", allow_pickle=False) as arrays:
        return rows, {name: arrays[name].tobytes() for name in arrays}


@pytest.mark.longer
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_twice_is_the_same_bits(tmp_path, config):
    first, second = (gdrun.train(config, out=tmp_path) for _ in range(2))
    assert first.directory != second.directory
    assert bits(first) == bits(second)


@pytest.mark.longer
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_config_that_a_run_leaves_repeats_it(tmp_path, config):
    first = gdrun.train(config, out=tmp_path / "a")
    second = gdrun.train(first.directory / "config.yaml", out=tmp_path / "b")
    assert bits(first) == bits(second)
    texts = [(run.directory / "config.yaml").read_bytes() for run in (first, second)]
    assert texts[0] == texts[1]
    assert second.record["name"] == first.record["name"]
    assert second.stop == first.stop


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("variant", ["mbgd", "sgd", "bgd"])
def test_the_config_of_one_of_several_seeds_repeats_it_alone(tmp_path, variant, engine):
    config = {"dataset": "diabetes", "model": "linear", "variant": variant, "engine": engine}
    first = load(config | {"stopping": {"epochs": 3}})
    seeds = [first.with_seed(seed) for seed in range(3)]
    for run in Session(seeds, out=tmp_path).run():
        alone = gdrun.train(run.directory / "config.yaml")
        # The runs share one matrix product over all rows, which adds in another order: in every
        # evaluation, and with full batches in NumPy also in every step.
        tolerance = 1e-12 if variant == "bgd" and engine == "numpy" else 0
        np.testing.assert_allclose(alone.weights["w"], run.weights["w"], rtol=tolerance)
        np.testing.assert_allclose(alone.evals["train_loss"], run.evals["train_loss"], rtol=1e-12)


def test_a_file_is_found_again_from_elsewhere(tmp_path, monkeypatch):
    rows = "".join(f"{k},{k % 7},{2 * k}\n" for k in range(50))
    (tmp_path / "points.csv").write_text("a,b,y\n" + rows)
    monkeypatch.chdir(tmp_path)
    config = {"dataset": {"path": "points.csv", "target": "y"}, "model": "linear", "variant": "bgd"}
    first = gdrun.train(config, out="runs")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    second = gdrun.train(tmp_path / first.directory / "config.yaml", out="runs")
    monkeypatch.chdir(tmp_path)
    assert second.record["data"]["sha256"] == first.record["data"]["sha256"]
    assert np.array_equal(first.weights["w"], second.weights["w"])
