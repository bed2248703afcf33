"""Steps that are taken while the weights before them are evaluated change no result."""

import time
from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.engine import steps_ahead, trainer
from gdrun.engine.steps_ahead import StepsAhead

ROWS, COLUMNS = 4_000, 50
"""The training part, 3,200 rows, has more entries than a thread evaluates alone."""


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(ROWS, COLUMNS))
    return X, (X @ draw.normal(size=COLUMNS) + draw.normal(size=ROWS) > 0).astype(int)


@pytest.fixture
def begun(monkeypatch):
    """The chunks that were begun in advance, as (epoch, number of steps), on two cores."""
    monkeypatch.setattr(steps_ahead, "thread_count", lambda: 2)
    seen, begin = [], StepsAhead.begin

    def spy(self, stepper, state, rates, betas):
        begin(self, stepper, state, rates, betas)
        if self._begun is not None:
            seen.append((state.place.epoch, len(rates)))

    monkeypatch.setattr(StepsAhead, "begin", spy)
    return seen


def run_of(data, *changes):
    config = {
        "model": "logistic",
        "optimizer": {"name": "adam", "lr": 0.01},
        "variant": {"name": "mbgd", "batch_size": 64},
        "stopping": {"epochs": 6},
        "dataset": {"split": {"validation": 0.2, "test": 0}},
        "log": {"points": "all"},
        "engine": "compiled",
    }
    return gdrun.train(config, *changes, data=data)


ENDINGS = {
    "all epochs": (),
    "cosine": ("schedule=cosine", "schedule.per=step"),
    "a rate that an evaluation changes": (
        *("schedule=plateau", "schedule.patience=1", "lr=0.3", "epochs=15"),
    ),
    "a momentum that the schedule changes": ("optimizer=momentum", "schedule=one_cycle"),
    "several evaluations an epoch": ("evaluate.every=0.3",),
    "an evaluation each two epochs": ("evaluate.every=2",),
    "a budget within an epoch": ("stopping.steps=100",),
    "early stopping": ("stopping.early_stopping.patience=1", "lr=0.5", "epochs=40"),
    "a target": ("stopping.target_loss=0.5",),
    "divergence": ("optimizer=vanilla", "lr=1e300", "schedule.warmup=2"),
    "single examples": ("variant=sgd", "lr=0.001", "epochs=3"),
    "averaged weights": ("optimizer.average=ema",),
    "growing batches": ("variant.batch_growth={factor: 2, every: 1}",),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_run_is_the_same_bit_for_bit(data, begun, monkeypatch, ending):
    ahead = run_of(data, *ENDINGS[ending])
    assert begun
    begun.clear()
    monkeypatch.setattr(steps_ahead, "thread_count", lambda: 1)
    plain = run_of(data, *ENDINGS[ending])
    assert not begun
    assert (ahead.status, ahead.summary["steps"]) == (plain.status, plain.summary["steps"])
    for one, other in ((ahead.steps, plain.steps), (ahead.evals, plain.evals)):
        assert one.keys() == other.keys()
        for name in one.keys() - {"seconds"}:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_each_epoch_but_the_first_is_begun_during_an_evaluation(data, begun):
    run_of(data)
    # 3,200 rows are 50 batches of 64. The stepper of epoch 0 needs the initial loss.
    assert begun == [(epoch, 50) for epoch in range(1, 6)]


@pytest.mark.parametrize(
    "changes",
    [("variant=bgd",), ("engine=numpy",), ("dataset.split.validation=0.9",)],
    ids=["full batches", "numpy", "small data"],
)
def test_nothing_is_begun_where_it_saves_no_time(data, begun, changes):
    run_of(data, *changes)
    assert begun == []


def test_the_time_of_both_counts_once(data, begun, monkeypatch):
    taken, read = steps_ahead._timed, trainer.read

    def slow_steps(*chunk):
        found = taken(*chunk)
        time.sleep(0.05)
        return replace(found, seconds=found.seconds + 0.05)

    def slow_read(*given, **more):
        time.sleep(0.05)
        return read(*given, **more)

    monkeypatch.setattr(steps_ahead, "_timed", slow_steps)
    monkeypatch.setattr(trainer, "read", slow_read)
    timing = run_of(data).record["timing"]
    # Six chunks and seven evaluations, of which five are at the same time.
    assert timing["updates"] > 6 * 0.05
    assert timing["updates"] + timing["evaluations"] <= timing["total"]


def test_an_error_of_the_steps_is_raised_where_they_are_used(data, begun, monkeypatch):
    taken = steps_ahead._timed

    def fails(stepper, state, rates, betas):
        if state.place.epoch == 3:
            raise MemoryError("no memory for step 150")
        return taken(stepper, state, rates, betas)

    monkeypatch.setattr(steps_ahead, "_timed", fails)
    with pytest.raises(MemoryError, match="no memory for step 150"):
        run_of(data)
