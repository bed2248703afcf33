"""Files in the shape of public data sets, from `inspect` to predictions in a new process."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from public_files import FILES

import gdrun as package

WORDS = {
    "adult.data": ["missing={x1: most_frequent}"],
    "winequality-red.csv": ["task=regression"],
}


def in_a_new_process(*words):
    command = [sys.executable, "-m", "gdrun", *words]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_the_whole_path(gdrun, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    file, words = FILES[name], WORDS[name]
    file.write(tmp_path / name)
    inspected = json.loads(gdrun("inspect", name, *words, "--json").out)
    assert [column["kind"] for column in inspected["columns"]] == file.kinds.split()
    assert (inspected["rows"], inspected["target"]) == (file.rows, file.target)
    classes = inspected["task"] == "classification"
    assert classes == (name == "adult.data")

    short = ["split={validation: 0, test: 0}", "lr=0.1", "epochs=5", "engine=numpy", "variant=bgd"]
    trained = json.loads(gdrun("train", name, *words, *short, "--json").out)
    run = package.read_run(trained["directory"])

    predicted = list(csv.DictReader(io.StringIO(in_a_new_process("predict", trained["id"], name))))
    assert len(predicted) == file.rows
    scores = run.model.scores(name)
    if classes:
        # A logistic model: the probability of the second class, in the order of the rows.
        labels = [np.array(["<=50K", ">50K"])[int(score > 0)] for score in scores]
        assert [row["prediction"] for row in predicted] == labels
        found = [float(row["probability_>50K"]) for row in predicted]
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-scores)), rtol=1e-12)
    else:
        target = np.array(list(map(float, file.values)))
        own = scores * target.std() + target.mean()
        np.testing.assert_allclose([float(row["prediction"]) for row in predicted], own, rtol=1e-12)

    measured = json.loads(in_a_new_process("evaluate", trained["id"], name, "--json"))
    assert measured["rows"] == file.rows
    metric = "accuracy" if classes else "rmse"
    own = trained["summary"]["metrics"]["train"][metric]
    assert measured["metrics"][metric] == pytest.approx(own, rel=1e-12)
    if classes:
        right = [
            row["prediction"] == value for row, value in zip(predicted, file.values, strict=True)
        ]
        assert own == np.mean(right)
