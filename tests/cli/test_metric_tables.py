"""Metrics on the command line: the table of a run, its baseline, and `gdrun list metrics`."""

import json

import numpy as np
import pytest


@pytest.fixture
def train(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: gdrun("train", *words, "engine=numpy", "schedule=constant")


def table(answer):
    """The lines of the table and of what is said about the baseline, without leading spaces."""
    lines = [line.strip() for line in answer.out.splitlines()]
    start = next(at for at, line in enumerate(lines) if line.startswith("loss "))
    end = next(at for at, line in enumerate(lines) if line.startswith("best "))
    return [" ".join(line.split()) for line in lines[start:end]]


def test_a_regression_has_errors_in_the_unit_of_its_target(train):
    answer = train("dataset=diabetes", "model=linear", "epochs=30", "-q")
    heading, *rows = table(answer)
    assert heading == "loss RMSE MAE R²"
    assert [row.split()[0] for row in rows if row] == [
        "train",
        "validation",
        "test",
        "baseline",
        "baseline",
    ]
    assert rows[-1] == "baseline always 152.8, the mean training target; on the test part"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("split", "rest"),
    [
        ("{validation: 0.2, test: 0.2}", ", not of validation or test loss"),
        ("{validation: 0.2, test: 0}", ", not of validation loss"),
        ("{validation: 0, test: 0}", ""),
    ],
)
def test_a_penalty_is_part_of_the_train_loss_alone(train, gdrun, split, rest):
    words = ("dataset=iris", "model=softmax", "epochs=3", f"dataset.split={split}", "-q")
    line = f"penalty l2 0.5 is part of the train loss{rest}"
    for answer in (train(*words, "l2=0.5"), gdrun("show")):
        assert line in [" ".join(each.split()) for each in answer.out.splitlines()]
    assert "penalty" not in train(*words).out


@pytest.mark.longer
def test_a_model_that_always_says_no(train, tmp_path):
    # 180 rows of "no" and 20 of "yes", with features that say nothing; a tiny rate leaves the
    # weights near their start, at a score below 0 for every row, so that all are called "no".
    rng = np.random.default_rng(1)
    rows = [f"{x:.3f},{'yes' if k % 10 == 0 else 'no'}" for k, x in enumerate(rng.normal(size=200))]
    (tmp_path / "churn.csv").write_text("x,churn\n" + "\n".join(rows) + "\n")
    words = ("dataset.path=churn.csv", "model=logistic", "variant=bgd", "lr=0.01", "epochs=2")
    answer = train(*words, "-q")
    assert table(answer)[1:] == [
        *(
            f"{part} {loss} 90.0 % 50.0 % 0"
            for part, loss in zip(("train", "validation", "test"), losses(answer), strict=True)
        ),
        # −0.9 ln 0.9 − 0.1 ln 0.1 = 0.3251.
        "baseline 0.3251 90.0 % 50.0 % 0",
        "",
        "baseline always no, the most frequent training class; on the test part",
        "note validation accuracy 90.0 % is no better than the baseline's 90.0 %",
        "note test accuracy 90.0 % is no better than the baseline's 90.0 %",
    ]
    # Another first metric judges the run, and one class of two gives F1 its name.
    (heading, *rows) = table(train(*words, "evaluate.metrics=[recall,f1]", "-q"))
    assert heading == "loss recall (yes) F1 (yes)"
    assert rows[-1] == "note test F1 0 is no better than the baseline's 0"
    assert "note" not in train(*words, "evaluate.metrics=[recall]", "-q").out
    assert table(train(*words, "evaluate.metrics=[roc_auc]", "-q"))[0] == "loss ROC AUC"


def losses(answer):
    """The losses in the table: those of the three parts."""
    return [row.split()[1] for row in table(answer)[1:4]]


def test_without_held_out_parts_the_training_part_is_judged(train):
    split = "dataset.split={validation: 0, test: 0}"
    answer = train("dataset=diabetes", "model=linear", "lr=1e-6", "epochs=1", split, "-q")
    rows = table(answer)
    assert rows[-2] == "baseline always 152.1, the mean training target; on the train part"
    # With zero weights the RMSE is √(152.1² + 77.01²) = 170.5.
    assert rows[-1] == "note train RMSE 170.5 is no better than the baseline's 77.01"


@pytest.mark.longer
@pytest.mark.parametrize("width", [120, 80, 60, 50, 40, 30])
def test_a_narrow_terminal_leaves_out_the_last_metrics(train, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    answer = train("dataset=iris", "model=softmax", "epochs=1", "-q")
    shown = [line for line in answer.out.splitlines() if line.startswith(("train ", "test "))]
    assert len(shown) == 2
    assert not any("…" in line for line in shown)
    # A row has its part, its loss, and in percent two of the three metrics.
    counts = {120: 7, 80: 7, 60: 7, 50: 6, 40: 4, 30: 4}
    assert len(shown[0].split()) == counts[width]


@pytest.mark.longer
def test_a_metric_stops_a_run_and_is_named(train):
    words = ("dataset=breast-cancer", "model=logistic", "evaluate.every=0.125", "epochs=3", "-q")
    rules = ("early_stopping.metric=f1", "early_stopping.patience=3")
    answer = train(*words, *rules, "--json")
    record = json.loads(answer.out)
    best = record["summary"]["best"]
    assert (best["metric"], record["stop"]["rule"]) == ("f1", "early_stopping")
    assert record["stop"]["message"].startswith(
        "the validation F1 has not improved for 3 evaluations "
        f"(best {best['value']:.4g} at epoch {best['epoch']:.2f}".rstrip("0")
    )
    full = train(*words[:-1], *rules)
    assert "val F1" in full.out
    assert f"best       validation F1 {best['value']:.4g} at epoch" in full.out


def test_the_list_of_metrics_has_their_direction(gdrun):
    lines = gdrun("list", "metrics").out.splitlines()
    assert lines[0].split() == ["name", "equation", "better"]
    better = {line.split()[0]: line.split()[-1] for line in lines[1:] if line[:1].strip()}
    del better["In"]
    smaller = {name for name, word in better.items() if word == "smaller"}
    assert smaller == {"log_loss", "rmse", "mae"}
    assert {name for name, word in better.items() if word == "larger"} == {
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "r2",
    }
    page = gdrun("list", "rmse").out
    assert "√((1/n) Σ (ŷᵢ − yᵢ)²)" in page
    assert "Better       smaller\n" in page
    (entry,) = json.loads(gdrun("list", "rmse", "--json").out)["metrics"]
    assert (entry["better"], entry["task"]) == ("smaller", "regression")
