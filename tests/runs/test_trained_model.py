"""Trained models against NumPy by hand: the arrays of weights.npz, and how models are loaded."""

import csv
import json
import os
import pickle
import random
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from house_models import MISSING, MODELS, train
from houses import rows, table, write
from numpy.testing import assert_allclose, assert_array_equal

import gdrun
from gdrun.errors import RecordError

every_model = pytest.mark.parametrize("kind", MODELS)


def features_by_hand(arrays, file):
    """X (N, d), cell by cell, from the recipe in the file."""
    made = []
    with file.open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            line = []
            for column in json.loads(str(arrays["model"]))["columns"]:
                cell = row[column["name"]]
                if cell in MISSING:
                    line += [None] * max(len(column["labels"]), 1)
                elif column["labels"]:
                    line += [float(cell == label) for label in column["labels"]]
                elif column["form"] == "boolean":
                    line.append(float(cell == "yes"))
                else:
                    line.append(float(cell))
            for at, value in enumerate(line):
                filled = arrays["fill.mean"][at] if value is None else value
                line[at] = (filled - arrays["standardize.mean"][at]) / arrays["standardize.scale"][
                    at
                ]
            made.append(line)
    return np.array(made)


def scores_by_hand(arrays, X):
    if "layer1.w" not in arrays:
        return X @ arrays["w"] + arrays.get("b", 0.0)
    h = X
    for layer in (1, 2, 3):
        name = f"layer{layer}."
        z = h @ arrays[f"{name}w"]
        if f"{name}b" in arrays:
            z = z + arrays[f"{name}b"]
        if f"{name}running_mean" in arrays:
            spread = np.sqrt(arrays[f"{name}running_variance"] + 1e-5)
            z = (z - arrays[f"{name}running_mean"]) / spread
            z = arrays[f"{name}scale"] * z + arrays[f"{name}shift"]
        if f"layer{layer + 1}.w" not in arrays:
            return z if z.shape[1] > 1 else z[:, 0]
        residual = f"projection{layer}.w" in arrays
        h = (
            (np.maximum(z, 0) + h @ arrays[f"projection{layer}.w"])
            if residual
            else (np.maximum(z, 0) if f"{name}running_mean" in arrays else np.tanh(z))
        )
    raise AssertionError


def softmax_by_hand(scores):
    p = np.exp(scores)
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.longer
@every_model
def test_predictions_are_those_of_numpy_alone(tmp_path, kind):
    run = train(tmp_path, kind)
    new = write(
        tmp_path / "new.csv",
        ["rooms", "city", "garden", "area"],  # another order, and no target
        [[row[at] for at in (2, 0, 3, 1)] for row in rows(50, seed=9)],
    )
    with np.load(run.directory / "weights.npz", allow_pickle=False) as file:
        arrays = dict(file)
    scores = scores_by_hand(arrays, features_by_hand(arrays, new))
    model = gdrun.load_model(run.directory)
    assert_allclose(model.scores(new), scores, rtol=1e-11, atol=1e-11)
    found = model.predict(new)
    classes = arrays["classes"]
    if not len(classes):
        assert_allclose(found, scores, rtol=1e-11, atol=1e-11)
        return
    codes = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
    assert_array_equal(found, classes[codes])
    assert_array_equal(model.classes, classes)
    if kind == "svm":
        with pytest.raises(gdrun.GdrunError, match="svm with the loss hinge has no probabilities"):
            model.predict_proba(new)
        return
    if scores.ndim == 1:
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    assert_allclose(model.predict_proba(new), softmax_by_hand(scores), rtol=1e-10)


@pytest.mark.longer
@every_model
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_evaluation_on_the_training_file_is_that_of_the_run(tmp_path, kind, dtype):
    run = train(tmp_path, kind, f"dtype={dtype}")
    found = gdrun.load_model(run).evaluate(tmp_path / "houses.csv")
    close = {"rel": 1e-11 if dtype == "float64" else 1e-5}
    assert found.rows == 120
    assert found.metrics["loss"] == pytest.approx(run.summary["train_loss"], **close)
    assert found.metrics.get("accuracy") == run.summary["train_accuracy"]


@pytest.mark.longer
@pytest.mark.parametrize("average", ["polyak", "ema"])
def test_averaged_weights_are_used_with_their_own_statistics(tmp_path, average):
    run = train(tmp_path, "batch_norm", f"optimizer.average={average}")
    found = gdrun.load_model(run.directory).evaluate(tmp_path / "houses.csv")
    assert found.metrics["loss"] == pytest.approx(run.summary["train_loss"], rel=1e-11)


def test_restored_weights_are_used(tmp_path):
    stopping = {"epochs": 40, "early_stopping": {"patience": 2, "restore_best": True}}
    file = table(tmp_path / "few.csv", "size", count=60, seed=3)
    words = ("optimizer.lr=0.5", "dataset.split={validation: 0.5, test: 0}", "batch_size=8")
    run = train(tmp_path, "mlp", *words, file=file, stopping=stopping)
    assert run.summary["weights"] == "best"
    assert run.summary["best"]["epoch"] < run.summary["epochs"]
    loss = run.summary["train_loss"] * 30 + run.summary["validation_loss"] * 30
    found = gdrun.load_model(run.directory).evaluate(file)
    assert found.metrics["loss"] == pytest.approx(loss / 60, rel=1e-11)


@pytest.mark.longer
@every_model
def test_another_process_predicts_the_same(tmp_path, kind):
    run = train(tmp_path, kind)
    model = run.model
    done = subprocess.run(
        [sys.executable, "-m", "gdrun", "predict", run.directory, tmp_path / "houses.csv"],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    lines = list(csv.reader(done.stdout.splitlines()))
    expected = model.predict(tmp_path / "houses.csv")
    assert len(lines) == 121
    if model.has_probabilities:
        labels = [f"probability_{label}" for label in model.classes]
        assert lines[0] == ["prediction", *labels]
        read = np.array(lines[1:])[:, 1:].astype(float)
        assert_array_equal(read, model.predict_proba(tmp_path / "houses.csv"))
    else:
        assert lines[0] == ["prediction"]
    column = [line[0] for line in lines[1:]]
    if len(model.classes):
        assert column == expected.tolist()
    else:
        assert list(map(float, column)) == expected.tolist()


def test_a_run_without_a_directory_has_its_model():
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=3")
    assert run.directory is None
    model = run.model
    assert repr(model) == "<softmax for species: 4 features, 3 classes>"
    assert repr(pickle.loads(pickle.dumps(run)).model) == repr(model)
    assert gdrun.load_model(run).predict("iris").tolist() == model.predict("iris").tolist()
    assert model.feature_names[0] == "sepal length (cm)"
    assert model.predict_proba("iris").shape == (150, 3)


def test_a_model_that_has_predicted_survives_pickle():
    model = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2").model
    expected = model.predict_proba("iris")
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba("iris"), expected)


def test_a_run_on_a_surface_has_no_model(tmp_path):
    """A second training would end in the same error, so the hint shows the end of this run."""
    walk = gdrun.train({"surface": "bowl"}, "epochs=2", out=tmp_path / "runs")
    file = walk.directory / "weights.npz"
    loads = (lambda: walk.model, *(partial(gdrun.load_model, each) for each in (file.parent, file)))
    for load in loads:
        with pytest.raises(gdrun.RecordError, match="on a surface, so it has no model") as caught:
            load()
        assert f"hint: `gdrun show {walk.directory}`" in str(caught.value)
    alone = file.rename(tmp_path / "alone.npz")
    with pytest.raises(gdrun.RecordError, match="a run on a surface has no model"):
        gdrun.load_model(alone)
    with pytest.raises(gdrun.RecordError, match=r"`run\.weights` has the point"):
        _ = gdrun.train({"surface": "bowl"}, "epochs=2").model


def test_a_run_of_an_earlier_version_is_trained_again(tmp_path):
    run = train(tmp_path, "linear")
    file = run.directory / "weights.npz"
    with np.load(file) as arrays:
        old = {name: arrays[name] for name in arrays if name not in ("model", "fill.mean")}
    np.savez(file, **old)
    assert set(gdrun.read_run(run.directory).weights) == {"w", "b"}
    with pytest.raises(gdrun.RecordError, match="an earlier version of gdrun wrote them") as caught:
        gdrun.load_model(file)
    hint = f"hint: `gdrun train {run.directory / 'config.yaml'}` trains it again"
    assert str(caught.value).endswith(hint)


def test_a_diverged_run_predicts_nothing(tmp_path):
    run = train(tmp_path, "linear", optimizer={"name": "vanilla", "lr": 1e300})
    assert run.status == "diverged"
    for load in (lambda: gdrun.load_model(run), lambda: gdrun.load_model(run.directory)):
        with pytest.raises(gdrun.RecordError, match="its weights are not finite") as caught:
            load()
        assert f"hint: `gdrun diagnose {run.directory}` shows the cause" in str(caught.value)


def test_a_file_with_random_damage_is_an_error_of_gdrun(tmp_path):
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=1", out=tmp_path)
    whole = (run.directory / "weights.npz").read_bytes()
    expected, errors = run.model.predict("iris").tolist(), 0
    for seed in range(150):
        draw = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 2, 8])):
            at = draw.randrange(len(damaged))
            if draw.random() < 0.5:
                damaged[at] ^= 1 << draw.randrange(8)
            else:
                del damaged[at : at + draw.randrange(1, 40)]
        file = tmp_path / "damaged.npz"
        file.write_bytes(damaged)
        try:
            # Damage to a part of the archive that is not used may pass unnoticed.
            assert gdrun.load_model(file).predict("iris").tolist() == expected
        except gdrun.GdrunError:
            errors += 1
    assert errors > 100


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("running", "wait until it has ended"),
        ("interrupted", '`gdrun.train(resume="{run}")` continues it'),
        ("failed", '`gdrun.train(resume="{run}")` continues it'),
        ("exhausted", "`gdrun train {run}/config.yaml` trains it again"),
    ],
)
def test_how_to_get_the_weights_that_a_run_lacks(tmp_path, status, hint):
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=1", out=tmp_path).directory
    (run / "weights.npz").unlink()
    record = json.loads((run / "run.json").read_text()) | {"status": status}
    (run / "run.json").write_text(json.dumps(record))
    for load in (lambda: gdrun.load_model(run), lambda: gdrun.read_run(run).model):
        with pytest.raises(gdrun.RecordError, match=f"{run}: has no weights") as caught:
            load()
        assert caught.value.problems[0].hint == hint.format(run=run)


def test_places_without_a_model(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(gdrun.RecordError, match="empty: is not the directory of a run"):
        gdrun.load_model(tmp_path / "empty")
    with pytest.raises(gdrun.RecordError, match=r"nothing\.npz: there is no such file"):
        gdrun.load_model(tmp_path / "nothing.npz")


def test_a_model_is_found_by_the_words_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordError, match="there is no such directory"):
        gdrun.load_model("last")
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2", out="runs")
    for word in ("last", run.id, run.id[-4:]):
        assert gdrun.load_model(word).predict("iris").tolist() == run.model.predict("iris").tolist()
    with pytest.raises(RecordError, match="no run is called 'first'"):
        gdrun.load_model("first")
