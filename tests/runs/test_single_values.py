"""Features with a single value in the training rows: no value of them changes a prediction."""

import numpy as np
import pandas as pd
import pytest
from house_models import MODELS, train
from houses import NAMES, rows, write
from numpy.testing import assert_array_equal

import gdrun

every_model = pytest.mark.parametrize("kind", MODELS)
SAID = "rows with another value than the single one in training, which has no effect: "
NUMBERS = {
    "linear": {"model": "linear"},
    "mlp": {"model": {"name": "mlp", "hidden": [6]}, "dataset": {"task": "regression"}},
}


def houses(path, target, *, year=2025, source="sap", sold=""):
    """The table of houses with a year, a source and a date, which are alike in all rows."""
    at = 4 + ["price", "dear", "size"].index(target)
    more = [year, source, sold or f"{year}-06-07 08:00"]
    lines = [[*row[:4], *more, row[at]] for row in rows()]
    return write(path, [*NAMES, "year", "source", "sold", target], lines)


@every_model
def test_other_values_change_no_prediction(tmp_path, kind):
    target = MODELS[kind][0]
    same = houses(tmp_path / "same.csv", target)
    other = houses(tmp_path / "other.csv", target, year=2026, source="crm", sold="2030-09-01 17:30")
    run = train(tmp_path, kind, "dataset.categories=[source]", file=same)
    # The year and 5 parts of the date, and the 0/1 column of the only source.
    (note,) = [each for each in run.record["data"]["notes"] if "a single value" in each]
    assert note.startswith("7 features have a single value in the training rows, so other values ")
    model = gdrun.load_model(run.directory)
    assert_array_equal(model.scores(other, unseen="ignore"), run.model.scores(same))
    frame = pd.read_csv(other, keep_default_na=False)
    assert_array_equal(model.scores(frame, unseen="ignore"), run.model.scores(same))
    found = model.predictions(other, unseen="ignore")
    changed = "year (120), source=sap (120), sold.year (120), sold.month (120), sold.weekday (120)"
    assert found.notes[-1] == f"{SAID}{changed}, sold.hour (120), sold.days (120)"
    assert model.evaluate(other, unseen="ignore").notes[-1] == found.notes[-1]
    assert not any(SAID in note for note in model.predictions(same).notes)


@every_model
def test_the_arrays_of_the_file_alone_give_0(tmp_path, kind):
    file = houses(tmp_path / "same.csv", MODELS[kind][0])
    run = train(tmp_path, kind, file=file)
    with np.load(run.directory / "weights.npz") as arrays:
        names = arrays["feature_names"].tolist()
        mean, scale = arrays["standardize.mean"], arrays["standardize.scale"]
    at = names.index("year")
    assert (2026 - mean[at]) / scale[at] == 0
    assert np.isfinite(scale[names.index("area")])


@pytest.mark.parametrize("kind", NUMBERS)
def test_arrays_and_files_of_arrays(tmp_path, kind):
    draw = np.random.default_rng(0)
    X = draw.normal(size=(80, 3))
    X[:, 1] = 0.1
    y = X[:, 0] - 2 * X[:, 2]
    other = X.copy()
    other[:30, 1] = 7.0
    for name, matrix in {"X": X, "other": other}.items():
        np.save(tmp_path / f"{name}.npy", matrix)
    np.save(tmp_path / "y.npy", y)
    paths = {"path": str(tmp_path / "X.npy"), "targets": str(tmp_path / "y.npy")}
    part = {"path": str(tmp_path / "other.npy"), "targets": paths["targets"]}
    config = {**NUMBERS[kind], "variant": "bgd", "stopping": {"epochs": 3}}
    dataset = {"split": {"validation": 0, "test": 0}, **config.pop("dataset", {})}
    run = gdrun.train(config | {"dataset": {**paths, **dataset, "test": part}})
    # The rows of the test part are those of training but for the constant feature.
    assert run.summary["test_loss"] == pytest.approx(run.summary["train_loss"], rel=1e-12)
    assert f"{tmp_path / 'other.npy'}: {SAID}x1 (30)" in run.record["data"]["notes"]
    for new in (other, tmp_path / "other.npy"):
        found = run.model.predictions(new)
        assert_array_equal(found.labels, run.model.predict(X))
        assert found.notes == (f"{SAID}x1 (30)",)


def test_a_label_without_training_rows_has_no_effect(tmp_path):
    """Its 0/1 column is 0 in all training rows: its weights are the random initial ones."""
    names, lines = ["colour", "x", "when", "y"], []
    for row in range(60):
        colour = "blue" if row >= 50 else ["red", "green"][row % 2]
        lines.append([colour, row % 7, row, (row % 7) * 2.5])
    file = write(tmp_path / "made.csv", names, lines)
    dataset = {"path": str(file), "ignore": "when", "split": {"time": "when", "test": 10}}
    dataset["split"]["validation"] = 0
    config = {"dataset": dataset, "model": {"name": "mlp", "hidden": [6]}}
    run = gdrun.train(config, "epochs=2")
    new = {"colour": ["blue", "violet"], "x": [3, 3]}
    blue, violet = run.model.predict(new, unseen="ignore")
    assert blue == violet


def test_a_model_of_an_earlier_version_predicts_as_before(tmp_path):
    """It has the scale 1 for such a feature, so that a year adds one weight."""
    run = train(tmp_path, "mlp for numbers", file=houses(tmp_path / "same.csv", "price"))
    file = run.directory / "weights.npz"
    with np.load(file) as arrays:
        old = dict(arrays)
    at = old["feature_names"].tolist().index("year")
    scale = old["standardize.scale"]
    old["standardize.scale"] = np.where(np.isinf(scale), 1.0, scale)
    np.savez(file, **old)
    model = gdrun.load_model(file)
    same = pd.read_csv(tmp_path / "same.csv", keep_default_na=False)
    assert_array_equal(model.predict(same), run.model.predict(same))
    before = model.predict(same.assign(year=2026))
    moved = {name: value.copy() for name, value in model.weights.items()}
    moved["layer1.b"] = moved["layer1.b"] + moved["layer1.w"][at]
    expected = type(model)(model.description, moved)
    np.testing.assert_allclose(before, expected.predict(same), rtol=1e-12)


@pytest.mark.parametrize("value", ["0.1", "0.7", "1e-7"])
def test_equal_values_with_gaps_are_a_single_value(tmp_path, value):
    """The rounded mean, which fills the gaps, must not differ from the equal values."""
    lines = [["" if row % 4 == 1 else value, row % 5, row + 0.5] for row in range(43)]
    file = write(tmp_path / "made.csv", ["same", "x", "y"], lines)
    dataset = {"path": str(file), "missing": "mean", "split": {"validation": 0, "test": 0}}
    run = gdrun.train({"dataset": dataset, "model": "linear"}, "epochs=1")
    (note,) = [each for each in run.record["data"]["notes"] if "a single value" in each]
    assert note.endswith(": same")
