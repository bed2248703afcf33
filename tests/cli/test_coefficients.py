"""`gdrun show --weights`: coefficients in original units, and the layers of a network."""

import csv
import json

import numpy as np
import pytest
from saved_models import error_of, save

pytestmark = pytest.mark.usefixtures("line_file")


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


@pytest.mark.longer
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


@pytest.mark.longer
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


@pytest.mark.longer
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
