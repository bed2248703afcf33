"""Each format: a model trained on a file predicts and evaluates it in another process.

The oracle has the same rows as arrays: the model of the run, called with them in this process.
"""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import gdrun
from gdrun.data.new_data import NEW_ROWS
from gdrun.data.sources import READERS

N, FEATURES = 60, 3
RANDOM = np.random.default_rng(0)
# Whole pixels, which each format can hold; the label depends on them.
X = RANDOM.integers(0, 200, (N, FEATURES)).astype(float)
X[0] = 1  # no column is 0 throughout
Y = (X[:, 0] > X[:, 1]).astype(int)


def frame():
    names = [f"x{at}" for at in range(FEATURES)]
    return pd.DataFrame(X, columns=names).assign(label=Y)


def idx(array):
    head = bytes([0, 0, 8, array.ndim])
    return head + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


def lines(ends):
    return "".join(
        f"{y} " + " ".join(f"{at + 1}:{v:g}" for at, v in enumerate(x) if v) + ends
        for x, y in zip(X, Y, strict=True)
    )


def cifar(place):
    pixels = np.zeros((N, 3072), dtype=np.uint8)
    pixels[:, :FEATURES] = X
    for number, part in enumerate((slice(0, 40), slice(40, N)), 1):
        records = np.column_stack([Y[part].astype(np.uint8), pixels[part]])
        (place / f"data_batch_{number}.bin").write_bytes(records.tobytes())
    return pixels


def write(place):
    """Each format as (path, targets or None, options of the dataset)."""
    table = frame()
    table.to_csv(place / "a.csv", index=False)
    table.to_csv(place / "b.csv.gz", index=False)
    table.to_csv(place / "c.csv", index=False, sep=";", decimal=",", encoding="utf-16")
    table[:30].to_csv(place / "part-1.tsv", index=False, sep="\t")
    table[30:].to_csv(place / "part-2.tsv", index=False, sep="\t")
    table.to_parquet(place / "a.parquet")
    table[:30].to_parquet(place / "part-1.parquet")
    table[30:].to_parquet(place / "part-2.parquet")
    table.to_feather(place / "a.feather")
    table.to_json(place / "a.jsonl", orient="records", lines=True)
    np.save(place / "a.npy", np.column_stack([X, Y]))
    np.save(place / "X.npy", X)
    np.save(place / "y.npy", Y)
    np.savez_compressed(place / "a.npz", X=X, y=Y)
    (place / "x.idx").write_bytes(idx(X.astype(np.uint8)))
    (place / "y.idx").write_bytes(idx(Y.astype(np.uint8)))
    (place / "a.svm").write_text(lines("\n"), encoding="utf-8")
    cifar(place)
    return {
        "csv": ("a.csv", None, {}),
        "csv.gz": ("b.csv.gz", None, {}),
        "csv of Excel": ("c.csv", None, {"decimal": ",", "encoding": "utf-16"}),
        "several tsv": ("part-*.tsv", None, {}),
        "parquet": ("a.parquet", None, {}),
        "several parquet": ("part-*.parquet", None, {}),
        "arrow": ("a.feather", None, {}),
        "jsonl": ("a.jsonl", None, {}),
        "npy": ("a.npy", None, {}),
        "two npy": ("X.npy", "y.npy", {}),
        "npz": ("a.npz", None, {}),
        "idx": ("x.idx", "y.idx", {}),
        "svmlight": ("a.svm", None, {}),
        "cifar": (".", None, {}),
    }


SCRIPT = """
import json, sys
import gdrun
found = {}
for name, (run, path, targets) in json.load(sys.stdin).items():
    model = gdrun.load_model(run)
    result = model.evaluate(path, targets=targets)
    found[name] = {
        "predictions": model.predict(path).tolist(),
        "probabilities": model.predict_proba(path).tolist(),
        "metrics": result.metrics,
        "confusion": result.confusion.tolist(),
        "notes": list(model.predictions(path).notes),
    }
json.dump(found, sys.stdout)
"""


@pytest.mark.slow
def test_another_process_predicts_each_training_file_as_the_run_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, runs = write(tmp_path), {}
    readers = {name.split()[-1].partition(".")[0] for name in files} - {"tsv", "Excel"}
    assert readers == {reader.name for reader in READERS.values()} == set(NEW_ROWS)
    for name, (path, targets, options) in files.items():
        dataset = {"path": path, **options, "split": {"validation": 0, "test": 0.2}}
        if targets:
            dataset["targets"] = targets
        config = {
            "dataset": dataset,
            "model": "softmax" if name == "cifar" else "logistic",
            "optimizer": {"name": "adam", "lr": 0.05},
            "stopping": {"epochs": 3},
            "variant": {"name": "mbgd", "batch_size": 16},
        }
        runs[name] = gdrun.train(config, out=tmp_path / "runs" / name)
    given = {
        name: (str(runs[name].directory), path, targets)
        for name, (path, targets, _) in files.items()
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    for name, found in json.loads(done.stdout).items():
        model = runs[name].model
        rows = cifar(tmp_path) if name == "cifar" else X
        wanted = model.predict_proba(rows)
        assert_allclose(found["probabilities"], wanted, rtol=1e-12, err_msg=name)
        labels = model.predict(rows).tolist()
        assert found["predictions"] == labels, name
        truth = [str(model.classes[y]) for y in Y]
        right = sum(str(a) == b for a, b in zip(labels, truth, strict=True))
        assert found["metrics"]["accuracy"] == pytest.approx(right / N), name
        loss = -np.log(wanted[np.arange(N), Y]).mean()
        assert found["metrics"]["loss"] == pytest.approx(loss, rel=1e-9), name
        assert sum(map(sum, found["confusion"])) == N
        assert found["notes"] == [], name


def test_new_tables_without_a_column_of_the_model(tmp_path):
    table = frame().rename(columns={"x0": "size"})
    table.to_csv(tmp_path / "a.csv", index=False)
    run = gdrun.train(
        {"dataset": {"path": str(tmp_path / "a.csv")}, "model": "logistic"},
        "variant=bgd",
        "epochs=1",
    )
    new = table.drop(columns=["size", "x2", "label"]).assign(colour="red")
    new.to_parquet(tmp_path / "new.parquet")
    new.to_feather(tmp_path / "new.feather")
    new.to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    for name in ("new.parquet", "new.feather", "new.jsonl"):
        with pytest.raises(gdrun.DataError) as caught:
            run.model.predict(tmp_path / name)
        (problem,) = caught.value.problems
        assert problem.what == "lacks 2 columns that the model needs: size, x2"
        assert problem.where == str(tmp_path / name)
        assert problem.hint == "it has x1, colour; the names must be those of the training data"


@pytest.mark.longer
def test_a_column_is_kept_from_every_format_with_names(tmp_path):
    table = frame().assign(id=[f"r{row:03}" for row in range(len(frame()))])
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    table.to_feather(tmp_path / "a.feather")
    table.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    run = gdrun.train(
        {"dataset": {"path": str(tmp_path / "a.csv"), "ignore": "id", "target": "label"}},
        "model=logistic",
        "variant=bgd",
        "epochs=1",
    )
    for source in (*(tmp_path / f"a.{e}" for e in ("csv", "parquet", "feather", "jsonl")), table):
        assert run.model.predictions(source, keep=["id"]).kept == {"id": table["id"].tolist()}
    with pytest.raises(gdrun.DataError, match="has no column 'id': its columns have no names"):
        run.model.predictions(np.zeros((2, len(run.model.feature_names))), keep=["id"])


@pytest.mark.longer
def test_categories_missing_values_and_wrong_cells_of_typed_tables(tmp_path):
    train = pd.DataFrame(
        {
            "city": ["Ulm", "Bonn", "Ulm", "Ulm"] * 3,
            "garden": [True, False, True, True] * 3,
            "size": [1.0, 2.0, None, 3.0] * 3,
            "price": [1.0, 2.0, 3.0, 4.0] * 3,
        }
    )
    new = pd.DataFrame(
        {
            "size": [None, 5.0],
            "garden": [False, True],
            "city": ["Kiel", None],
            "note": ["a", "b"],
        }
    )
    for ending in ("parquet", "feather", "jsonl"):
        path, newer = tmp_path / f"train.{ending}", tmp_path / f"new.{ending}"
        for table, file in ((train, path), (new, newer)):
            if ending == "jsonl":
                table.to_json(file, orient="records", lines=True)
            else:
                getattr(table, f"to_{ending}")(file)
        dataset = {"path": str(path), "missing": "mean", "split": {"validation": 0, "test": 0}}
        run = gdrun.train({"dataset": dataset, "model": "linear"}, "variant=bgd", "epochs=1")
        with pytest.raises(gdrun.DataError) as caught:
            run.model.predict(newer)
        assert str(caught.value).startswith(
            f"error: {newer} row 0 (the first is row 0) city: training did not see the value 'Kiel'"
        )
        found = run.model.predictions(newer, "ignore")
        assert found.notes == (
            "ignored 1 column that the model does not use: note",
            "missing values filled as in training: city (1), size (1)",
            "all 0/1 columns are 0 for values that training did not see: city (1)",
        )
        # city=Bonn, city=Ulm, garden, size. The mean size is 2; most houses are in Ulm.
        wanted = run.model.predict(np.array([[0, 0, 0, 2], [0, 1, 1, 5]]))
        assert_allclose(found.labels, wanted, rtol=1e-14)
        wrong = new.assign(city="Ulm", size=["big", "small"])
        if ending == "jsonl":
            wrong.to_json(newer, orient="records", lines=True)
        else:
            getattr(wrong, f"to_{ending}")(newer)
        with pytest.raises(gdrun.DataError, match=r"row 0 .* size: 'big' is not a number"):
            run.model.predict(newer)


def test_the_text_options_of_a_run_are_those_of_new_files(tmp_path):
    train = frame().rename(columns={"x0": "größe"}).assign(x1=X[:, 1] / 4)
    old, new, other = (tmp_path / name for name in ("old.csv", "new.csv", "other.csv"))
    train.to_csv(old, index=False, sep=";", decimal=",", encoding="latin-1")
    train.to_csv(new, index=False, sep=";", decimal=",", encoding="latin-1")
    train.to_csv(other, index=False)
    dataset = {"path": str(old), "encoding": "latin-1", "decimal": ","}
    run = gdrun.train(
        {"dataset": dataset, "model": "logistic"}, "variant=bgd", "epochs=1", out=tmp_path
    )
    model = gdrun.load_model(run.directory)
    wanted = model.predict_proba(train.drop(columns="label"))
    assert_allclose(model.predict_proba(new), wanted, rtol=1e-14)
    changed = model.predictions(other, reading={"encoding": "utf-8", "decimal": "."})
    assert_allclose(changed.probabilities, wanted, rtol=1e-14)
    assert changed.labels.tolist() == model.predict(new).tolist()
    # Data that are not read from a file refuse the options.
    with pytest.raises(gdrun.DataError, match="reading: data of the type DataFrame are not read"):
        model.predictions(train, reading={"decimal": ","})
    with pytest.raises(gdrun.DataError, match="targets: data of the type DataFrame are not read"):
        model.evaluate(train, targets=new)


@pytest.mark.longer
@pytest.mark.parametrize("decimal", [None, ","])
def test_texts_in_frames_are_read_as_in_the_file(tmp_path, decimal):
    """The cells of a frame of text are those of the file: predictions are equal."""
    rng = np.random.default_rng(4)
    amounts = np.round(rng.lognormal(7, 0.5, 60), 2)
    shares = rng.integers(0, 40, 60) / 4

    def written(value):
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))

    texts = pd.DataFrame(
        {
            "amount": [f"{written(each)} €" for each in amounts],
            "share": [f"{written(each)} %" for each in shares],
            "size": [written(each) for each in rng.normal(size=60)],
        }
    )
    path = tmp_path / "sales.csv"
    texts.assign(y=[written(each) for each in amounts / 5]).to_csv(path, sep=";", index=False)
    dataset = {"path": str(path)} | ({"decimal": decimal} if decimal else {})
    words = ({"dataset": dataset, "model": "linear"}, "variant=bgd", "epochs=1", "lr=1e-9")
    model = gdrun.load_model(gdrun.train(*words, out=tmp_path).directory)
    wanted = model.predict(path)
    assert_allclose(model.predict(texts), wanted, rtol=1e-14)
    assert_allclose(model.predict(texts.to_dict("list")), wanted, rtol=1e-14)
    # Numbers, as such and as text with a point, mean the same.
    numbers = texts.assign(amount=amounts, share=shares.astype(object))
    assert_allclose(model.predict(numbers), wanted, rtol=1e-14)
    assert_allclose(model.predict(numbers.assign(amount=amounts.astype(str))), wanted, rtol=1e-14)
    empty = texts.assign(amount=["k.A.", *texts["amount"][1:]])
    with pytest.raises(gdrun.DataError, match=r"row 0 amount: 'k\.A\.' is not a number"):
        model.predict(empty)
    measured = model.evaluate(texts.assign(y=[written(each) for each in amounts / 5]))
    assert_allclose(measured.metrics["rmse"], model.evaluate(path).metrics["rmse"], rtol=1e-12)


@pytest.mark.longer
@pytest.mark.parametrize("marks", [None, ["unknown"], ["?", "none"]])
def test_missing_values_of_tables_with_types_never_depend_on_the_marks(tmp_path, marks):
    """NaN, None, NaT and pandas.NA are empty cells, whichever texts count as missing."""
    k = np.arange(40)
    gaps = {name: k % 10 == place for place, name in enumerate(("size", "city", "sold", "code"))}
    full = pd.DataFrame(
        {
            "size": np.where(gaps["size"], np.nan, k * 1.5),
            "city": np.where(gaps["city"], "", np.array(["Ulm", "Bonn"])[k // 3 % 2]),
            "sold": pd.to_datetime("2024-01-31") + pd.to_timedelta(k, "D"),
            "code": np.where(gaps["code"], np.nan, k % 3),
            "price": k * k / 10,
        }
    )
    full["sold"] = full["sold"].where(~gaps["sold"])
    full["city"] = full["city"].astype(object)
    full.to_csv(tmp_path / "made.csv", index=False)
    chosen = {"missing": "most_frequent", "categories": ["code"]}
    chosen |= {} if marks is None else {"missing_values": marks}
    config = {"dataset": {"path": str(tmp_path / "made.csv"), **chosen}, "model": "linear"}
    model = gdrun.train(config, "variant=bgd", "epochs=3").model
    labels = [name for name in model.feature_names if name.startswith(("city", "code"))]
    assert labels == ["city=Bonn", "city=Ulm", "code=0.0", "code=1.0", "code=2.0"]
    expected = model.predict(tmp_path / "made.csv")
    for gap in (np.nan, None, pd.NA):
        frame = full.astype(object)
        for name in ("size", "city", "code"):
            frame[name] = frame[name].where(~gaps[name], gap)
        assert_allclose(model.predict(frame.drop(columns="price")), expected, rtol=1e-14)
    assert_allclose(model.predict(full.assign(city=full.city.replace("", None))), expected)

    full["city"] = full["city"].replace("", None)
    full.to_parquet(tmp_path / "made.parquet")
    full.to_feather(tmp_path / "made.feather")
    lines = full.assign(sold=full.sold.dt.strftime("%Y-%m-%d")).astype(object)
    lines = lines.where(lines.notna(), None)
    text = "".join(json.dumps(row) + "\n" for row in lines.to_dict("records"))
    (tmp_path / "made.jsonl").write_text(text.replace('"size": null', '"size": NaN'))
    for ending in ("parquet", "feather", "jsonl"):
        path = tmp_path / f"made.{ending}"
        typed = gdrun.train({**config, "dataset": {"path": str(path), **chosen}}, "epochs=3").model
        assert typed.feature_names == model.feature_names, ending
        assert_allclose(typed.predict(path), typed.predict(full), rtol=1e-14)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("kind", "mark", "marks"),
    [
        ("number", -999, ["standard", -999]),
        ("number", "k.A.", ["k.A."]),
        ("text", "unknown", ["unknown"]),
        ("class", -9, [-9]),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
def test_a_target_is_missing_if_it_has_a_mark_of_training(tmp_path, kind, mark, marks, ending):
    """The metrics are those of the rows that have a target."""
    k = np.arange(60)
    targets = {"number": k * 1.5, "text": np.array(["no", "yes"])[k % 2], "class": k % 3}[kind]
    table = pd.DataFrame({"a": k % 7, "b": k * k % 11, "y": targets})
    marked = table.astype({"y": object})
    marked.loc[k % 10 == 4, "y"] = mark
    if mark in (-999, -9):
        marked["y"] = marked["y"].astype(float)
    else:
        marked["y"] = marked["y"].astype(str)
    marked.to_csv(tmp_path / "train.csv", index=False)
    dataset = {"path": str(tmp_path / "train.csv"), "target": "y", "missing_values": marks}
    name = "linear" if kind == "number" else "softmax"
    run = gdrun.train(
        {"dataset": {**dataset, "missing": "drop"}, "model": name}, "variant=bgd", "epochs=5"
    )
    new = marked if ending == "frame" else tmp_path / f"new.{ending}"
    if ending == "csv":
        marked.to_csv(new, index=False)
    elif ending == "parquet":
        marked.to_parquet(new)
    found = run.model.evaluate(new)
    assert found.metrics == run.model.evaluate(table[k % 10 != 4]).metrics
    assert found.rows == 54
