"""Studies say which evaluations chose the weights that their runs return, and what files differ in.

Oracle: the epoch of the best value in the traces, by the metric of each config.
"""

from pathlib import Path

import numpy as np
import pytest

from gdrun import read_study
from gdrun.config.writing import to_yaml

BASE = {
    "dataset": {"name": "breast-cancer"},
    "model": "logistic",
    "variant": {"name": "mbgd", "batch_size": 32},
    "optimizer": {"name": "adam", "lr": 0.03},
    "engine": "numpy",
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three configs: the weights are chosen by the loss, by balanced accuracy, and not chosen."""
    monkeypatch.chdir(tmp_path)
    by = {"loss": {"patience": 9}, "rare": {"patience": 9, "metric": "balanced_accuracy"}}
    for name in ("loss", "rare", "last"):
        stopping = {"epochs": 9} | ({"early_stopping": by[name]} if name in by else {})
        Path(f"{name}.yaml").write_text(to_yaml(BASE | {"stopping": stopping}), encoding="utf-8")


def page_of(gdrun, *words):
    answer = gdrun(*words, "--seeds", "3")
    assert answer.code == 0, answer.err
    (study,) = Path("runs").iterdir()
    return " ".join(answer.out.split()), {row.name: row for row in read_study(study).ranking}


def median_epoch(row, column, best):
    evals = [result.evals for result in row.results]
    return f"{np.median([each['epoch'][best(each[column])] for each in evals]):g}"


def test_contenders_say_which_metrics_chose_their_weights(gdrun, files):
    page, rows = page_of(gdrun, "compare", "loss.yaml", "rare.yaml")
    loss = median_epoch(rows["loss"], "validation_loss", np.argmin)
    rare = median_epoch(rows["rare"], "validation_balanced_accuracy", np.argmax)
    assert f"loss: those of epoch {loss} (median), which the best val loss chose" in page
    assert (
        f"rare: those of epoch {rare} (median), which the best val balanced accuracy chose" in page
    )
    assert "the final val loss is that of these weights, and may not be the best" in page
    assert "loss: early_stopping.metric not set" in page
    assert "rare: early_stopping.metric balanced_accuracy" in page


def test_chosen_weights_are_told_from_the_last_ones(gdrun, files):
    page, rows = page_of(gdrun, "compare", "loss.yaml", "last.yaml")
    loss = median_epoch(rows["loss"], "validation_loss", np.argmin)
    assert f"loss: those of epoch {loss} (median), which the best val loss chose" in page
    assert "last: those at the end" in page


@pytest.mark.parametrize("config", ["loss.yaml", "last.yaml"])
def test_weights_chosen_by_the_metric_that_ranks_need_no_note(gdrun, files, config):
    page, _ = page_of(gdrun, "sweep", "lr=0.01,0.1", "-c", config)
    assert "those of" not in page
    assert "those at the end" not in page
    assert " differ " not in page


def test_a_sweep_says_that_another_metric_chose_the_weights(gdrun, files):
    page, rows = page_of(gdrun, "sweep", "lr=0.001,1", "-c", "loss.yaml", "--metric", "roc_auc")
    epochs = {name: median_epoch(row, "validation_loss", np.argmin) for name, row in rows.items()}
    assert epochs["lr=0.001"] != epochs["lr=1"]
    listed = ", ".join(f"{epochs[name]} ({name})" for name in ("lr=0.001", "lr=1"))
    assert f"those of median epochs {listed}, which the best val loss chose" in page
