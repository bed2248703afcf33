"""Studies say which seeds share a split of the data, and what the seeds vary."""

import os
import signal

import pytest

import gdrun as api
from gdrun.runs.run import read_run
from gdrun.runs.session import Session


def notes(command, *words, gdrun, tmp_path):
    answer = gdrun(command, *words, "--seeds", "2", "epochs=1", "-o", str(tmp_path))
    assert answer.code == 0, answer.err
    return " ".join(answer.out.split())


@pytest.mark.longer
def test_studies_say_what_their_seeds_vary(gdrun, tmp_path):
    iris = ("dataset=iris", "model=softmax")
    one = notes("compare", "bgd", "mbgd", *iris, gdrun=gdrun, tmp_path=tmp_path)
    assert (
        "one split for all seeds: dataset.seed 0; p and intervals cover only the order of the "
        "examples; dataset.seed=run draws a new split for each seed"
    ) in one
    own = notes("sweep", "lr=0.1,1", *iris, "dataset.seed=run", gdrun=gdrun, tmp_path=tmp_path)
    assert "a new split for each seed (dataset.seed=run), the same for all settings" in own
    assert "one split" not in own
    words = ("sweep", "lr=0.1,1", "dataset=iris", "model=mlp", "dataset.seed=3")
    assert (
        "dataset.seed 3; ranges and intervals cover only the order of the examples and the "
        "initial weights" in notes(*words, gdrun=gdrun, tmp_path=tmp_path)
    )
    surface = notes("sweep", "lr=0.1,0.2", "surface=bowl", gdrun=gdrun, tmp_path=tmp_path)
    assert "split" not in surface


def test_full_batches_from_zero_weights_vary_with_the_split_only(gdrun, tmp_path):
    words = ("lr=0.1,1", "dataset=iris", "model=softmax", "variant=bgd")
    assert "every seed gives the same run" in notes("sweep", *words, gdrun=gdrun, tmp_path=tmp_path)
    own = notes("sweep", *words, "dataset.seed=run", gdrun=gdrun, tmp_path=tmp_path)
    assert "every seed gives the same run" not in own


@pytest.mark.longer
@pytest.mark.parametrize("data", ["iris", "blobs"])
def test_seeds_of_a_training_have_their_own_data_too(gdrun, tmp_path, data):
    words = ("train", f"dataset={data}", "model=softmax", "epochs=2", "engine=numpy")
    answer = gdrun(*words, "dataset.seed=run", "--seed", "4", "--seeds", "3", "-o", str(tmp_path))
    assert answer.code == 0, answer.err
    assert "seeds 4 to 6 (each with its own data)" in answer.out
    runs = {run.record["seed"]: run for run in map(read_run, tmp_path.iterdir())}
    assert sorted(runs) == [4, 5, 6]
    rows = [line.split()[:2] for line in answer.out.splitlines()]
    assert all([str(seed), "finished"] in rows for seed in runs)
    for seed, run in runs.items():
        alone = api.train(None, *words[1:], f"dataset.seed={seed}", f"seed={seed}")
        assert run.summary["validation_loss"] == alone.summary["validation_loss"]
        assert (run.weights["w"] == alone.weights["w"]).all()
    assert len({run.summary["validation_loss"] for run in runs.values()}) == 3


def test_an_interruption_names_the_command_for_the_seeds_that_are_left(
    gdrun, tmp_path, monkeypatch
):
    def interrupted(self, listeners, name):
        runs = train(self, listeners, name)
        os.kill(os.getpid(), signal.SIGINT)
        return runs

    train = Session.run
    monkeypatch.setattr(Session, "run", interrupted)
    words = ("train", "dataset=iris", "model=softmax", "epochs=1", "dataset.seed=run")
    answer = gdrun(*words, "--seeds", "3", "-o", str(tmp_path))
    assert answer.code == 130
    assert len(list(tmp_path.iterdir())) == 1
    command = "dataset=iris model=softmax epochs=1 dataset.seed=run --seeds 2 --seed 1"
    assert answer.out.endswith(f"to train the other seeds:\n  gdrun train {command}\n")


def test_inspect_shows_the_data_of_the_default_seed(gdrun):
    own = gdrun("inspect", "blobs", "seed=run", "--json")
    assert (own.code, own.out) == (0, gdrun("inspect", "blobs", "--json").out)


def test_the_command_after_inspect_sets_the_seed_of_the_data(gdrun):
    out = gdrun("inspect", "blobs", "seed=run").out
    assert out.endswith("gdrun train dataset=blobs dataset.seed=run model=softmax\n")
