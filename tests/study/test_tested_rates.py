"""The rate of a first experiment on a data file, from a short test on the data of the run."""

import numpy as np
import pytest

import gdrun
from gdrun.data.sources import load_table
from gdrun.runs import experiment_data
from gdrun.study import starting
from gdrun.study.starting import start_study


@pytest.fixture
def remarks(tmp_path, monkeypatch):
    """A table of 6,000 rows with 600 remarks, each in about one row; the others are usual."""
    rng = np.random.default_rng(0)
    lines = ["size,remark,price"]
    for size, kind in zip(rng.normal(size=6000), rng.integers(0, 6000, size=6000), strict=True):
        remark = "usual" if kind >= 600 else f"remark {kind}"
        lines.append(f"{size:.4f},{remark},{2 * size + rng.normal():.4f}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "remarks.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return "remarks.csv"


def test_the_rate_suits_columns_of_rare_values(remarks):
    """A remark in 1 of 4,800 training rows has the value √4800 = 69: small rates explode, too."""
    run = gdrun.train(remarks, "epochs=3")
    losses = run.evals["train_loss"]
    assert losses.max() == losses[0]
    assert run.status != "diverged"
    explodes = gdrun.train(remarks, "epochs=3", "lr=0.01").evals["train_loss"]
    assert explodes.max() > 2 * explodes[0]


@pytest.fixture
def calls(monkeypatch):
    """The names of the functions that read a table or prepare it, in the order of the calls."""
    made = []

    def counted(module, name):
        function = getattr(module, name)

        def wrapper(*args, **options):
            made.append(name)
            return function(*args, **options)

        monkeypatch.setattr(module, name, wrapper)

    counted(starting, "load_table")
    counted(experiment_data, "load_table")
    counted(experiment_data, "prepare")
    return made


@pytest.mark.parametrize("changes", [(), ("dtype=float32", "seed=3"), ("split.test=0.3",)])
def test_the_data_are_read_and_prepared_once(remarks, calls, changes):
    gdrun.train(remarks, "epochs=1", "target=price", *changes)
    assert calls == ["load_table", "prepare"]
    calls.clear()
    gdrun.sweep(remarks, "lr=0.1,0.2", "epochs=1", "target=price", *changes)
    assert calls == ["load_table", "prepare"]


def test_a_tested_study_reads_and_prepares_its_data_once(remarks, calls):
    config, assumed = start_study(remarks, ["target=price", "dtype=float32", "seed=3"], ())
    assert config["optimizer"]["lr"] > 0
    assert "short test of rates" in assumed["optimizer"]
    gdrun.compare(["bgd", "mbgd"], config, "epochs=1", seeds=1)
    assert calls == ["load_table", "prepare"]


def test_the_run_has_the_data_of_the_table(remarks):
    """The test takes some rows of the prepared data, and leaves them as they are."""
    run = gdrun.train(remarks, "epochs=1", "target=price")
    config = {**run.config, "optimizer": {"name": "adam", "lr": run.config["optimizer"]["lr"]}}
    alone = gdrun.train(config)
    assert alone.summary["train_loss"] == run.summary["train_loss"]
    assert len(load_table({"path": remarks, "target": "price"}).y) == 6000
