"""`gdrun show`: it shows a run as when it ended, or prints it as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.runs.experiment_data import experiment_data

WORDS = ("dataset=iris", "model=softmax", "schedule=constant", "epochs=3", "name=flowers")


def only(path):
    (found,) = (path / "runs").iterdir()
    return found.name


def as_shown(text):
    """The screen of `train` as `show` repeats it."""
    return text.replace("written to runs/", "from runs/")


def without_confusion(text):
    """The screen of `show` without the confusion matrix, which `train` does not print."""
    lines = text.splitlines(keepends=True)
    (start,) = (at for at, line in enumerate(lines) if "true ↓ predicted →" in line)
    return "".join(lines[:start] + lines[lines.index("\n", start) + 1 :])


@pytest.mark.longer
def test_it_shows_what_train_showed(here, tmp_path):
    trained = here("train", *WORDS, "clip.norm=0.5", "stopping.watch=[target_accuracy]")
    shown = here("show")
    assert (shown.code, shown.err) == (0, "")
    name = only(tmp_path)
    assert without_confusion(shown.out) == as_shown(trained.out)
    for word in ("last", name, name[-4:], "flowers", f"runs/{name}"):
        assert here("show", word).out == shown.out


def test_a_record_of_an_earlier_version_has_no_metrics(here, tmp_path):
    here("train", *WORDS)
    file = tmp_path / "runs" / only(tmp_path) / "run.json"
    record = json.loads(file.read_text())
    for key in ("metrics", "baseline", "confusion", "recalls"):
        del record["summary"][key]
    file.write_text(json.dumps(record))
    lines = here("show").out.splitlines()
    assert [line.split("  ", 2)[1:] for line in lines if " loss 0." in line] == [
        ["train", "     loss 0.4595, accuracy 80.8 %"],
        ["validation", "loss 0.4866, accuracy 86.7 %"],
        ["test", "      loss 0.4771, accuracy 86.7 %"],
        ["best", "      validation loss 0.4866 at epoch 3"],
    ]
    (row,) = json.loads(here("runs", "--json").out)["runs"]
    assert row["test_accuracy"] == record["summary"]["test_accuracy"]


@pytest.mark.longer
def test_metrics_are_columns_of_the_list_of_runs(here, tmp_path):
    for rate in ("1e-9", "0.1"):
        here("train", *WORDS, f"lr={rate}", "evaluate.metrics=[log_loss]")
    rows = json.loads(here("runs", "--sort", "test_log_loss", "--json").out)["runs"]
    assert [row["lr"] for row in rows] == [0.1, 1e-9]
    assert rows[0]["test_log_loss"] == pytest.approx(rows[0]["test_loss"], rel=1e-12)


def test_a_diverged_run(here):
    words = ("dataset=diabetes", "model=linear", "variant=bgd", "lr=1e200", "schedule=constant")
    trained = here("train", *words)
    assert trained.code == 3
    assert here("show").out == as_shown(trained.out)


def test_the_confusion_matrix_of_the_test_part(here):
    here("train", *WORDS)
    run = gdrun.read_run(next(Path("runs").iterdir()))
    test = experiment_data(resolve(run.config)).test
    counts = [[0, 0, 0] for _ in range(3)]
    for x, code in zip(test.X, test.y, strict=True):
        counts[code][np.argmax(x @ run.weights["w"] + run.weights["b"])] += 1
    lines = here("show").out.splitlines()
    (start,) = (at for at, line in enumerate(lines) if "true ↓ predicted →" in line)
    assert lines[start : start + 4] == [
        "  test: true ↓ predicted →  setosa  versicolor  virginica",
        *(
            f"  {label:<24}{row[0]:>8}{row[1]:>12}{row[2]:>11}"
            for label, row in zip(("setosa", "versicolor", "virginica"), counts, strict=True)
        ),
    ]


def test_a_narrow_terminal_shows_the_errors_in_place_of_the_confusion_matrix(here, monkeypatch):
    here("train", "epochs=1", "-q")
    run = gdrun.read_run(next(Path("runs").iterdir()))
    matrix = np.array(run.summary["confusion"]["matrix"])
    np.fill_diagonal(matrix, 0)
    monkeypatch.setenv("COLUMNS", "40")
    lines = here("show").out.splitlines()
    start = lines.index("  test: true  predicted  rows")
    shown = [tuple(map(int, line.split())) for line in lines[start + 1 : lines.index("", start)]]
    assert [number for _, _, number in shown] == sorted(matrix[matrix > 0], reverse=True)[:10]
    assert all(matrix[true, predicted] == number for true, predicted, number in shown)


def layers(text):
    """The table of layers in a screen: its lines, single-spaced."""
    lines = text.splitlines()
    (start,) = (at for at, line in enumerate(lines) if line.split()[:1] == ["layer"])
    return [" ".join(line.split()) for line in lines[start : lines.index("", start)]]


@pytest.mark.longer
def test_a_network_shows_its_layers(here):
    # From zeros every score is 0, so that no gradient reaches a weight, and ReLU is flat at 0.
    model = "model={name: mlp, hidden: [4], init: zeros}"
    trained = here("train", "dataset=iris", model, "epochs=1")
    assert without_confusion(here("show").out) == as_shown(trained.out)
    assert layers(trained.out) == [
        "layer grad norm at epoch 0 at epoch 1 update/weight dead saturated",
        "layer1 0 0 0 100.0 % 0.0 %",
        "layer2 0 0 0 – –",
    ]
    assert "layer1" not in here("train", "dataset=iris", model, "epochs=1", "-q").out


@pytest.mark.longer
def test_gradients_are_seen_to_vanish(here):
    model = "model={name: mlp, hidden: [9,9,9,9,9,9,9,9,9,9], activation: %s, init: %s}"
    norms = {}
    for activation, init in (("sigmoid", "normal"), ("relu", "he")):
        screen = here("train", "dataset=iris", model % (activation, init), "epochs=1").out
        norms[activation] = [float(row.split()[1]) for row in layers(screen)[1:]]
    assert len(norms["sigmoid"]) == len(norms["relu"]) == 11
    # A layer passes on at most ¼ ‖w‖ of what reaches it. ‖w‖² is a sum of 81 squares with mean
    # 1e-4, so that ‖w‖ ≈ 0.01 · 9, and its largest singular value is smaller: a factor of 44.
    for nearer, farther in zip(norms["sigmoid"][2:10], norms["sigmoid"][1:9], strict=True):
        assert farther < nearer / 44
    assert norms["relu"][0] > 0.01 * norms["relu"][-1]


def test_as_a_document(here, tmp_path):
    here("train", *WORDS)
    document = json.loads(here("show", "--json").out)
    path = tmp_path / "runs" / only(tmp_path)
    assert document.pop("directory") == f"runs/{path.name}"
    record = json.loads((path / "run.json").read_text())
    # run.json also has the config, so that a list of many runs need not read YAML.
    assert record.pop("config")["name"] == document["name"]
    assert document == record


def test_a_run_that_is_still_going(here, tmp_path):
    here("train", *WORDS)
    path = tmp_path / "runs" / only(tmp_path)
    record = json.loads((path / "run.json").read_text())
    changes = {"status": "running", "stop": None, "summary": None}
    process = {"process": {"pid": 1, "host": "elsewhere"}}
    (path / "run.json").write_text(json.dumps(record | changes | process))
    (path / "weights.npz").unlink()
    answer = here("show")
    assert (answer.code, answer.err) == (0, "")
    assert "\nstill running\n" in answer.out
    # Not even a line of its trace.
    (path / "trace.jsonl").unlink()
    answer = here("show")
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.longer
def test_last_is_the_one_that_was_written_last(here):
    for seed in range(4):
        here("train", *WORDS, "-q", "--seed", str(seed))
    assert json.loads(here("show", "last", "--json").out)["seed"] == 3


def test_a_word_that_finds_none(here):
    answer = here("show", "roses")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: runs: no run or study is called 'roses'\n"
        "hint: `gdrun train` makes a run; --out is the directory that holds the runs\n"
    )


def test_a_damaged_run_says_where(here, tmp_path):
    here("train", *WORDS)
    name = only(tmp_path)
    (tmp_path / "runs" / name / "config.yaml").write_text("a: [1")
    answer = here("show")
    assert answer.code == 2
    assert answer.err.startswith(f"error: runs/{name}/config.yaml:1:")
