"""A loss that jumps far above its start again and again: every command gives it one verdict."""

from dataclasses import replace

import numpy as np
import pytest
from curves import curves

import gdrun
from gdrun.insight.remedies import traced
from gdrun.runs import trace_file
from gdrun.runs.trace_file import thinned_evaluations
from gdrun.symptoms import peaks
from gdrun.symptoms.registry import diagnose

RAW = {"name": "breast-cancer", "standardize": False}
CONFIG = {"dataset": RAW, "model": {"name": "logistic", "l2": 1e-3}, "variant": "bgd"}
WORDS = ("optimizer=vanilla", "schedule=constant", "lr=1e-4", "steps=3000", "target_loss=0.25")


def names(found):
    return [each["name"] if isinstance(each, dict) else each.name for each in found]


@pytest.mark.longer
def test_train_diagnose_and_sweep_agree_on_a_chaotic_run(tmp_path, monkeypatch):
    """The rate is about 20 times 2/L: rounding decides where the loss is after many steps."""
    monkeypatch.setattr(trace_file, "MOST_EVALUATIONS", 100)
    run = gdrun.train(CONFIG, *WORDS, "log.points=100", out=tmp_path)
    loss = run.evals["train_loss"]
    assert len(loss) > 300 and loss[-1] < loss[0] < loss[len(loss) // 2 :].max()
    read = gdrun.read_run(run.directory)
    assert len(read.evals["train_loss"]) < len(loss) / 2
    recorded = run.record["diagnosis"]
    assert names(diagnose(traced(read))) == names(diagnose(traced(run))) == names(recorded)
    assert "exploding" not in names(recorded)
    sweep = gdrun.sweep(CONFIG, {"lr": [1e-6, 1e-4]}, *WORDS, "log.points=100")
    jumps = sweep.standings[1].symptom
    assert jumps == names(recorded)[0]


def test_random_peaks_neither_fall_nor_stay():
    """Of 400 walks of peaks from one distribution, chance lets 1/8! · 400 < 0.01 fall."""
    rng = np.random.default_rng(3)
    walks = [rng.uniform(0, 1, 240) for _ in range(400)]
    assert sum(peaks.fall(each) for each in walks) == 0
    assert sum(peaks.stay(each) for each in walks) == 0
    swing = 1 + np.cos(np.arange(240))
    assert peaks.fall(swing * 0.99 ** np.arange(240)) and peaks.stay(np.resize([0.0, 1.0], 240))


def test_full_batches_that_jump_and_end_far_below_their_start_oscillate():
    """From 1 the loss ends at 0.3, and every fifth one is 9; 0.6 of the largest fall is fallen."""
    loss = np.where(np.arange(100) % 5 == 1, 9.0, 0.4)
    loss[0], loss[-1] = 1, 0.3
    assert names(diagnose(curves(loss))) == ["early explosion", "oscillation"]
    # A loss that ended at its level above the start explodes.
    high = np.random.default_rng(1).uniform(2, 9, 100)
    high[0] = 1
    assert names(diagnose(curves(high))) == ["exploding"]
    noisy = curves(loss)
    noisy = replace(noisy, config=noisy.config | {"variant": {"name": "mbgd"}})
    assert names(diagnose(noisy)) == ["exploding"]


@pytest.mark.parametrize("number", [95, 111, 112, 113, 260, 5000])
def test_thinning_an_own_result_changes_nothing(number):
    """What is read from a file is judged as it is in memory, whatever the number of columns."""
    rng = np.random.default_rng(number)
    columns = {name: rng.normal(size=number) for name in ("train_loss", "a", "b", "c", "d")}
    columns["step"] = np.arange(number)
    once = thinned_evaluations(columns, 100)
    assert once["step"][:2].tolist() == [0, 1]
    twice = thinned_evaluations(once, 100)
    assert twice["step"].tolist() == once["step"].tolist()
