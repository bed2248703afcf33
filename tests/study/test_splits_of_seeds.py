"""dataset.seed=run: each seed of a study has its own split, which its contenders share."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.runs.experiment_data import experiment_data

IRIS = {
    "dataset": {"name": "iris", "standardize": False},
    "model": "softmax",
    "engine": "numpy",
    "stopping": {"epochs": 2},
}
"""Zero initial weights: with full batches the seed of a run changes nothing but the split."""


def test_the_split_is_that_of_the_seed_of_the_run():
    for seed in (0, 5):
        own = experiment_data(load(IRIS, ["dataset.seed=run", f"seed={seed}"]))
        fixed = experiment_data(load(IRIS, [f"dataset.seed={seed}", "seed=9"]))
        assert (own.train.X == fixed.train.X).all()
    other = experiment_data(load(IRIS, ["dataset.seed=run", "seed=1"]))
    assert (own.train.X != other.train.X).any()


def test_generated_data_are_those_of_the_seed_of_the_run():
    blobs = {"dataset": {"name": "blobs", "n": 60}, "model": "softmax"}
    own = experiment_data(load(blobs, ["dataset.seed=run", "seed=4"]))
    assert own.sha256 == experiment_data(load(blobs, ["dataset.seed=4"])).sha256


@pytest.mark.longer
def test_each_trial_of_a_study_equals_a_single_run_on_its_split(tmp_path):
    table = gdrun.compare(["bgd", "mbgd"], IRIS, "dataset.seed=run", seeds=3, out=tmp_path)
    losses = []
    for row in table.contenders:
        for seed, result in enumerate(row.standing.results):
            words = (f"variant={row.name}", f"dataset.seed={seed}", f"seed={seed}")
            alone = gdrun.train(IRIS, *words)
            assert result.record["summary"]["validation_loss"] == pytest.approx(
                alone.summary["validation_loss"], rel=1e-12
            )
            losses.append(alone.summary["validation_loss"])
    assert len(np.unique(losses)) == 6  # 3 splits for each of the 2 contenders
    # The record repeats the study: no trial is trained again.
    again = gdrun.compare(
        ["bgd", "mbgd"], IRIS, "dataset.seed=run", seeds=3, resume=next(tmp_path.iterdir())
    )
    assert (again.work.run, again.work.found) == (0, 6)
