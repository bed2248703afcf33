"""dataset.positive: the class that F1, --threshold and the last probability of two classes mean."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn import metrics

from gdrun import load_model

TRAINING = ("lr=0.1", "epochs=4", "batch_size=16", "-q")


def write(path, labels, rows=200, seed=0):
    """A table of x and the target kind; the second of the labels is rarer, and likelier for x > 0.

    Returns the labels of the rows.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    chosen = [labels[int(u)] for u in x + rng.normal(size=rows) > 1]
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["x", "kind"])
        out.writerows(zip(x.round(3), chosen, strict=True))
    return chosen


def trained(gdrun, *words):
    answer = gdrun("train", "t.csv", *TRAINING, *words, "--json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


@pytest.mark.longer
@pytest.mark.parametrize("model", ["logistic", "softmax", "mlp"])
@pytest.mark.parametrize("labels", [("no", "yes"), ("0", "1"), ("False", "True")])
def test_metrics_threshold_and_probabilities_mean_the_positive_class(here, model, labels):
    true = write("t.csv", labels)
    trained(here, f"model={model}", f"positive={labels[0]}")
    rows = here("predict", "last", "t.csv", "--threshold", "0.7").out.splitlines()
    found = list(csv.DictReader(rows))
    names = ["prediction", f"probability_{labels[1]}", f"probability_{labels[0]}"]
    assert list(found[0]) == names
    probability = np.array([float(row[names[2]]) for row in found])
    predicted = [labels[0] if p >= 0.7 else labels[1] for p in probability]
    assert [row["prediction"] for row in found] == predicted
    # scikit-learn's definitions with pos_label are the right values.
    measured = json.loads(here("evaluate", "last", "t.csv", "--threshold", "0.7", "--json").out)
    assert measured["classes"] == [labels[1], labels[0]]
    for name in ("f1", "precision", "recall"):
        right = getattr(metrics, f"{name}_score")(true, predicted, pos_label=labels[0])
        assert measured["metrics"][name] == pytest.approx(right, rel=1e-12)
    area = metrics.roc_auc_score(np.array(true) == labels[0], probability)
    assert measured["metrics"]["roc_auc"] == pytest.approx(area, rel=1e-12)


@pytest.mark.longer
def test_the_second_class_named_changes_nothing(here):
    write("t.csv", ("no", "yes"))
    default, named = trained(here), trained(here, "positive=yes")
    assert named["summary"]["train_loss"] == default["summary"]["train_loss"]
    assert named["summary"]["metrics"] == default["summary"]["metrics"]
    assert named["data"] == default["data"]


@pytest.mark.longer
def test_the_first_class_has_the_same_split_and_losses(here):
    write("t.csv", ("no", "yes"))
    default, named = trained(here), trained(here, "positive=no")
    assert named["data"]["sha256"] == default["data"]["sha256"]
    # −w has the same loss for exchanged classes: log(1 + e^(−ys)) is even in (y, s).
    for part in ("train_loss", "validation_loss", "test_loss"):
        assert named["summary"][part] == pytest.approx(default["summary"][part], rel=1e-9)


@pytest.mark.longer
def test_a_run_from_its_config_repeats_it(here):
    write("t.csv", ("no", "yes"))
    first = trained(here, "positive=no")
    config = Path("runs", first["id"], "config.yaml")
    assert yaml.safe_load(config.read_text(encoding="utf-8"))["dataset"]["positive"] == "no"
    again = json.loads(here("train", str(config), "--json").out)
    assert again["summary"]["metrics"] == first["summary"]["metrics"]
    assert load_model(Path("runs", again["id"])).classes.tolist() == ["yes", "no"]


@pytest.mark.longer
@pytest.mark.parametrize("labels", [("no", "yes"), ("0", "1")])
def test_a_part_from_a_file_has_the_same_classes_and_repeated_rows(here, labels):
    write("t.csv", labels)
    lines = Path("t.csv").read_text(encoding="utf-8").splitlines()[:41]
    Path("v.csv").write_text("\n".join(lines), encoding="utf-8")
    true = [line.split(",")[1] for line in lines[1:]]
    words = ("dataset.validation=v.csv", "dataset.split.test=0")
    for positive in labels:
        found = trained(here, *words, f"positive={positive}")
        assert "40 of 40 validation rows" in str(found["data"]["notes"])
        rows = csv.DictReader(here("predict", "last", "v.csv").out.splitlines())
        predicted = [row["prediction"] for row in rows]
        right = metrics.f1_score(true, predicted, pos_label=positive)
        assert found["summary"]["metrics"]["validation"]["f1"] == pytest.approx(right, rel=1e-12)


@pytest.mark.longer
def test_inspect_and_the_panel_name_it(here):
    write("t.csv", ("no", "yes"))
    assert "no (156), yes (44); positive: yes" in here("inspect", "t.csv").out
    assert "no (156), yes (44); positive: no" in here("inspect", "t.csv", "positive=no").out
    assert json.loads(here("inspect", "t.csv", "positive=no", "--json").out)["positive"] == "no"
    assert json.loads(here("inspect", "iris", "--json").out)["positive"] is None
    words = ("lr=0.1", "epochs=4", "batch_size=16")
    panel = " ".join(here("train", "t.csv", *words, "positive=no").out.split())
    assert "2 classes (positive: no)" in panel.replace(" │ │ ", " ")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (
            ("t.csv", "positive=maybe"),
            "error: dataset.positive: the target has no class 'maybe'",
            "hint: its classes are no and yes",
        ),
        (
            ("dataset=iris", "model=softmax", "positive=setosa"),
            "error: dataset.positive: chooses one of two classes, but iris has 3: setosa "
            "(50 rows), versicolor (50 rows), virginica (50 rows)",
            "hint: remove this key",
        ),
        (
            ("dataset=diabetes", "model=mlp", "positive=1"),
            "error: dataset.positive: chooses one of two classes, but the target has numbers to "
            "predict",
            "hint: remove this key",
        ),
        (
            ("dataset=diabetes", "model=linear", "positive=1"),
            "error: 'positive=1' dataset.positive: chooses one of two classes, but linear predicts "
            "numbers",
            "hint: remove positive, or use model=logistic",
        ),
    ],
)
def test_what_cannot_be_positive(here, words, error, hint):
    write("t.csv", ("no", "yes"))
    answer = here("train", *words, "-q")
    assert answer.code == 2
    assert [error, hint] == answer.err.splitlines()[-2:]


@pytest.mark.longer
def test_a_boolean_or_a_number_in_another_spelling(here):
    write("t.csv", ("FALSE", "TRUE"))
    # YAML reads false and FALSE as the same boolean.
    assert trained(here, "positive=false")["data"]["classes"] == ["TRUE", "FALSE"]
    write("t.csv", ("0", "1"))
    assert trained(here, "positive=0.0")["data"]["classes"] == ["1", "0"]


@pytest.mark.longer
@pytest.mark.parametrize("command", ["train", "inspect"])
def test_a_stray_class_beside_a_positive_class_is_named_with_its_line(here, command):
    labels = ["no", "no", "yes"] * 20
    labels[32] = "Yes"
    rows = "".join(f"{k % 7},{label}\n" for k, label in enumerate(labels))
    Path("t.csv").write_text(f"x,kind\n{rows}")
    for more in ((), ("model=logistic",)) if command == "train" else ((),):
        answer = here(command, "t.csv", "positive=yes", *more)
        assert answer.code == 2
        # Row 32 is in line 34, because the rows count from 0 and the header is line 1.
        assert answer.err.endswith(
            "error: dataset.positive: chooses one of two classes, but t.csv has 3: no (40 rows), "
            "yes (19 rows), Yes (1 row, line 34)\nhint: write yes instead of Yes\n"
        )
    Path("t.csv").write_text(f"x,kind\n{rows}".replace("Yes", "yes"))
    assert here(command, "t.csv", "positive=yes").code == 0
