"""Validation and test parts in files of their own: prepared as training rows, and checked."""

import gzip
import random

import numpy as np
import pandas as pd
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.data.inspection import inspect_data
from gdrun.errors import ConfigError, DataError, RecordError
from gdrun.problems.rows import MappedRows
from gdrun.runs.experiment_data import experiment_data
from gdrun.symptoms.data_rules import repeated_rows
from gdrun.symptoms.facts import Traced

TOWNS = ["north", "south", "west"]
BASE = {"dataset": {"path": "train.csv", "target": "price"}, "model": "linear"}


def frame(rows, seed):
    draw = np.random.default_rng(seed)
    town = np.array(TOWNS)[np.arange(rows) % 3]
    size = draw.normal(80, 20, rows).round(2)
    price = (3 * size + 40 * (town == "north") + draw.normal(0, 1, rows)).round(3)
    return pd.DataFrame({"town": town, "size": size, "price": price})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """train.csv, later.csv and last.csv, the last two with the columns in another order."""
    monkeypatch.chdir(tmp_path)
    found = {"train": frame(60, 0), "later": frame(13, 1), "last": frame(9, 2)}
    found["train"].to_csv("train.csv", index=False)
    for name in ("later", "last"):
        found[name][["price", "town", "size"]].to_csv(f"{name}.csv", index=False)
    return found


def data_of(*overrides, base=BASE):
    return experiment_data(load(base, list(overrides)))


def failure(*overrides, base=BASE):
    with pytest.raises(DataError) as caught:
        data_of(*overrides, base=base)
    return str(caught.value)


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


def test_rows_repeated_in_a_file_are_not_cured_by_reading_the_other_one_once(files):
    pd.concat([files["later"], files["train"].iloc[:5]]).to_csv("later.csv", index=False)
    run = gdrun.train(BASE, "validation=later.csv", "split.test=0", "variant=bgd", "epochs=2")
    found = repeated_rows(Traced(run.config, {}, data=run.record["data"]))
    assert found.evidence.startswith("the training part also has 5 of 18 validation rows (2")
    assert found.remedies == ()


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


def test_rows_of_the_training_file_are_counted(files):
    again = pd.concat([files["later"], files["train"].iloc[[3, 7, 7]]])
    again.to_csv("later.csv", index=False)
    data = data_of("validation=later.csv", "test=last.csv")
    assert (data.repeated.all, data.repeated.validation, data.repeated.test) == (0, 3, 0)
    assert "repeated rows: the training part also has 3 of 16 validation rows" in data.notes
    inspected = inspect_data({"path": "train.csv", "validation": {"path": "later.csv"}})
    assert (inspected.files["validation"].rows, inspected.files["validation"].repeated) == (16, 3)


@pytest.mark.parametrize(("model", "task"), [("softmax", "classification"), ("linear", None)])
def test_whole_numbers_are_repeated_as_classes_and_as_numbers(tmp_path, monkeypatch, model, task):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,grade\n" + "1.5,3\n2.5,5\n3.5,8\n" * 5)
    (tmp_path / "test.csv").write_text("grade,a\n8,1.5\n5,2.5\n3,7.5\n")
    base = {"dataset": {"path": "train.csv", "task": task}, "model": model}
    data = data_of("test=test.csv", "split.validation=0", base=base)
    assert data.repeated.test == 1  # 2.5 with grade 5
    assert data.test.y.tolist() == ([2, 1, 0] if task else [8, 5, 3])


def test_the_run_measures_a_part_as_a_fresh_model_does(files):
    run = gdrun.train(
        BASE, "validation=later.csv", "standardize.target=true", "variant=bgd", "epochs=4"
    )
    fresh = run.model.evaluate("later.csv").metrics
    measured = run.summary["metrics"]["validation"]
    assert set(measured) <= set(fresh)
    for name, value in measured.items():
        assert fresh[name] == pytest.approx(value, rel=1e-12)


def test_a_category_that_training_did_not_see(files):
    files["later"].replace("west", "east").to_csv("later.csv", index=False)
    files["train"].replace("west", "south").to_csv("train.csv", index=False)
    assert failure("validation=later.csv") == (
        "error: later.csv:4 town: training did not see the value 'east'\n"
        "hint: training saw north, south; dataset.validation.unseen=ignore sets all 0/1 columns of "
        "town to 0"
    )
    ignored = data_of(
        "validation=later.csv", "dataset.validation.unseen=ignore", "standardize=false"
    )
    # The rows 2, 5, 8 and 11 of 13 have the town west, which is now east.
    np.testing.assert_array_equal(ignored.validation.X[:, :2].sum(axis=1), np.arange(13) % 3 != 2)
    note = "later.csv: all 0/1 columns are 0 for values that training did not see: town (4)"
    assert note in ignored.notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price,size\n1,2\n", "part.csv: lacks the column that the model needs: town"),
        ("town,size\nnorth,2\n", "part.csv: lacks the column that the model needs: price"),
        ("town,size,price\n", "part.csv: has a header but no examples"),
        ("town,size,price\nnorth,x,1\n", "part.csv:2 size: 'x' is not a number"),
        ("town,size,price\nnorth,,1\n", "part.csv:2 size: the value is missing, and the model"),
        ("town,size,price\nnorth,1,\n", "part.csv:2 price: the target is missing"),
        ("town,size,price\nnorth,1,cheap\n", "part.csv:2 price: 'cheap' is not a number"),
        ("town,size,price\nnorth,1,inf\n", "part.csv:2 price: the value is infinite"),
    ],
)
def test_rows_that_cannot_be_used_are_named(files, tmp_path, text, said):
    (tmp_path / "part.csv").write_text(text)
    message = failure("test=part.csv")
    assert message.startswith(f"error: {said}")
    assert "\nhint: " in message
    problem = inspect_data({"path": "train.csv", "test": {"path": "part.csv"}}).problems[0]
    assert str(problem) == message


def test_a_class_that_training_did_not_see(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,kind\n" + "1.5,ant\n2.5,bee\n" * 9)
    (tmp_path / "test.csv").write_text("a,kind\n1.5,ant\n1.5,wasp\n")
    base = {"dataset": {"path": "train.csv", "test": "test.csv"}, "model": "softmax"}
    assert failure(base=base) == (
        "error: test.csv:3 kind: training did not see the class 'wasp'\nhint: choose from ant, bee"
    )


def test_missing_values_are_treated_as_in_the_training_file(files, tmp_path):
    (tmp_path / "gaps.csv").write_text(
        "town,size,price\nnorth,50,1\n,60,2\nsouth,,3\nwest,70,\nwest,80,5\n"
    )
    filled = data_of("validation=gaps.csv", "missing=median", "standardize=false")
    # A row without a target is dropped; a size takes the median of the training rows.
    assert filled.validation.y.tolist() == [1, 2, 3, 5]
    median = np.median(filled.train.X[:, 3])
    assert filled.validation.X[:, 3].tolist() == [50, 60, median, 80]
    assert "gaps.csv: dropped 1 of 5 rows because the target is missing" in filled.notes
    assert "gaps.csv: missing values filled as in training: town (1), size (1)" in filled.notes
    dropped = data_of("validation=gaps.csv", "missing=drop", "standardize=false")
    assert dropped.validation.y.tolist() == [1, 5]
    assert "gaps.csv: dropped 3 of 5 rows because values are missing" in dropped.notes
    each = data_of("validation=gaps.csv", 'missing={size: drop, "*": most_frequent}')
    assert each.validation.y.tolist() == [1, 2, 5]


def test_a_row_that_is_dropped_may_have_any_category(files, tmp_path):
    lines = "town,size,price\nnorth,50,1\nTotal,,\neast,,3\nsouth,60,\neast,70,5\n"
    (tmp_path / "totals.csv").write_text(lines)
    # Without the row that has another town and is used.
    (tmp_path / "fine.csv").write_text(lines.replace("east,70,5\n", ""))
    fine = data_of("validation=fine.csv", "missing=drop")
    assert fine.validation.y.tolist() == [1]
    assert "fine.csv: dropped 3 of 4 rows because values are missing" in fine.notes
    assert failure("validation=totals.csv", "missing=drop").startswith(
        "error: totals.csv:6 town: training did not see the value 'east'"
    )
    # Under a filling only rows without a target are dropped.
    assert failure("validation=fine.csv", "missing=mean").startswith(
        "error: fine.csv:4 town: training did not see the value 'east'"
    )


def test_a_part_whose_rows_are_all_dropped_is_an_error(files, tmp_path):
    (tmp_path / "gaps.csv").write_text("town,size,price\nnorth,,1\nsouth,,3\n")
    assert failure("validation=gaps.csv", "missing=drop").startswith(
        "error: gaps.csv: has no row without missing values"
    )


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


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("validation=later.csv", ("later.csv", 0)),
        ("dataset.validation=later.csv", ("later.csv", 0)),
        ("validation={path: later.csv, unseen: error}", ("later.csv", 0)),
        ("dataset.validation.path=later.csv", ("later.csv", 0)),
        ("validation=0.3", (None, 0.3)),
        ("validation=30", (None, 30)),
        ("split.validation=0.3", (None, 0.3)),
        ("validation=none", (None, 0.1)),
    ],
)
def test_a_number_is_the_size_of_a_part_and_a_text_its_file(override, found):
    dataset = load(BASE, [override]).dataset
    file = dataset.plain().get("validation")
    assert (file, dataset["split"].validation) == found


def test_the_file_of_a_config_can_be_taken_away():
    base = {**BASE, "dataset": {**BASE["dataset"], "validation": "later.csv"}}
    assert load(base, ["validation=null"]).dataset["validation"] is None
    kept = load(base, ["dataset.validation.unseen=ignore"]).dataset.plain()["validation"]
    assert kept == {"path": "later.csv", "unseen": "ignore"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.validation=0.2", "must be the path of a file, got 0.2\nhint: such as valid"),
        ("split.test=last.csv", "dataset.split.test: must be a number, got 'last.csv'"),
        ("test={unseen: ignore}", "dataset.test.path: must be given\nhint: such as test: new.csv"),
        ("test={path: a.csv, targts: b}", "test has no option 'targts'\nhint: did you mean targ"),
        ("test=last.xlsx", "dataset.test: last.xlsx is an Excel workbook"),
        ("test=last.docx", "dataset.test: last.docx"),
    ],
)
def test_wrong_settings_are_found_before_data_are_read(override, said):
    with pytest.raises(ConfigError) as caught:
        load(BASE, [override])
    assert said in str(caught.value)


def test_early_stopping_needs_a_validation_part_or_its_file():
    stopping = ["early_stopping={}", "split.validation=0"]
    assert load(BASE, [*stopping, "validation=later.csv"]).validates
    with pytest.raises(ConfigError, match="needs a validation part"):
        load(BASE, stopping)


@pytest.mark.parametrize("named", [False, True], ids=["numbers", "texts"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_groups_that_a_file_shares_with_the_training_part(files, named, ending):
    def visits(first, last, seed):
        patients = np.repeat(np.arange(first, last), 3)
        rows = frame(len(patients), seed)
        return rows.assign(patient=[f"P {k}" for k in patients] if named else patients)

    visits(0, 20, 0).to_csv("train.csv", index=False)
    last = visits(16, 30, 1)
    last.loc[2, "price"] = np.nan  # one of the three rows of the first group
    {
        "csv": lambda: last.to_csv("last.csv", index=False),
        "parquet": lambda: last.to_parquet("last.parquet"),
        "jsonl": lambda: last.to_json("last.jsonl", orient="records", lines=True),
    }[ending]()
    words = ("split.group=patient", f"test=last.{ending}", "target=price", "missing=mean")
    data = data_of(*words, "split.validation=0")
    assert "town" in data.feature_names[0] and data.rows["test"] == 41
    # The patients 16 to 19, of 16 to 29.
    said = "4 of its 14 groups by patient are in the training part too, with 11 of 41 rows"
    assert f"last.{ending}: {said}" in data.notes
    assert not any("ignored" in note for note in data.notes)
    # With a part of validation, its groups are not those of the training part.
    fewer = data_of(*words, "split.validation=0.5")
    assert f"last.{ending}: {said}" not in fewer.notes


def test_groups_of_a_file_that_shares_none_or_has_none(files):
    files["train"].assign(patient=np.arange(60) // 3).to_csv("train.csv", index=False)
    files["last"].assign(patient=77).to_csv("last.csv", index=False)
    words = ("split.group=patient", "target=price", "test=last.csv", "validation=later.csv")
    notes = data_of(*words).notes
    assert not any("last.csv" in note for note in notes)
    said = "has no column patient, so its groups cannot be compared with the training part"
    assert f"later.csv: {said}" in notes
