"""The data that a trained model takes: files, arrays, columns and frames, and what it refuses."""

import csv
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
from house_models import MISSING, train
from houses import CITIES, rows, write
from numpy.testing import assert_array_equal

import gdrun
from gdrun.errors import DataError


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


@pytest.mark.parametrize(
    ("dtype", "hint"),
    [("float32", "correct them, or train with dtype: float64"), ("float64", "correct them")],
)
def test_a_value_outside_the_range_of_the_dtype(dtype, hint):
    generator = np.random.default_rng(0)
    data = (generator.normal(size=(90, 2)), generator.normal(size=90))
    data[0][:, 1] /= 100
    run = gdrun.train({"model": "linear", "dtype": dtype}, "epochs=1", data=data)
    with pytest.raises(gdrun.DataError) as caught:
        run.model.predict([[0, 1e308]])
    what = f"x1: there are values outside the range of {dtype}"
    assert str(caught.value) == f"error: {what}\nhint: {hint}"


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
