"""Results as columns, and as frames of pandas and polars."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gdrun
from gdrun.errors import GdrunError, MissingExtraError
from gdrun.views.export.files import write_csv, write_parquet
from gdrun.views.export.tables import runs_table, tables
from gdrun.views.recorded import Recorded, recorded_trials

CONFIG = {"dataset": "iris", "model": "softmax"}


@pytest.fixture(scope="module")
def run():
    return gdrun.train(CONFIG, "epochs=3")


@pytest.fixture(scope="module")
def comparison():
    return gdrun.compare(["bgd", "mbgd"], CONFIG, "epochs=2", seeds=2)


def test_a_run_as_frames(run):
    evals, steps = run.to_pandas("evals"), run.to_polars("steps")
    np.testing.assert_array_equal(evals["train_loss"], run.evals["train_loss"])
    assert evals["step"].tolist() == run.evals["step"].tolist()
    assert isinstance(steps, pl.DataFrame)
    np.testing.assert_array_equal(steps["grad_norm"].to_numpy(), run.steps["grad_norm"])
    (row,) = run.to_polars().to_dicts()
    assert row["train_loss"] == run.summary["train_loss"]
    assert row["optimizer.lr"] == run.config["optimizer"]["lr"]


def test_a_comparison_has_a_row_for_each_trial(comparison):
    frame = comparison.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["variant"].tolist() == ["bgd", "bgd", "mbgd", "mbgd"]
    results = [result for each in comparison.contenders for result in each.standing.results]
    expected = [result.summary["validation_loss"] for result in results]
    assert frame["validation_loss"].tolist() == expected
    # A full batch has no batch size.
    assert frame["variant.batch_size"].isna().tolist() == [True, True, False, False]
    assert comparison.to_polars()["variant.batch_size"].null_count() == 2


def test_all_tables_of_a_study_name_contender_and_seed(comparison):
    trials = [(row.name, seed) for row in comparison.contenders for seed in (0, 1)]
    for table in ("runs", "evals", "steps"):
        frame = comparison.to_pandas(table)
        pairs = list(dict.fromkeys(zip(frame["contender"], frame["seed"], strict=True)))
        assert pairs == trials
    (only,) = comparison.contenders[:1]
    frame = comparison.to_pandas("evals").query("contender == @only.name and seed == 1")
    np.testing.assert_array_equal(frame["train_loss"], only.standing.results[1].evals["train_loss"])
    sweep = gdrun.sweep(CONFIG, {"lr": [0.01, 0.1]}, "epochs=1")
    assert sweep.to_pandas("steps")["setting"].unique().tolist() == ["lr=0.01", "lr=0.1"]


def test_runs_have_their_metrics_by_part(run, comparison):
    """The metrics are those of scikit-learn, on the predictions for the rows of each part."""
    from sklearn.metrics import balanced_accuracy_score

    from gdrun.config.loading import load
    from gdrun.runs.experiment_data import experiment_data

    data = experiment_data(load(run.config))
    (row,) = run.to_polars().to_dicts()
    for name in ("train", "validation", "test"):
        part = getattr(data, name)
        scores = part.X @ run.weights["w"] + run.weights["b"]
        expected = balanced_accuracy_score(part.y, scores.argmax(axis=1))
        assert row[f"{name}_balanced_accuracy"] == pytest.approx(expected)
    # The metric that ranks a study is in its table: the ranking can be made from it.
    found = gdrun.sweep(CONFIG, {"lr": [1e-4, 0.01, 0.1]}, "epochs=2", metric="f1", seeds=2)
    medians = found.to_pandas().groupby("setting")["validation_f1"].median()
    best = found.best.name
    assert medians[best] == medians.max()
    shown = {each.candidate.name: -each.spread.median for each in found.standings}
    assert medians.to_dict() == pytest.approx(shown)


def test_settings_keep_their_types(tmp_path):
    values = {"lr": [0.01, 1], "dataset.split.test": [0.2, 30]}
    config = CONFIG | {"optimizer": "momentum"}
    sweep = gdrun.sweep(config, values, "epochs=1", "clip.norm=2", out=tmp_path)
    (study,) = tmp_path.iterdir()
    frame = gdrun.read_study(study).to_pandas("runs")
    assert frame["optimizer.lr"].tolist() == [0.01, 0.01, 1.0, 1.0]
    assert frame["dataset.split.test"].tolist() == [0.2, 30.0, 0.2, 30.0]
    assert frame["seed"].tolist() == [0] * 4
    assert frame["variant.drop_last"].dtype == bool
    assert frame["optimizer"].tolist() == ["momentum"] * 4
    # A frame of numbers can be computed with, and Parquet has the same types.
    assert frame.groupby("optimizer.lr")["train_loss"].mean().index.tolist() == [0.01, 1.0]
    table = tables(recorded_trials(sweep))["runs"]
    write_parquet(table, tmp_path / "runs.parquet")
    read = pl.read_parquet(tmp_path / "runs.parquet")
    kinds = {"optimizer.lr": pl.Float64, "seed": pl.Int64, "optimizer": pl.String}
    kinds |= {"variant.drop_last": pl.Boolean, "clip.norm": pl.Float64}
    assert {name: read[name].dtype for name in kinds} == kinds
    assert read["optimizer.lr"].to_list() == frame["optimizer.lr"].tolist()
    write_csv(table, tmp_path / "runs.csv")
    pd.testing.assert_series_equal(
        pd.read_csv(tmp_path / "runs.csv")["variant.drop_last"],
        frame["variant.drop_last"],
    )


def test_a_column_of_values_of_several_kinds_is_text():
    configs = [{"log": {"points": points}} for points in (100, "all", None, True)]
    records = [
        Recorded(str(n), str(n), "finished", "", config, {}, (), {}, {})
        for n, config in enumerate(configs)
    ]
    column = runs_table(records)["log.points"]
    assert column.tolist() == ["100", "all", None, "true"]
    flags = runs_table([records[3], records[2]])["log.points"]
    assert (flags.dtype, flags.tolist()) == (bool, [True, None])


def test_a_table_that_does_not_exist(run):
    with pytest.raises(GdrunError, match="there is no table 'eval'\nhint: did you mean evals"):
        run.columns("eval")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_without_the_library_the_error_says_how_to_get_it(library, run, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"to_{library} needs .*\n.*gdrun\[frames\]"):
        getattr(run, f"to_{library}")()
