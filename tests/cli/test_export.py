"""`gdrun export`: where it writes, and what it refuses."""

import json

import pytest

from gdrun.cli import export


def test_an_export_of_the_last_run(gdrun, tmp_path):
    runs, folder = str(tmp_path / "runs"), tmp_path / "tables"
    words = ("dataset=iris", "model=softmax", "epochs=2", "-q", "-o", runs)
    assert gdrun("train", *words).code == 0
    answer = gdrun("export", "last", str(folder), "--to", "csv", "--runs", runs, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == {"to": "csv", "destination": str(folder), "runs": 1}
    header = (folder / "evals.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("run,step,epoch,gradients,seconds,train_loss,")
    again = gdrun("export", "last", str(folder), "--runs", runs)
    assert again.code == 2
    assert "tables: exists already\nhint: choose another directory" in again.err


def test_errors_say_what_to_type(gdrun, tmp_path):
    answer = gdrun("export", "last")
    assert answer.code == 2
    assert (
        "the destination is missing\nhint: write for example `gdrun export last --to csv"
        in answer.err
    )
    answer = gdrun("export", "last", "x", "--to", "tensorbord")
    assert "there is no format 'tensorbord'\nhint: did you mean tensorboard?" in answer.err


@pytest.mark.parametrize(
    ("name", "words", "more"),
    [
        ("out.xlsx", (), "such as csv-files"),
        ("model.onnx", ("--to", "tensorboard"), "such as tensorboard-files"),
        ("runs.parquet", (), "such as parquet-files; --to parquet writes this format"),
        ("runs.parquet", ("--to", "parquet"), "such as parquet-files"),
    ],
)
def test_a_directory_has_no_name_of_a_file(gdrun, name, words, more):
    answer = gdrun("export", "last", name, *words)
    assert answer.code == 2
    assert f"error: {name}: " in answer.err
    assert f"hint: choose the name of a directory, {more}\n" in answer.err


@pytest.mark.parametrize(
    ("to", "place", "there", "lines"),
    [
        ("tensorboard", "a b", True, ["to see them:", "  tensorboard --logdir 'a b'"]),
        (
            "tensorboard",
            "a",
            False,
            ["to see them:", "  python -m pip install tensorboard", "  tensorboard --logdir a"],
        ),
        (
            "mlflow",
            "a",
            False,
            [
                *("to see them:", "  python -m pip install mlflow"),
                "  MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri a",
            ],
        ),
        (
            *("mlflow", "sqlite:///a.db", True),
            ["to see them:", "  mlflow ui --backend-store-uri sqlite:///a.db"],
        ),
        (
            *("mlflow", "http://localhost:5000", True),
            ["to see them, open http://localhost:5000 in a browser"],
        ),
        ("wandb", "a b", True, ["to send them:", "  wandb sync 'a b'/wandb/offline-run-*"]),
        ("csv", "a", True, []),
    ],
)
def test_the_next_step_is_a_command_of_the_tool(monkeypatch, to, place, there, lines):
    monkeypatch.setattr(export, "find_spec", lambda module: there or None)
    assert export._in_its_tool(to, place) == lines
