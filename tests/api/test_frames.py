"""Results as columns, and as frames of pandas and polars."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gdrun
from gdrun.errors import GdrunError, MissingExtraError

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
    assert row["optimizer.lr"] == str(run.config["optimizer"]["lr"])


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


def test_a_table_that_does_not_exist(run):
    with pytest.raises(GdrunError, match="there is no table 'eval'\nhint: did you mean evals"):
        run.columns("eval")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_without_the_library_the_error_says_how_to_get_it(library, run, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"to_{library} needs .*\n.*gdrun\[frames\]"):
        getattr(run, f"to_{library}")()
