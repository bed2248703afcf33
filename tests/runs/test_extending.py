"""A run with an extended budget has the bits of a run that had this budget from the start."""

import numpy as np
import pytest
from continued import InterruptedAt
from test_resuming import assert_same

import gdrun
from gdrun.config.loading import load
from gdrun.methods.definitions import inputs_of
from gdrun.methods.schedules import SCHEDULES
from gdrun.runs.extending import Extension
from gdrun.runs.session import Session

CONFIG = {
    "dataset": {"name": "iris", "split": {"validation": 15, "test": 15}},
    "model": "softmax",
    "variant": {"name": "mbgd", "batch_size": 24},
    "optimizer": {"name": "adam", "lr": 0.1},
    "stopping": {"epochs": 4},
}


@pytest.fixture(params=["from the checkpoint", "from the start"])
def kept(request, monkeypatch):
    """Whether the first run was long enough for a checkpoint at the end of its budget."""
    long = request.param == "from the checkpoint"
    monkeypatch.setenv("GDRUN_CHECKPOINT_SECONDS", "0" if long else "1000")
    return long


def extended(out, config, budget, length=None):
    run = gdrun.train(config, out=out)
    return gdrun.train(resume=run.directory, extend=budget, schedule_length=length)


OPEN_ENDED = [
    name
    for name, schedule in SCHEDULES.items()
    if "T" not in inputs_of(schedule.function) and schedule.beta is None
]


@pytest.mark.longer
@pytest.mark.parametrize("name", OPEN_ENDED)
def test_every_schedule_without_a_length(name, kept, tmp_path):
    config = CONFIG | {"schedule": {"name": name, "warmup": 1}, "stopping": {"epochs": 3}}
    run = extended(tmp_path, config, "epochs=7")
    assert_same(run, gdrun.train(config, "epochs=7"))
    assert_same(gdrun.read_run(run.directory), run)
    assert (run.directory / "checkpoint.npz").exists() == kept
    # The config of the extended run repeats it.
    assert_same(gdrun.train(run.directory / "config.yaml"), run)


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["steps", "gradients"])
def test_a_budget_that_ended_between_two_evaluations(kind, kept, tmp_path):
    """The evaluation at the old end is not part of the longer run."""
    size = {"steps": 1, "gradients": 24}[kind]
    config = CONFIG | {"stopping": {kind: 6 * size}}
    run = extended(tmp_path, config, f"{kind}={17 * size}")
    assert_same(run, gdrun.train(config, f"{kind}={17 * size}"))
    assert 6 not in run.evals["step"]


def rates_by_epoch(run):
    """The rate of each epoch of a run with 5 steps an epoch."""
    return run.steps["lr"][::5]


def cosine(T, count):
    return [0.1 * (1 + np.cos(np.pi * t / T)) / 2 for t in range(count)]


@pytest.mark.longer
def test_keep_continues_with_the_last_rate(kept, tmp_path):
    """Cosine over 4 epochs has the rates 0.1 (1 + cos(πt/4))/2 for t = 0 … 3; the last stays."""
    run = extended(tmp_path, CONFIG | {"schedule": "cosine"}, "epochs=7", "keep")
    expected = cosine(4, 4)
    np.testing.assert_allclose(rates_by_epoch(run), expected + expected[-1:] * 3, rtol=1e-12)
    assert_same(gdrun.train(run.directory / "config.yaml"), run)


@pytest.mark.longer
def test_restart_begins_the_schedule_again(kept, tmp_path):
    """Then cosine over the 3 new epochs; extended again, once more over 2."""
    run = extended(tmp_path, CONFIG | {"schedule": "cosine"}, "epochs=7", "restart")
    expected = cosine(4, 4) + cosine(3, 3)
    np.testing.assert_allclose(rates_by_epoch(run), expected, rtol=1e-12)
    run = gdrun.train(resume=run.directory, extend="epochs=9", schedule_length="restart")
    np.testing.assert_allclose(rates_by_epoch(run), expected + cosine(2, 2), rtol=1e-12)
    assert_same(gdrun.train(run.directory / "config.yaml"), run)


@pytest.mark.longer
def test_stretch_follows_the_schedule_of_the_new_budget(kept, tmp_path):
    """Cosine over 4 epochs, then from t = 4 cosine over 7 epochs; then from t = 7 over 9."""
    run = extended(tmp_path, CONFIG | {"schedule": "cosine"}, "epochs=7", "stretch")
    expected = cosine(4, 4) + cosine(7, 7)[4:]
    np.testing.assert_allclose(rates_by_epoch(run), expected, rtol=1e-12)
    assert_same(gdrun.train(run.directory / "config.yaml"), run)
    run = gdrun.train(resume=run.directory, extend="epochs=9", schedule_length="stretch")
    np.testing.assert_allclose(rates_by_epoch(run), expected + cosine(9, 9)[7:], rtol=1e-12)
    assert_same(gdrun.train(run.directory / "config.yaml"), run)


@pytest.mark.longer
def test_stretch_after_a_restart_counts_from_the_restart(tmp_path):
    """4 epochs, restarted for 3; then of the second cosine the epochs 3 and 4 of 5."""
    run = extended(tmp_path, CONFIG | {"schedule": "cosine"}, "epochs=7", "restart")
    run = gdrun.train(resume=run.directory, extend="epochs=9", schedule_length="stretch")
    expected = cosine(4, 4) + cosine(3, 3) + cosine(5, 5)[3:]
    np.testing.assert_allclose(rates_by_epoch(run), expected, rtol=1e-12)
    run = gdrun.train(resume=run.directory, extend="epochs=11", schedule_length="keep")
    np.testing.assert_allclose(rates_by_epoch(run), expected + expected[-1:] * 2, rtol=1e-12)
    assert_same(gdrun.train(run.directory / "config.yaml"), run)


def test_stretch_with_warmup_and_steps(tmp_path):
    """10 steps of warm-up, a straight line over 10 steps, then the rest of the line over 15."""
    schedule = {"name": "linear", "per": "step", "warmup": 10, "warmup_start": "one"}
    run = extended(tmp_path, CONFIG | {"schedule": schedule}, "epochs=5", "stretch")
    rising = [0.1 * (t + 1) / 10 for t in range(10)]
    lines = [0.1 * (1 - t / 10) for t in range(10)] + [0.1 * (1 - t / 15) for t in range(10, 15)]
    np.testing.assert_allclose(run.steps["lr"], rising + lines, rtol=1e-12)


def test_warmup_and_steps_are_part_of_the_old_length(tmp_path):
    """10 steps of warm-up and 10 of the straight line: its rates are 0.1 (1 − t/10), t = 0 … 9."""
    schedule = {"name": "linear", "per": "step", "warmup": 10, "warmup_start": "one"}
    run = extended(tmp_path, CONFIG | {"schedule": schedule}, "epochs=5", "keep")
    rising = [0.1 * (t + 1) / 10 for t in range(10)]
    falling = [0.1 * (1 - t / 10) for t in range(10)]
    np.testing.assert_allclose(run.steps["lr"], rising + falling + falling[-1:] * 5, rtol=1e-12)


def test_the_rates_at_the_seam_are_noted(tmp_path):
    run = gdrun.train(CONFIG | {"schedule": "cosine"}, out=tmp_path)
    session = Session.resumed(run.directory, extension=Extension("epochs=8", "restart"))
    note = f"the learning rate is {cosine(4, 4)[-1]:.4g} before and 0.1 after epoch 4"
    assert session.notes[-1] == note
    session.run()
    session = Session.resumed(run.directory, extension=Extension("epochs=12", "stretch"))
    note = f"the learning rate is {cosine(4, 4)[-1]:.4g} before and {cosine(8, 8)[4]:.4g} after"
    assert session.notes[-1] == f"{note} epoch 8"
    session.run()


@pytest.mark.longer
def test_seeds_are_extended_together(kept, tmp_path):
    first = load(CONFIG)
    seeds = [first.with_seed(seed) for seed in range(3)]
    runs = Session(seeds, out=tmp_path).run()
    again = Session.resumed(runs[1].directory, extension=Extension("epochs=6")).run()
    longer = [load(CONFIG, ["epochs=6"]).with_seed(seed) for seed in range(3)]
    for run, other in zip(again, Session(longer, out=None).run(), strict=True):
        assert_same(run, other)


@pytest.mark.longer
def test_an_extension_that_is_interrupted_continues(kept, tmp_path):
    run = gdrun.train(CONFIG, out=tmp_path)
    session = Session.resumed(run.directory, extension=Extension("epochs=9"))
    (part,) = session.run(interrupted=InterruptedAt(3))
    assert part.status == "interrupted"
    assert_same(gdrun.train(resume=run.directory), gdrun.train(CONFIG, "epochs=9"))


@pytest.mark.longer
@pytest.mark.parametrize(
    ("changes", "budget", "length", "message"),
    [
        ({}, "epochs=4", None, "must be more than the 4 epochs that the run had, got 4"),
        ({}, "epochs=many", None, "must be more than the 4 epochs that the run had, got 'many'"),
        ({}, "steps=100", None, "the run has no budget of steps"),
        ({}, "lr=0.2", None, "lr is not a budget"),
        ({"schedule": "cosine"}, "epochs=9", None, "cosine ends with the old budget"),
        ({"schedule": "cosine"}, "epochs=9", "bend", "'bend' is not one of the choices"),
        ({"schedule": "one_cycle"}, "epochs=9", "keep", "one_cycle cannot be extended"),
        ({"stopping": {"epochs": 9, "target_loss": 5}}, "epochs=10", None, "not end by its budget"),
    ],
)
def test_wrong_extensions(changes, budget, length, message, tmp_path):
    config = CONFIG | {"optimizer": {"name": "momentum", "lr": 0.1}} | changes
    run = gdrun.train(config, out=tmp_path)
    before = {path: path.read_bytes() for path in run.directory.iterdir()}
    with pytest.raises(gdrun.GdrunError, match=message) as error:
        gdrun.train(resume=run.directory, extend=budget, schedule_length=length)
    assert all(problem.hint for problem in error.value.problems)
    assert {path: path.read_bytes() for path in run.directory.iterdir()} == before
