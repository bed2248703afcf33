"""Validation and test parts in files of their own: read and prepared as the training rows."""

import gzip
import random

import numpy as np
import pandas as pd
import pytest
from parts import BASE, TOWNS, data_of, failure

import gdrun
from gdrun.errors import RecordError
from gdrun.problems.rows import MappedRows


def features(rows, train):
    """The features as pandas makes them, standardised with the training rows."""

    def encoded(each):
        dummies = pd.get_dummies(each["town"]).reindex(columns=TOWNS, fill_value=False)
        return dummies.astype(float).assign(size=each["size"])

    base = encoded(train)
    return ((encoded(rows) - base.mean()) / base.std(ddof=0)).to_numpy()


def test_both_parts_are_prepared_with_the_statistics_of_the_whole_training_file(files):
    data = data_of("validation=later.csv", "test=last.csv")
    assert data.rows == {"train": 60, "validation": 13, "test": 9}
    for name, part in (("train", "train"), ("later", "validation"), ("last", "test")):
        found = getattr(data, part)
        expected = features(files[name], files["train"])
        np.testing.assert_allclose(found.X, expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(found.y, files[name]["price"])


@pytest.mark.longer
@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.feather", "a.tsv", "a.csv.gz"])
def test_a_part_may_have_another_format_than_the_training_data(files, name):
    write = {
        "a.parquet": lambda rows: rows.to_parquet("a.parquet"),
        "a.jsonl": lambda rows: rows.to_json("a.jsonl", orient="records", lines=True),
        "a.feather": lambda rows: rows.to_feather("a.feather"),
        "a.tsv": lambda rows: rows.to_csv("a.tsv", sep="\t", index=False),
        "a.csv.gz": lambda rows: rows.to_csv("a.csv.gz", index=False),
    }
    write[name](files["later"])
    found, expected = data_of(f"validation={name}"), data_of("validation=later.csv")
    np.testing.assert_array_equal(found.validation.X, expected.validation.X)
    np.testing.assert_array_equal(found.validation.y, expected.validation.y)


def test_the_split_takes_only_the_part_without_a_file(files):
    data = data_of("validation=later.csv", "split.test=0.25", "split.validation=0.8")
    assert data.rows == {"train": 45, "validation": 13, "test": 15}
    data = data_of("test=last.csv", "split.validation=20")
    assert data.rows == {"train": 40, "validation": 20, "test": 9}


def test_files_go_with_a_split_by_time_and_by_group(files):
    for name in ("train", "last"):
        shift = 0 if name == "train" else 1000
        days = files[name].assign(day=np.arange(len(files[name]))[::-1] * 2 + shift)
        days.to_csv(f"{name}.csv", index=False)
    data = data_of("test=last.csv", "split.time=day", "split.validation=6", "standardize=false")
    day = data.feature_names.index("day")
    # The days of the 60 training rows are 0, 2, …, 118.
    assert sorted(data.validation.X[:, day]) == [108, 110, 112, 114, 116, 118]
    assert data.test.X[:, day].min() == 1000
    by_town = data_of("test=last.csv", "split.group=town", "split.validation=20", "ignore=day")
    assert by_town.rows == {"train": 40, "validation": 20, "test": 9}
    assert by_town.feature_names == ("size",)


def test_the_run_measures_a_part_as_a_fresh_model_does(files):
    run = gdrun.train(
        BASE, "validation=later.csv", "standardize.target=true", "variant=bgd", "epochs=4"
    )
    fresh = run.model.evaluate("later.csv").metrics
    measured = run.summary["metrics"]["validation"]
    assert set(measured) <= set(fresh)
    for name, value in measured.items():
        assert fresh[name] == pytest.approx(value, rel=1e-12)


def test_the_columns_that_are_no_features_are_no_news(files):
    for name in ("train", "later"):
        numbered = files[name].assign(id=np.arange(len(files[name])) * 7, source=name)
        numbered.to_csv(f"{name}.csv", index=False)
    notes = data_of("validation=later.csv", "ignore=source").notes
    assert not any(note.startswith("later.csv") for note in notes)
    files["later"].assign(pool=1).to_csv("later.csv", index=False)
    files["train"].to_csv("train.csv", index=False)
    notes = data_of("validation=later.csv").notes
    assert "later.csv: ignored 1 column that the model does not use: pool" in notes


def test_text_files_are_read_with_the_options_of_the_training_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{row},5;{row % 5},25;{row}\n" for row in range(20))
    (tmp_path / "train.csv").write_text(rows)
    (tmp_path / "test.csv").write_text("7,5;8,25;3\n")
    base = {"dataset": {"path": "train.csv", "decimal": ",", "header": False}, "model": "linear"}
    data = data_of("test=test.csv", "standardize=false", "keep=[0]", base=base)
    assert (data.test.X.tolist(), data.test.y.tolist()) == ([[7.5, 8.25]], [3])


CELLS = {
    "number": lambda draw: f"{draw.gauss(0, 1):.3f}",
    "percent": lambda draw: f"{100 * draw.random():.1f}%",
    "price": lambda draw: f'"${draw.randint(100, 99_999):,}"',
    "loss": lambda draw: draw.choice(["(1.5)", "2.25", "(3.5)", "\u22124.5"]),
    "truth": lambda draw: draw.choice(["yes", "no"]),
    "colour": lambda draw: draw.choice(["red", " green ", "deep blue"]),
    "day": lambda draw: f"{draw.randint(1, 28):02}.{draw.randint(1, 12):02}.2023",
    "moment": lambda draw: f"{draw.randint(1, 28)} Feb 2024 {draw.randint(1, 11)}:30 PM",
    "word": lambda draw: f"word {draw.randint(0, 400)}",
    "constant": lambda draw: "7",
}
"""For each kind of column a function that draws a cell."""


@pytest.mark.longer
@pytest.mark.parametrize("missing", ["mean", "median", "most_frequent", "indicator", "drop"])
@pytest.mark.parametrize("seed", range(3))
def test_the_training_file_as_a_part_gives_the_training_rows(tmp_path, monkeypatch, missing, seed):
    monkeypatch.chdir(tmp_path)
    draw = random.Random(f"{missing}{seed}")
    kinds = [*draw.sample(sorted(CELLS), 5), "number"]
    rows = [
        ",".join("" if draw.random() < 0.1 else CELLS[kind](draw) for kind in kinds)
        for _ in range(60)
    ]
    names = ",".join(f"{kind}_{column}" for column, kind in enumerate(kinds))
    (tmp_path / "made.csv").write_text("\n".join([names, *rows]), encoding="utf-8")
    dataset = {"path": "made.csv", "missing": missing, "hash": 16, "validation": "made.csv"}
    data = data_of("split.test=0", base={"dataset": dataset, "model": "linear"})
    np.testing.assert_array_equal(data.validation.X, data.train.X)
    np.testing.assert_array_equal(data.validation.y, data.train.y)
    assert data.repeated.validation == data.rows["validation"] == data.rows["train"]


@pytest.mark.parametrize("pair", [True, False])
def test_npy_files_with_mapped_training_rows(tmp_path, monkeypatch, pair):
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(3)
    made = {name: draw.normal(size=(rows, 4)) for name, rows in (("train", 40), ("test", 10))}
    for name, matrix in made.items():
        np.save(f"{name}.npy", matrix[:, :3] if pair else matrix)
        np.save(f"{name}_y.npy", matrix[:, 3])
    dataset = {"path": "train.npy", "test": "test.npy"}
    if pair:
        part = {"path": "test.npy", "targets": "test_y.npy"}
        dataset = {"path": "train.npy", "targets": "train_y.npy", "test": part}
    base = {"dataset": dataset, "model": "linear"}
    run = gdrun.train(base, "split.validation=0", "epochs=3", "batch_size=8", "engine=numpy")
    train, test = made["train"][:, :3], made["test"][:, :3]
    X = (test - train.mean(axis=0)) / train.std(axis=0)
    error = X @ run.weights["w"] + run.weights["b"] - made["test"][:, 3]
    assert run.summary["test_loss"] == pytest.approx(np.mean(error**2), rel=1e-12)


def test_an_npy_part_stays_on_disk_if_the_training_rows_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(3)
    np.save("train.npy", draw.normal(size=(40, 4)))
    test = draw.normal(size=(10, 4))
    np.save("test.npy", test)
    base = {"dataset": {"path": "train.npy", "test": "test.npy"}, "model": "linear"}
    data = data_of(base=base)
    assert isinstance(data.test.X, MappedRows)
    assert isinstance(data.test.X.source, np.memmap)
    np.testing.assert_array_equal(data.test.y, test[:, 3])
    # A part of another format is in memory, with the same values.
    lines = "\n".join(",".join(map(repr, row)) for row in test.tolist())
    (tmp_path / "test.csv").write_text(f"x0,x1,x2,column 3\n{lines}\n")
    other = data_of("test=test.csv", base=base)
    np.testing.assert_array_equal(other.test.X, data.test.X.take(np.arange(10)))
    assert other.repeated == data.repeated
    test[3, 1] = np.inf
    np.save("test.npy", test)
    assert failure(base=base).startswith("error: test.npy row 3 x1: the value is infinite")


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def test_two_pairs_of_idx_files_as_mnist_has_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(4)
    for name, rows in (("train", 30), ("t10k", 12)):
        images, labels = draw.integers(0, 256, (rows, 3, 2)), np.arange(rows) % 3
        with gzip.open(f"{name}-images-idx3-ubyte.gz", "wb") as file:
            file.write(idx(images))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    test = {"path": "t10k-images-idx3-ubyte.gz", "targets": "t10k-labels-idx1-ubyte"}
    train = {"path": "train-images-idx3-ubyte.gz", "targets": "train-labels-idx1-ubyte"}
    base = {"dataset": {**train, "test": test, "standardize": False}, "model": "softmax"}
    data = data_of("split.validation=0", base=base)
    assert data.rows == {"train": 30, "validation": 0, "test": 12}
    assert data.test.y.tolist() == [row % 3 for row in range(12)]
    np.testing.assert_array_equal(data.test.X, images.reshape(12, 6))


@pytest.mark.longer
def test_a_changed_part_is_noticed_when_a_run_continues(files, tmp_path):
    run = gdrun.train(
        BASE, "validation=later.csv", "test=last.csv", "variant=bgd", "epochs=2", out=tmp_path
    )
    data = run.record["data"]
    assert {part: file["path"] for part, file in data["files"].items()} == {
        "validation": "later.csv",
        "test": "last.csv",
    }
    assert run.config["dataset"]["validation"] == str(tmp_path / "later.csv")
    assert run.config["dataset"]["split"] == {"validation": 0, "test": 0}
    again = gdrun.train(run.directory / "config.yaml")
    assert again.record["data"]["sha256"] == data["sha256"]
    assert again.summary["validation_loss"] == run.summary["validation_loss"]
    more = gdrun.train(resume=run.directory, extend="epochs=3")
    assert more.summary["epochs"] == 3
    files["later"].iloc[:-1].to_csv("later.csv", index=False)
    changed = gdrun.train(run.directory / "config.yaml").record["data"]
    assert changed["sha256"] != data["sha256"]
    assert changed["files"]["test"]["sha256"] == data["files"]["test"]["sha256"]
    with pytest.raises(RecordError, match="the data: sha256 was"):
        gdrun.train(resume=run.directory, extend="epochs=4")
