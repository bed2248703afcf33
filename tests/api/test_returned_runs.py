"""gdrun.train: every way to name an experiment, and the contents of the returned run."""

import html
import re

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load

CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 4}}
TEXT = "dataset: iris\nmodel: softmax\nstopping: {epochs: 4}\n"


def test_a_path_a_dict_and_an_experiment_are_one(tmp_path):
    file = tmp_path / "flowers.yaml"
    file.write_text(TEXT)
    runs = [gdrun.train(config) for config in (CONFIG, file, str(file), load(CONFIG))]
    for run in runs[1:]:
        assert run.config == runs[0].config
        assert np.array_equal(run.weights["w"], runs[0].weights["w"])


def test_nothing_is_the_quickstart():
    run = gdrun.train()
    assert run.config == load().plain() | {"engine": run.record["engine"]}


def test_overrides_come_in_order():
    run = gdrun.train(CONFIG, "optimizer=adam", "lr=0.2", "lr=0.3", "epochs=2", "seed=5")
    assert run.config["optimizer"]["name"] == "adam"
    assert run.config["optimizer"]["lr"] == 0.3
    assert (run.stop["epoch"], run.record["seed"]) == (2.0, 5)


def test_numpy_numbers_are_numbers():
    config = CONFIG | {"optimizer": {"name": "vanilla", "lr": np.float64(0.25)}}
    assert gdrun.train(config, "epochs=1").config["optimizer"]["lr"] == 0.25


def test_what_a_run_holds():
    run = gdrun.train(CONFIG)
    # 120 training rows in batches of 64: two steps an epoch, eight in all.
    assert run.status == "exhausted"
    assert run.steps["step"].tolist() == list(range(1, 9))
    assert run.steps["gradients"].tolist() == [64, 120, 184, 240, 304, 360, 424, 480]
    for name in ("lr", "batch_loss", "grad_norm", "update_norm", "weight_norm"):
        assert run.steps[name].shape == (8,)
        assert run.steps[name].dtype == np.float64
    assert run.evals["step"].tolist() == [0, 2, 4, 6, 8]
    assert run.evals["train_loss"][0] == pytest.approx(np.log(3), rel=1e-12)
    assert run.weights["w"].shape == (4, 3)
    assert run.weights["b"].shape == (3,)
    assert run.summary["train_loss"] == run.evals["train_loss"][-1]
    assert run.stop["message"] == "all 4 epochs done (8 steps)"
    assert (run.divergence, run.directory) == (None, None)
    assert repr(run) == f"<Run {run.id}: finished: {run.stop['message']}>"


def test_the_callers_config_is_left_alone():
    config = {"dataset": {"name": "iris"}, "model": "softmax", "stopping": {"epochs": 1}}
    before = repr(config)
    gdrun.train(config, "split.test=0", "lr=0.5")
    gdrun.train(config, data=(np.eye(90)[:, :2], np.arange(90) % 2), out=None)
    assert repr(config) == before


def test_a_diverged_run_is_returned():
    run = gdrun.train({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "lr=100")
    assert run.status == "diverged"
    assert run.divergence["step"] == run.stop["step"]


def test_mistakes_are_errors_of_one_family():
    with pytest.raises(gdrun.ConfigError, match="did you mean softmax"):
        gdrun.train(CONFIG | {"model": "sofmax"})
    with pytest.raises(gdrun.ConfigError, match="unknown key 'lrr'"):
        gdrun.train(CONFIG, "lrr=1")
    with pytest.raises(gdrun.GdrunError, match="there is no such file"):
        gdrun.train("nowhere.yaml")


def test_what_is_written_can_be_read(tmp_path):
    run = gdrun.train(CONFIG, out=str(tmp_path / "runs"))
    assert run.directory.parent == tmp_path / "runs"
    again = gdrun.read_run(str(run.directory))
    assert again.summary == run.summary


def test_a_notebook_shows_a_table(tmp_path):
    run = gdrun.train(CONFIG | {"name": "<b>"}, out=tmp_path)
    for shown in (run._repr_html_(), gdrun.read_run(run.directory)._repr_html_()):
        assert shown.startswith("<pre>") and shown.endswith("</svg>")
        text = html.unescape(re.sub(r"<[^>]*>", "", shown))
        rows = [line.split() for line in text.splitlines()]
        assert rows[0][:4] == ["epoch", "step", "train", "loss"]
        for epoch, loss in enumerate(run.evals["train_loss"]):
            assert rows[1 + epoch][:3] == [str(epoch), str(2 * epoch), f"{loss:.4g}"]
        assert run.verdict in text


def test_names_that_the_package_offers():
    assert {"train", "read_run", "Run", "GdrunError"} <= set(dir(gdrun))
    assert isinstance(gdrun.train(CONFIG, "epochs=1"), gdrun.Run)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        gdrun.trian  # noqa: B018


def test_a_wrong_name_of_a_column_leads_to_the_right_one():
    run = gdrun.train(CONFIG)
    with pytest.raises(KeyError, match="'val_loss': did you mean validation_loss"):
        run.evals["val_loss"]
    with pytest.raises(KeyError, match="'grad_nrom': did you mean grad_norm"):
        run.steps["grad_nrom"]
    assert "val_loss" not in run.evals
    assert run.evals.get("val_loss") is None
