"""Trained models against NumPy by hand: the arrays of weights.npz, and loops over the cells."""

import csv
import json
import os
import pickle
import random
import subprocess
import sys
from collections import OrderedDict
from functools import partial

import numpy as np
import pandas as pd
import pytest
from houses import CITIES, rows, table, write
from numpy.testing import assert_allclose, assert_array_equal

import gdrun
from gdrun.errors import DataError, RecordError

MISSING = {"", "NA", "?"}
BATCH_NORM = {"name": "mlp", "hidden": [5, 4], "batch_norm": True, "residual": True}
MODELS = {
    "linear": ("price", "linear"),
    "without bias": ("price", {"name": "linear", "bias": False, "loss": "huber"}),
    "logistic": ("dear", "logistic"),
    "softmax": ("size", "softmax"),
    "svm": ("size", "svm"),
    "mlp": ("size", {"name": "mlp", "hidden": [6], "activation": "tanh"}),
    "mlp for numbers": ("price", {"name": "mlp", "hidden": [6], "activation": "tanh"}),
    "batch_norm": ("size", BATCH_NORM),
}
every_model = pytest.mark.parametrize("kind", MODELS)


def train(tmp_path, kind, *words, file=None, **sections):
    target, model = MODELS[kind]
    config = {
        "dataset": {
            "path": str(file or table(tmp_path / "houses.csv", target)),
            "missing": "mean",
            "split": {"validation": 0, "test": 0},
        },
        "model": model,
        "optimizer": {"name": "adam", "lr": 0.05},
        "stopping": {"epochs": 6},
        **sections,
    }
    return gdrun.train(config, *words, out=tmp_path / "runs")


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


@every_model
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_evaluation_on_the_training_file_is_that_of_the_run(tmp_path, kind, dtype):
    run = train(tmp_path, kind, f"dtype={dtype}")
    found = gdrun.load_model(run).evaluate(tmp_path / "houses.csv")
    close = {"rel": 1e-11 if dtype == "float64" else 1e-5}
    assert found.rows == 120
    assert found.metrics["loss"] == pytest.approx(run.summary["train_loss"], **close)
    assert found.metrics.get("accuracy") == run.summary["train_accuracy"]


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


def test_arrays_and_columns_give_what_a_file_gives(tmp_path):
    run = train(tmp_path, "softmax")
    model = run.model
    lines = [row[:4] for row in rows(30, seed=5)]
    new = write(tmp_path / "new.csv", ["city", "area", "rooms", "garden"], lines)
    expected = model.predict_proba(new)
    city, area, rooms, garden = zip(*lines, strict=True)
    area = [None if cell in MISSING else float(cell) for cell in area]
    rooms = np.array([np.nan if cell in MISSING else float(cell) for cell in rooms])
    columns = OrderedDict(rooms=rooms, id=range(30), garden=garden, area=area, city=city)
    assert_array_equal(model.predict_proba(columns), expected)
    assert model.predictions(columns).notes[0] == (
        "ignored 1 column that the model does not use: id"
    )
    hot = np.array(
        [
            [*([np.nan] * 3 if c in MISSING else [c == label for label in CITIES]), a, r,
             g == "yes"]
            for c, a, r, g in zip(city, area, rooms, garden, strict=True)
        ],
        dtype=float,
    )  # fmt: skip
    assert_array_equal(model.predict_proba(hot), expected)


class Frame:
    """The parts of a pandas frame that a model uses: names, and columns by name."""

    def __init__(self, columns):
        self.columns = [*columns]
        self._columns = columns

    def __getitem__(self, name):
        return self._columns[name]


def test_a_frame(tmp_path):
    run = train(tmp_path, "logistic")
    with (tmp_path / "houses.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    # As pandas reads them: objects with nan for text, float64 for numbers.
    cells = {name: [line[name] for line in lines] for name in lines[0]}
    text = {name: [np.nan if c in MISSING else c for c in each] for name, each in cells.items()}
    numbers = {name: np.array(text[name], dtype=float) for name in ("area", "rooms")}
    frame = Frame({name: np.array(each, dtype=object) for name, each in text.items()} | numbers)
    expected = run.model.predict_proba(tmp_path / "houses.csv")
    assert_array_equal(run.model.predict_proba(frame), expected)


def test_whole_numbers_as_classes_are_predicted_as_numbers():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(90, 2))
    y = np.where(X[:, 0] > 0.5, 7, np.where(X[:, 0] < -0.5, -2, 3))
    run = gdrun.train({"model": "softmax"}, "epochs=60", "lr=0.5", data=(X, y))
    found = run.model.predict(X)
    assert found.dtype.kind == "i"
    assert run.model.classes.tolist() == [-2, 3, 7]
    assert np.mean(found == y) > 0.9


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


def test_a_run_on_a_mapped_matrix(tmp_path):
    generator = np.random.default_rng(0)
    X = generator.normal(50, 9, size=(200, 3)).astype(np.float32)
    data = np.column_stack([X, X @ [1, -2, 3] + generator.normal(size=200)])
    np.save(tmp_path / "data.npy", data)
    np.save(tmp_path / "new.npy", data[:, :3])
    dataset = {"path": str(tmp_path / "data.npy"), "split": {"validation": 0, "test": 0}}
    run = gdrun.train({"dataset": dataset, "model": "linear"}, "lr=0.1", out=tmp_path / "runs")
    model = gdrun.load_model(run.directory)
    found = model.evaluate(tmp_path / "data.npy")
    assert found.metrics["loss"] == pytest.approx(run.summary["train_loss"], rel=1e-11)
    predicted = model.predict(tmp_path / "new.npy")
    assert_array_equal(predicted, model.predict(tmp_path / "data.npy"))
    assert np.mean((predicted - data[:, 3]) ** 2) == pytest.approx(found.metrics["loss"])


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


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3)), r"X must have the shape \(rows, 4\), got \(2, 3\)"),
        (np.zeros(4), r"for a single row write X.reshape\(1, -1\)"),
        (np.full((1, 4), np.inf), r"row 0 sepal length \(cm\): the value is infinite"),
        ([[1, 2, np.nan, 4]], r"row 0 petal length \(cm\): the value is missing"),
        ([["a", "b", "c", "d"]], "X must hold real numbers"),
        (np.zeros((0, 4)), "X: there are no rows"),
        ({"sepal length (cm)": [1]}, "X: lacks 3 columns that the model needs: sepal width"),
        ("nothing", "there is no file and no dataset 'nothing'"),
        ("nothing.csv", "nothing.csv: no such file"),
    ],
)
def test_data_that_cannot_be_used(X, message):
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=1")
    with pytest.raises(gdrun.DataError, match=message):
        run.model.predict(X)


def test_columns_of_different_lengths():
    run = gdrun.train({"model": "linear"}, "epochs=1", data=(np.eye(90)[:, :2], np.arange(90.0)))
    with pytest.raises(gdrun.DataError, match="differ in length: x0 1, x1 2"):
        run.model.predict({"x0": [1], "x1": [1, 2]})
    with pytest.raises(gdrun.DataError, match="there are no rows"):
        run.model.predict({"x0": [], "x1": []})


def test_a_value_outside_the_range_of_float32():
    generator = np.random.default_rng(0)
    data = (generator.normal(size=(90, 2)), generator.normal(size=90))
    run = gdrun.train({"model": "linear", "dtype": "float32"}, "epochs=1", data=data)
    with pytest.raises(gdrun.DataError, match="x1: values outside the range of float32"):
        run.model.predict([[0, 1e300]])


def test_a_frame_with_the_target_is_evaluated_as_its_file(tmp_path):
    draw = np.random.default_rng(0)
    size, town = draw.normal(80, 20, 60).round(1), draw.choice(["north", "south"], 60)
    band = np.where(size + 10 * (town == "south") > 85, "high", "low")
    frame = pd.DataFrame({"band": band, "town": town, "size": size})
    file = tmp_path / "houses.csv"
    frame.to_csv(file, index=False)
    run = gdrun.train(file, "target=band", "epochs=3", "engine=numpy")
    of_file = run.model.evaluate(file)
    for columns in (frame, frame.to_dict("list")):
        found = run.model.evaluate(columns)
        assert (found.rows, found.metrics) == (of_file.rows, of_file.metrics)
        np.testing.assert_array_equal(found.confusion, of_file.confusion)
    with pytest.raises(DataError, match="band"):
        run.model.evaluate(frame.drop(columns="band"))
    with pytest.raises(DataError, match="features of the type ndarray have no targets"):
        run.model.evaluate(np.zeros((3, 2)))


def test_a_model_is_found_by_the_words_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordError, match="there is no such directory"):
        gdrun.load_model("last")
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2", out="runs")
    for word in ("last", run.id, run.id[-4:]):
        assert gdrun.load_model(word).predict("iris").tolist() == run.model.predict("iris").tolist()
    with pytest.raises(RecordError, match="no run is called 'first'"):
        gdrun.load_model("first")
