"""`gdrun predict`, `gdrun evaluate` and `gdrun show --weights`: whole texts, JSON, and errors."""

import csv
import json
import math
import shlex

import numpy as np
import pytest
from houses import NAMES, table, write
from sklearn import metrics
from sklearn.dummy import DummyClassifier

WORDS = ("lr=0.05", "epochs=4", "batch_size=16", "-q", "dataset.missing=mean")

# A model by hand: prediction = 100 + 2 · area + 10 · [city = Ulm], without standardisation.
LINE = {"w": [0.0, 10.0, 2.0], "b": 100.0, "fill.mean": [0.25, 0.75, 50.0]}
COLUMNS = [{"name": "city", "labels": ["Bonn", "Ulm"]}, {"name": "area", "labels": []}]


def save(path, arrays, **changes):
    record = {
        "schema_version": 1,
        "dtype": "float64",
        "target": "price",
        "classes": [],
        "numbered": False,
        "columns": COLUMNS,
        "options": {"name": "linear", "loss": "mse", "bias": True},
    } | changes
    arrays = {name: np.array(value, dtype=float) for name, value in arrays.items()}
    np.savez(path, **arrays, model=json.dumps(record))


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("line.npz", LINE)
    return gdrun


def error_of(answer):
    assert (answer.code, answer.out) == (2, "")
    return answer.err


def test_predictions_as_csv(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"], ["1.5", "Bonn"]])
    answer = here("predict", "line.npz", "new.csv")
    # 100 + 2 · 30 + 10, and 100 + 2 · 1.5.
    assert (answer.code, answer.out, answer.err) == (0, "prediction\n170.0\n103.0\n", "")


def test_missing_values_unseen_categories_and_other_columns(here, tmp_path):
    lines = [["a", "NA", "Ulm"], ["b", "1", ""], ["c", "1", "Kiel"]]
    write(tmp_path / "new.csv", ["id", "area", "city"], lines)
    answer = here("predict", "line.npz", "new.csv", "--unseen", "ignore")
    # 100 + 2 · 50 + 10; 100 + 2 · 1 + 10 · 0.75; 100 + 2 · 1, with 0 for both cities.
    assert answer.out == "prediction\n210.0\n109.5\n102.0\n"
    assert answer.err == (
        "note: ignored 1 column that the model does not use: id\n"
        "note: missing values filled as in training: city (1), area (1)\n"
        "note: all 0/1 columns are 0 for values that training did not see: city (1)\n"
    )


def test_the_target_may_be_there_and_is_no_extra_column(here, tmp_path):
    write(tmp_path / "new.csv", ["price", "city", "area"], [["what?", "Bonn", "0"]])
    answer = here("predict", "line.npz", "new.csv")
    assert (answer.out, answer.err) == ("prediction\n100.0\n", "")


def test_columns_of_the_data_in_front_of_the_predictions(here, tmp_path):
    rows = [["007", "30", "Ulm", "a,b"], ["8", "1.50", "Bonn", ""]]
    write(tmp_path / "new.csv", ["id", "area", "city", "note"], rows)
    answer = here("predict", "line.npz", "new.csv", "--id", "id", "--id", "note", "--id", "area")
    # A cell is written as it is in the file: 007 is no number, and 1.50 has its two digits.
    assert answer.out == 'id,note,area,prediction\n007,"a,b",30,170.0\n8,,1.50,103.0\n'
    assert answer.err == ""
    found = json.loads(here("predict", "line.npz", "new.csv", "--id", "id", "--json").out)
    assert found["ids"] == {"id": ["007", "8"]}
    assert found["notes"] == ["ignored 1 column that the model does not use: note"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("new.csv", "--id", "Id"), "error: new.csv: has no column 'Id'\nhint: did you mean id"),
        (("new.csv", "--id", "prediction"), "error: --id prediction: two columns of the"),
        (("new.csv", "--id", "id", "--id", "id"), "error: --id id: two columns of the predictions"),
        (("new.npy", "--id", "id"), "error: new.npy: has no column 'id': its columns have no"),
    ],
)
def test_columns_that_cannot_be_in_front_of_the_predictions(here, tmp_path, words, text):
    write(tmp_path / "new.csv", ["id", "area", "city"], [["1", "30", "Ulm"]])
    np.save("new.npy", np.zeros((2, 3)))
    assert error_of(here("predict", "line.npz", *words)).startswith(text)


def test_a_file_as_output_is_never_overwritten(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"]])
    answer = here("predict", "line.npz", "new.csv", "-o", "out.csv")
    assert (answer.code, answer.page) == (0, "wrote 1 prediction to out.csv\n")
    assert (tmp_path / "out.csv").read_text() == "prediction\n170.0\n"
    assert error_of(here("predict", "line.npz", "new.csv", "-o", "out.csv")) == (
        "error: out.csv: the file exists already\n"
        "hint: choose another name, or add --force to replace it\n"
    )
    assert error_of(here("predict", "line.npz", "new.csv", "-o", "no/out.csv")) == (
        "error: no/out.csv: the file cannot be written: No such file or directory\n"
        "hint: the directory no does not exist\n"
    )


def test_json(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city", "id"], [["30", "Ulm", "1"]])
    answer = here("predict", "line.npz", "new.csv", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == {
        "run": "line.npz",
        "data": "new.csv",
        "target": "price",
        "rows": 1,
        "classes": [],
        "notes": ["ignored 1 column that the model does not use: id"],
        "predictions": [170.0],
    }
    in_file = json.loads(here("predict", "line.npz", "new.csv", "--json", "-o", "x.csv").out)
    assert in_file["file"] == "x.csv"
    assert "predictions" not in in_file


def test_probabilities_are_in_the_order_of_the_classes(here, tmp_path):
    # log-odds of the class "a,b" against "c": 2 · area − 1.
    save(
        "two.npz",
        {"w": [2.0], "b": -1.0},
        columns=[{"name": "area", "labels": []}],
        classes=["c", "a,b"],
        options={"name": "logistic", "bias": True},
    )
    write(tmp_path / "new.csv", ["area"], [["0.5"], ["2"]])
    answer = here("predict", "two.npz", "new.csv")
    lines = list(csv.reader(answer.out.splitlines()))
    assert lines[0] == ["prediction", "probability_c", "probability_a,b"]
    # At area ½ the log-odds are 0, and both classes have p = ½; the first class is predicted.
    assert lines[1] == ["c", "0.5", "0.5"]
    assert lines[2][0] == "a,b"
    assert float(lines[2][2]) == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-15)
    found = json.loads(here("predict", "two.npz", "new.csv", "--json").out)
    assert found["classes"] == ["c", "a,b"]
    assert found["probabilities"][0] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("names", "line", "text"),
    [
        (
            ["id", "price"],
            ["1", "2"],
            "error: new.csv: lacks 2 columns that the model needs: city, area\n"
            "hint: it has id, price; the names must be those of the training data\n",
        ),
        (
            ["city"],
            ["Ulm"],
            "error: new.csv: lacks the column that the model needs: area\n"
            "hint: it has city; the names must be those of the training data; if new rows never "
            'have it, add "area" to ignore and train again\n',
        ),
        (
            ["city", "Area"],
            ["Ulm", "1"],
            "error: new.csv: lacks the column that the model needs: area\n"
            "hint: did you mean Area for area? the names must be those of the training data\n",
        ),
        (
            ["city", "area"],
            ["Kiel", "1"],
            "error: new.csv:2 city: training did not see the value 'Kiel'\n"
            "hint: training saw Bonn, Ulm; --unseen ignore sets all 0/1 columns of city to 0\n",
        ),
        (
            ["city", "area"],
            ["Kiel", "much"],
            "error: new.csv:2 city: training did not see the value 'Kiel'\n"
            "hint: training saw Bonn, Ulm; --unseen ignore sets all 0/1 columns of city to 0\n"
            "error: new.csv:2 area: 'much' is not a number\n"
            "hint: this column had numbers in training; correct the cell, or leave it empty if the "
            "model fills missing values\n",
        ),
        (
            ["city", "area"],
            ["Ulm", "inf"],
            "error: new.csv:2 area: the value is infinite\n"
            "hint: correct it, or leave it empty if the model fills missing values\n",
        ),
        (
            ["city", "area"],
            ["Ulm", "1", "2"],
            "error: new.csv:2: this row has 3 fields, but the first row has 2\n"
            "hint: put a field that contains the separator in quotes\n",
        ),
        (
            ["city", "area", "city"],
            ["Ulm", "1", "2"],
            "error: new.csv:1: columns 0, 2 have the same name 'city'\n"
            "hint: give each column its own name\n",
        ),
    ],
)
def test_new_rows_that_do_not_fit(here, tmp_path, names, line, text):
    write(tmp_path / "new.csv", names, [line])
    assert error_of(here("predict", "line.npz", "new.csv")) == text


def test_a_missing_value_where_training_had_none(here, tmp_path):
    save("strict.npz", {"w": LINE["w"], "b": LINE["b"]})
    write(tmp_path / "new.csv", ["city", "area"], [["Ulm", "1"], ["Ulm", "?"], ["", "2"]])
    hint = (
        "hint: fill it in, or train with dataset.missing=mean, so that the mean of the training "
        "rows replaces it\n"
    )
    what = "the value is missing, and the model was trained without missing values"
    assert error_of(here("predict", "strict.npz", "new.csv")) == (
        f"error: new.csv:4 city: {what}\n{hint}error: new.csv:3 area: {what}\n{hint}"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["nothing", "new.csv"],
            "error: runs: no run is called 'nothing'\n"
            "hint: `gdrun train` makes a run; --runs is the directory that holds the runs\n",
        ),
        (
            ["last", "new.csv", "--runs", "elsewhere"],
            "error: elsewhere: there is no such directory\n"
            "hint: `gdrun train` makes a run; --runs is the directory that holds the runs\n",
        ),
        (
            ["new.csv", "line.npz"],
            "error: new.csv: is a file, not a run\n"
            "hint: the run comes first, then the data: `gdrun predict last new.csv`\n",
        ),
        (
            ["line.npz"],
            "error: DATA is missing\nhint: usage: gdrun predict [OPTIONS] RUN DATA\n",
        ),
        (
            ["line.npz", "new.cvs"],
            "error: new.cvs: no such file\nhint: did you mean new.csv?\n",
        ),
        (
            ["line.npz", "irsi"],
            "error: there is no file and no dataset 'irsi'\nhint: did you mean iris?\n",
        ),
        (
            ["line.npz", "iris"],
            "error: iris: lacks 2 columns that the model needs: city, area\n"
            "hint: it has sepal length (cm), sepal width (cm), petal length (cm), petal width "
            "(cm); the names must be those of the training data\n",
        ),
        (
            ["broken.npz", "new.csv"],
            "error: broken.npz: cannot be read: it is not a file of NumPy arrays, or is "
            "incomplete\n"
            "hint: restore the file from a copy, or train the model again\n",
        ),
        (
            ["line.npz", "model.pkl"],
            "error: model.pkl: is a pickle, which gdrun does not load because it can run code\n"
            "hint: write it with pandas: frame.to_parquet('train.parquet'), and give that file\n",
        ),
    ],
)
def test_words_that_name_nothing(here, tmp_path, words, text):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"]])
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and nothing more")
    (tmp_path / "model.pkl").write_bytes(b"")
    assert error_of(here("predict", *words)) == text


def test_a_run_by_id_and_the_last_run(here, tmp_path):
    table(tmp_path / "houses.csv", "size")
    trained = here("train", "dataset.path=houses.csv", "model=softmax", *WORDS)
    assert trained.code == 0
    (run,) = (tmp_path / "runs").iterdir()
    expected = here("predict", str(run), "houses.csv")
    assert expected.code == 0
    for word in ("last", run.name, run.name[-4:]):
        assert here("predict", word, "houses.csv").out == expected.out
    (run / "weights.npz").unlink()
    assert error_of(here("predict", "last", "houses.csv")) == (
        f"error: runs/{run.name}: has no weights: weights.npz is missing\n"
        f"hint: `gdrun train runs/{run.name}/config.yaml` trains it again\n"
    )


def test_an_evaluation(here, tmp_path):
    lines = [["30", "Ulm", "171"], ["1.5", "Bonn", "100"]]
    write(tmp_path / "new.csv", ["area", "city", "price"], lines)
    answer = here("evaluate", "line.npz", "new.csv")
    # The errors are 1 and 3, so that the mean squared error is (1 + 9) / 2 = 5 and its root 2.236.
    # The targets vary by ±35.5 about their mean, so that R² is 1 − 5 / 35.5² = 0.99603.
    assert (answer.code, answer.err) == (0, "")
    assert answer.page == (
        "model  linear for price, line.npz\n"
        "data   new.csv: 2 rows\n"
        "\n"
        "      model\n"
        "loss      5\n"
        "RMSE  2.236\n"
        "MAE       2\n"
        "R²    0.996\n"
    )
    assert json.loads(here("evaluate", "line.npz", "new.csv", "--json").out) == {
        "run": "line.npz",
        "data": "new.csv",
        "target": "price",
        "rows": 2,
        "metrics": {
            "loss": 5.0,
            "rmse": math.sqrt(5),
            "mae": 2.0,
            "r2": pytest.approx(1 - 5 / 35.5**2, rel=1e-12),
        },
        "notes": [],
    }


def test_the_baseline_of_an_evaluation_predicts_the_training_part(here, tmp_path):
    """The mean of the targets 1 … 8 is 4.5; on 10 and 20 its errors are 5.5 and 15.5."""
    rows = [[str(k), str(k + 1)] for k in range(8)]
    write(tmp_path / "old.csv", ["x", "y"], rows)
    write(tmp_path / "new.csv", ["x", "y"], [["9", "10"], ["19", "20"]])
    split, target = "split={validation: 0, test: 0}", "standardize={features: true, target: true}"
    here("train", "dataset.path=old.csv", split, target, "model=linear", "variant=bgd", "-q")
    found = json.loads(here("evaluate", "last", "new.csv", "--json").out)["baseline"]
    mse = (5.5**2 + 15.5**2) / 2
    assert found["prediction"] == pytest.approx(4.5)
    assert found["metrics"]["rmse"] == pytest.approx(math.sqrt(mse))
    assert found["metrics"]["mae"] == pytest.approx(10.5)
    assert found["metrics"]["r2"] == pytest.approx(1 - mse / 25)  # the variance of 10 and 20 is 25
    # The variance of 1 … 8 is (8² − 1) / 12 = 5.25; the loss is that of the standardised target.
    assert found["metrics"]["loss"] == pytest.approx(mse / 5.25)
    assert (
        "baseline  always 4.5, the mean training target\n"
        in here("evaluate", "last", "new.csv").page
    )


def test_a_threshold_for_two_classes_agrees_with_scikit_learn(here, tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 2))
    labels = np.where(X[:, 0] + rng.normal(size=80) > 1, "yes", "no")
    write(
        tmp_path / "d.csv",
        ["a", "b", "y"],
        [[*map(str, x), y] for x, y in zip(X, labels, strict=True)],
    )
    here(
        "train",
        "dataset.path=d.csv",
        "split={validation: 0, test: 0}",
        "model=logistic",
        "variant=bgd",
        "epochs=20",
        "-q",
    )
    plain = json.loads(here("predict", "last", "d.csv", "--json").out)
    likely = np.array(plain["probabilities"])[:, 1]
    assert json.loads(here("predict", "last", "d.csv", "--threshold", "0.5", "--json").out) == plain
    threshold = float(np.sort(likely)[40])  # A row on the threshold is predicted as yes.
    words = ("last", "d.csv", "--threshold", repr(threshold), "--json")
    predicted = np.array(json.loads(here("predict", *words).out)["predictions"])
    assert predicted.tolist() == np.where(likely >= threshold, "yes", "no").tolist()
    found = json.loads(here("evaluate", *words).out)
    assert found["threshold"] == threshold
    assert found["confusion"] == metrics.confusion_matrix(labels, predicted).tolist()
    ours = found["metrics"]
    for name, value in (
        ("accuracy", metrics.accuracy_score(labels, predicted)),
        ("balanced_accuracy", metrics.balanced_accuracy_score(labels, predicted)),
        ("precision", metrics.precision_score(labels, predicted, pos_label="yes")),
        ("recall", metrics.recall_score(labels, predicted, pos_label="yes")),
        ("f1", metrics.f1_score(labels, predicted, pos_label="yes")),
        ("log_loss", metrics.log_loss(labels, np.column_stack([1 - likely, likely]))),
        ("roc_auc", metrics.roc_auc_score(labels == "yes", likely)),
    ):
        assert ours[name] == pytest.approx(value, abs=1e-12)
    dummy = DummyClassifier(strategy="prior").fit(X, labels)
    base = found["baseline"]
    assert base["prediction"] == dummy.predict(X)[0]
    assert base["metrics"]["accuracy"] == pytest.approx(dummy.score(X, labels))
    loss = metrics.log_loss(labels, dummy.predict_proba(X))
    assert base["metrics"]["loss"] == pytest.approx(loss, abs=1e-12)
    shown = here("evaluate", "last", "d.csv", "--threshold", "0.2").out
    assert "threshold  yes if its probability is at least 0.2, else no\n" in shown
    assert shown.rstrip().endswith(" d.csv --threshold 0.2")


def test_the_command_after_an_evaluation_has_the_options_that_it_needs(here, tmp_path):
    rows = "area;city;price\n30,5;Ulm;160,5\n1,5;Köln;103\n"
    (tmp_path / "new.csv").write_bytes(rows.encode("latin-1"))
    options = ["--unseen", "ignore", "--encoding", "latin-1", "--decimal", ","]
    last = here("evaluate", "line.npz", "new.csv", *options).out.splitlines()[-1]
    assert last == "  gdrun predict line.npz new.csv " + " ".join(options)
    # 100 + 2 · 30.5 + 10, and 100 + 2 · 1.5 with 0 for both cities.
    answer = here(*shlex.split(last)[1:])
    assert (answer.code, answer.out) == (0, "prediction\n171.0\n103.0\n")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("dataset=iris", "model=softmax"), "needs a model of two classes; this one has 3 classes"),
        (("dataset=diabetes", "model=linear"), "this one has numbers as its target"),
        (("dataset=breast-cancer", "model=svm"), "needs probabilities, which the loss hinge does"),
    ],
)
def test_a_threshold_needs_the_probabilities_of_two_classes(here, words, what):
    here("train", *words, "epochs=1", "-q")
    data = words[0].partition("=")[2]
    for command in ("predict", "evaluate"):
        answer = here(command, "last", data, "--threshold", "0.2")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: --threshold: ")
        assert what in " ".join(answer.err.split())
        assert "must be between 0 and 1" in here(command, "last", data, "--threshold", "1.5").err


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("20%", "write --threshold 0.2"),
        ("0,25", "write --threshold 0.25"),
        ("a fifth", "write a number, such as --threshold 0.5"),
        ("20", "it is a probability: 20 % is 0.2; the default is 0.5"),
    ],
)
def test_a_threshold_that_is_no_share_is_said_with_the_share_that_is_meant(here, typed, hint):
    here("train", "dataset=breast-cancer", "model=logistic", "epochs=1", "-q")
    for words in (("--threshold", typed), (f"--threshold={typed}",)):
        answer = here("evaluate", "last", "breast-cancer", *words)
        assert answer.code == 2 and answer.err.endswith(f"\nhint: {hint}\n")


def test_an_evaluation_of_classes(here, tmp_path):
    here("train", "dataset=iris", "model=softmax", "epochs=5", "-q")
    (run,) = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    found = json.loads(here("evaluate", "last", "iris", "--json").out)
    # The three parts together are the dataset, and without l2 their losses have no penalty.
    parts, summary = record["data"]["parts"], record["summary"]
    for name in ("loss", "accuracy"):
        mean = sum(parts[part] * summary[f"{part}_{name}"] for part in parts) / 150
        assert found["metrics"][name] == pytest.approx(mean, rel=1e-12)
    # The matrix against the predictions, row by row.
    assert found["classes"] == ["setosa", "versicolor", "virginica"]
    predicted = json.loads(here("predict", "last", "iris", "--json").out)["predictions"]
    matrix = [[0] * 3 for _ in range(3)]
    for row, label in enumerate(predicted):  # Iris has 50 of each species, in their order.
        matrix[row // 50][found["classes"].index(label)] += 1
    assert found["confusion"] == matrix
    # The recall of a class is the share of its row on the diagonal; the classes weigh the same.
    recalls = [matrix[at][at] / 50 for at in range(3)]
    assert found["metrics"]["balanced_accuracy"] == pytest.approx(sum(recalls) / 3)
    lines = here("evaluate", "last", "iris").page.splitlines()
    assert lines[6].startswith("accuracy")
    assert lines[-4].split() == ["true", "↓", "predicted", "→", *found["classes"]]
    assert [list(map(int, line.split()[1:])) for line in lines[-3:]] == matrix


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (
            None,
            "error: new.csv: lacks the target, price\n"
            "hint: only rows with a price can be evaluated; `gdrun predict RUN DATA` predicts it\n",
        ),
        (
            "",
            "error: price: no row has a target\nhint: `gdrun predict RUN DATA` needs no targets\n",
        ),
        (
            "dear",
            "error: new.csv:2 price: 'dear' is not a number\n"
            "hint: this column had numbers in training; correct the cell, or leave it empty if the "
            "model fills missing values\n",
        ),
    ],
)
def test_targets_that_do_not_fit(here, tmp_path, price, text):
    names, line = ["area", "city", "price"], ["30", "Ulm", price]
    known = 2 if price is None else 3
    write(tmp_path / "new.csv", names[:known], [line[:known]])
    assert error_of(here("evaluate", "line.npz", "new.csv")) == text


def test_rows_with_no_target_are_left_out(here, tmp_path):
    names, rows = ["area", "city", "price"], [["30", "Ulm", "100"], ["31", "Ulm", "120"]]
    write(tmp_path / "all.csv", names, rows)
    write(tmp_path / "new.csv", names, [rows[0], ["50", "Ulm", ""], rows[1]])
    known, some = here("evaluate", "line.npz", "all.csv"), here("evaluate", "line.npz", "new.csv")
    assert "note: left out 1 of 3 rows because the target is missing\n" in some.err
    assert some.out.replace("new.csv", "all.csv") == known.out


def test_a_class_that_does_not_fit(here, tmp_path):
    table(tmp_path / "houses.csv", "size")
    here("train", "dataset.path=houses.csv", "model=softmax", *WORDS)
    write(tmp_path / "new.csv", [*NAMES, "size"], [["Ulm", "1", "1", "no", "tiny"]])
    assert error_of(here("evaluate", "last", "new.csv")).startswith(
        "error: new.csv:2 size: training did not see the class 'tiny'\n"
    )


def test_coefficients(here, monkeypatch):
    # In the units of the data: 4/2 a − 6/3 b + (1 − (4/2 · 10 − 6/3 · 5)) = 2 a − 2 b − 9.
    save(
        "standardised.npz",
        {
            "w": [4.0, -6.0],
            "b": 1.0,
            "standardize.mean": [10.0, 5.0],
            "standardize.scale": [2.0, 3.0],
        },
        columns=[{"name": "a", "labels": []}, {"name": "b", "labels": []}],
    )
    assert here("show", "standardised.npz", "--weights").out == (
        "price        standardised  original units\n"
        "b                      -6              -2\n"
        "a                       4               2\n"
        "(intercept)             1              -9\n"
        "\n"
        "sorted by size of the standardised coefficient, for which each feature has mean\n"
        "0 and standard deviation 1\n"
        "\n"
        "from standardised.npz\n"
    )
    monkeypatch.setenv("COLUMNS", "37")
    narrow = here("show", "standardised.npz", "--weights").out
    assert narrow.startswith(
        "                           original\n"
        "price        standardised     units\n"
        "b                      -6        -2\n"
        "a                       4         2\n"
        "(intercept)             1        -9\n"
    )
    assert json.loads(here("show", "standardised.npz", "--weights", "--json").out) == {
        "run": "standardised.npz",
        "model": "linear",
        "target": "price",
        "scores": [
            {
                "label": "price",
                "intercept": {"standardised": 1.0, "original": -9.0},
                "coefficients": [
                    {"feature": "b", "standardised": -6.0, "original": -2.0},
                    {"feature": "a", "standardised": 4.0, "original": 2.0},
                ],
            }
        ],
    }


def test_coefficients_as_a_file(here, tmp_path):
    here("train", "dataset=iris", "model=softmax", "epochs=3", "-q")
    answer = here("show", "last", "--weights", "-o", "w.csv")
    assert (answer.code, answer.out) == (0, "wrote 15 coefficients to w.csv\n")
    (run,) = (tmp_path / "runs").iterdir()
    with np.load(run / "weights.npz") as file:
        arrays = dict(file)
    w, b, mean, scale = (arrays[k] for k in ("w", "b", "standardize.mean", "standardize.scale"))
    names, classes = arrays["feature_names"].tolist(), arrays["classes"].tolist()
    with (tmp_path / "w.csv").open(encoding="utf-8") as opened:
        lines = list(csv.DictReader(opened))
    assert [line["score"] for line in lines] == [label for label in classes for _ in range(5)]
    for at in range(3):
        *own, constant = lines[5 * at : 5 * at + 5]
        sizes = [abs(float(line["standardised"])) for line in own]
        assert sizes == sorted(sizes, reverse=True)
        for line in own:
            j = names.index(line["feature"])
            assert float(line["standardised"]) == w[j, at]
            assert float(line["original"]) == w[j, at] / scale[j]
        assert constant["feature"] == "(intercept)"
        assert float(constant["standardised"]) == b[at]
        # s = Σ w (x − mean) / scale + b, at x = 0.
        expected = b[at] - sum(w[j, at] * mean[j] / scale[j] for j in range(4))
        assert float(constant["original"]) == pytest.approx(expected, rel=1e-12)
    assert error_of(here("show", "last", "--weights", "-o", "w.csv")).startswith(
        "error: w.csv: the file exists already\n"
    )
    here("train", "dataset=iris", "model=mlp", "epochs=1", "-q")
    assert "is a network, which has no coefficients\nhint: its weights are arrays" in error_of(
        here("show", "last", "--weights", "-o", "mlp.csv")
    )


def test_coefficients_without_standardisation(here):
    assert here("show", "line.npz", "--weights").out == (
        "price        standardised  original units\n"
        "city=Ulm                –              10\n"
        "area                    –               2\n"
        "city=Bonn               –               0\n"
        "(intercept)             –             100\n"
        "\n"
        "sorted by size; the features were not standardised\n"
        "\n"
        "from line.npz\n"
    )


def test_coefficients_of_each_class(here):
    here("train", "dataset=digits", "model=softmax", "epochs=1", "-q")
    shown = here("show", "--weights").out
    for label in range(10):
        assert f"\n{label}  " in f"\n{shown}"
    assert shown.count("and 44 smaller coefficients\n") == 10
    scores = json.loads(here("show", "--weights", "--json").out)["scores"]
    assert [score["label"] for score in scores] == list("0123456789")
    sizes = [abs(each["standardised"]) for each in scores[3]["coefficients"]]
    assert len(sizes) == 64
    assert sizes == sorted(sizes, reverse=True)


def test_the_layers_of_a_network(here):
    model = "model={name: mlp, hidden: [4], init: zeros}"
    here("train", "dataset=iris", model, "epochs=1", "-q")
    lines = here("show", "--weights").out.splitlines()
    assert lines[0].split() == ["weights", "shape", "norm", "largest"]
    assert lines[1].split() == ["layer1.w", "4", "×", "4", "0", "0"]
    found = json.loads(here("show", "--weights", "--json").out)
    assert found["layers"][0] == {"name": "layer1.w", "shape": [4, 4], "norm": 0.0, "largest": 0.0}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"schema_version": 3}, "was written by a newer gdrun (schema 3)"),
        ({"columns": 3}, "cannot be read: columns must be a list, got 3"),
        ({"dtype": "int8"}, "cannot be read: `model` has an unknown model or dtype"),
        ({"options": {"name": ["linear"]}}, "cannot be read: `model` has an unknown model"),
        (
            {"options": {"name": "linear", "loss": "mze"}},
            "no loss is called 'mze'",
        ),
        ({"options": {"name": "mlp", "hidden": "x"}}, "the model's description cannot be used: "),
        ({"columns": COLUMNS[1:]}, "cannot be read: `fill.mean` must be floats of shape (1,)"),
        ({"classes": ["a", "b"], "options": {"name": "softmax"}}, "w must be floats of shape"),
        (
            {"options": {"name": "mlp"}},
            "layer1.w must be floats of shape (3, 64), got nothing",
        ),
        ({"classes": ["a"], "numbered": True}, "the model's description cannot be used: "),
    ],
)
def test_a_damaged_file(here, changes, what):
    save("damaged.npz", LINE, **changes)
    message = error_of(here("predict", "damaged.npz", "iris"))
    assert message.startswith(f"error: damaged.npz: {what}")


def test_weights_that_are_not_near_the_minimum_of_the_training_loss_say_so(here):
    words = ("dataset=iris", "model=softmax", "optimizer=vanilla", "variant=bgd", "-q")
    here("train", *words, "lr=0.001", "epochs=30", "schedule=constant")
    slow = " ".join(here("show", "last", "--weights").out.split())
    assert "the run has the symptom slow convergence: these weights are not near a minimum" in slow
    # The validation accuracy is best long before the end.
    rule = "early_stopping={patience: 200, metric: accuracy}"
    here("train", *words, "lr=0.1", "epochs=200", rule)
    record = json.loads(here("show", "last", "--json").out)
    epoch = record["summary"]["best"]["epoch"]
    assert epoch < 200
    best = " ".join(here("show", record["id"], "--weights").out.split())
    assert f"these are the weights of epoch {epoch:g} of 200, with the best validation acc" in best
    assert "later weights may have a lower training loss" in best
