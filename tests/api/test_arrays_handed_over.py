"""Arrays from Python replace the dataset of a config, and are prepared as the config says."""

import numpy as np
import pytest

import gdrun
from gdrun.data.splitting import split_rows

RNG = np.random.default_rng(7)
X = RNG.normal(3.0, 5.0, size=(100, 3))
Y = (X @ [1.0, -2.0, 0.5] > 4.0).astype(int)
BRIEF = {"variant": "bgd", "stopping": {"epochs": 2}}


@pytest.mark.longer
def test_a_config_need_not_name_a_dataset():
    run = gdrun.train({"model": "logistic", "variant": "sgd"}, data=(X, Y))
    # 100 rows less 10 for validation and 10 for test: 80 steps in each of 100 epochs.
    assert run.record["data"]["parts"] == {"train": 80, "validation": 10, "test": 10}
    assert run.stop["step"] == 8000
    assert run.weights["w"].shape == (3,)
    assert run.config["dataset"]["name"] == "arrays"


def test_arrays_take_the_place_of_a_dataset_and_of_a_file():
    for dataset in ("iris", {"name": "blobs", "n": 500}, {"path": "nowhere.csv", "target": "y"}):
        run = gdrun.train(BRIEF | {"dataset": dataset, "model": "logistic"}, data=(X, Y))
        assert run.record["data"]["rows"] == 100


def test_split_and_standardize_keep_their_meaning():
    dataset = {"name": "iris", "split": {"validation": 10, "test": 0}, "standardize": False}
    config = BRIEF | {"dataset": dataset, "model": "linear"}
    run = gdrun.train(config, "lr=0.001", data=(X, X[:, 0]))
    assert run.record["data"]["parts"] == {"train": 90, "validation": 10, "test": 0}
    # At zero weights the squared error of the raw targets.
    rows = split_rows(np.zeros(100, dtype=int), validation=10, test=0, seed=0)
    targets = X[rows.train, 0]
    assert run.evals["train_loss"][0] == pytest.approx((targets @ targets) / 90, rel=1e-12)


def test_overrides_reach_the_arrays_split():
    run = gdrun.train(BRIEF | {"model": "logistic"}, "split.test=0", "seed=3", data=(X, Y))
    assert run.record["data"]["parts"]["test"] == 0
    assert run.record["seed"] == 3


def test_without_a_config_the_quickstart_takes_the_arrays():
    run = gdrun.train(None, "epochs=3", data=(X, Y))
    assert run.weights["w"].shape == (3, 2)


def test_text_targets_become_classes():
    run = gdrun.train(BRIEF | {"model": "softmax"}, data=(X, np.where(Y, "yes", "no")))
    assert run.record["data"]["classes"] == ["no", "yes"]


def test_such_a_run_cannot_be_trained_again_from_its_config_alone(tmp_path):
    run = gdrun.train(BRIEF | {"model": "logistic"}, data=(X, Y), out=tmp_path)
    config = run.directory / "config.yaml"
    with pytest.raises(gdrun.DataError) as caught:
        gdrun.train(config)
    assert str(caught.value) == (
        "error: dataset.name: the data of this experiment are Python arrays, "
        "which a config does not contain\n"
        "hint: call gdrun.train(config, data=(X, y)), or name a dataset or a file"
    )
    again = gdrun.train(config, data=(X, Y))
    assert np.array_equal(again.weights["w"], run.weights["w"])


def test_what_is_wrong_with_the_arrays_comes_before_any_training():
    with pytest.raises(gdrun.DataError, match="X has 100 rows, but y has 99 targets"):
        gdrun.train({"model": "logistic"}, data=(X, Y[:-1]))
    with pytest.raises(gdrun.DataError, match="batch_size is 81, but there are 80"):
        gdrun.train(
            {"model": "logistic", "variant": {"name": "mbgd", "batch_size": 81}}, data=(X, Y)
        )
    with pytest.raises(gdrun.ConfigError, match="a surface replaces dataset and model"):
        gdrun.train({"surface": "bowl"}, data=(X, Y))
