"""`gdrun evaluate`: metrics on new rows, the baseline, and thresholds."""

import json
import math
import shlex

import numpy as np
import pytest
from houses import NAMES, table, write
from saved_models import WORDS, error_of
from sklearn import metrics
from sklearn.dummy import DummyClassifier

pytestmark = pytest.mark.usefixtures("line_file")


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
    answer = here("evaluate", "last", "new.csv")
    assert answer.err == ""
    assert (
        "note the losses are those of the standardised target; metrics and predictions are in the "
        "unit of y"
    ) in " ".join(answer.out.split())
    assert found["metrics"]["r2"] == pytest.approx(1 - mse / 25)  # the variance of 10 and 20 is 25
    # The variance of 1 … 8 is (8² − 1) / 12 = 5.25; the loss is that of the standardised target.
    assert found["metrics"]["loss"] == pytest.approx(mse / 5.25)
    assert (
        "baseline  always 4.5, the mean training target\n"
        in here("evaluate", "last", "new.csv").page
    )


@pytest.mark.longer
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


@pytest.mark.longer
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


@pytest.mark.longer
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


@pytest.mark.longer
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
