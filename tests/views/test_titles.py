"""The titles of charts of several runs and of studies."""

import pytest

import gdrun
from gdrun.views.titles import runs_title, study_title

IRIS = {"dataset": "iris", "model": "softmax", "engine": "numpy"}


@pytest.mark.longer
def test_a_title_names_what_runs_share():
    def run(*changes):
        return gdrun.train(IRIS, "epochs=1", *changes)

    assert runs_title([run("name=mine")]) == "mine"
    assert runs_title([run("lr=0.1"), run("lr=0.2")]) == "iris-softmax"
    assert runs_title([run("name=a", "lr=0.1"), run("name=b", "lr=0.2")]) == (
        "2 runs of softmax on iris"
    )
    assert runs_title([run(), run("model=mlp")]) == "2 runs on iris"
    assert (
        runs_title([run(f"seed={seed}") for seed in range(3)]) == "iris-softmax: median of 3 seeds"
    )
    seeds = [run("seed=1"), run("seed=2"), run("lr=0.3")]
    assert runs_title(seeds) == "iris-softmax: median of up to 2 seeds"
    # Two runs with the same seed are not two seeds.
    assert runs_title([run("seed=1"), run("seed=1")]) == "iris-softmax"


def test_a_title_of_a_study_names_what_its_contenders_share():
    found = gdrun.compare(["softmax", "mlp"], IRIS, "epochs=1", seeds=2)
    assert study_title(found) == "2 contenders on iris: median of 2 seeds"
