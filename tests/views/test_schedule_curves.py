"""The drawn schedule is what is trained: a staircase of epochs, a slope of steps, and its t."""

import io

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.config.loading import load
from gdrun.engine.build import cohort_of
from gdrun.engine.preview import Preview, preview
from gdrun.runs.experiment_data import experiment_data
from gdrun.views.schedule import schedule_charts, schedule_view

STEP = ("schedule=step", "schedule.drop_every=10", "schedule.warmup=3", "lr=0.1")


def planned(*words):
    experiment = load(None, words)
    return [(experiment, preview(cohort_of([experiment], experiment_data(experiment))))]


def curve(*words):
    return schedule_charts(planned(*words))[0].curves[0]


def page(*words):
    screen = Console(width=80, file=io.StringIO())
    screen.print(schedule_view(planned(*words)))
    return screen.file.getvalue()


def rates_at(found, times):
    """The rates of a staircase in the middle of epochs, where each is one constant value."""
    return np.interp(np.array(times) + 0.5, found.x, found.y)


def test_a_rate_per_epoch_is_a_staircase():
    found = curve(*STEP, "epochs=30")
    # 0, 1/3 and 2/3 of 0.1 in the warm-up; halves at the epochs 3 + 10 and 3 + 20.
    epochs = [0, 1, 2, 3, 12, 13, 22, 23, 29]
    expected = [0, 0.1 / 3, 0.2 / 3, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    np.testing.assert_allclose(rates_at(found, epochs), expected)
    # Each stair is level, and each riser vertical; the last epoch has its length, too.
    across, up = np.diff(found.x), np.diff(found.y)
    assert not (across * up).any()
    assert (found.x[0], found.x[-1]) == (0, 30)


def test_the_staircase_is_what_a_run_trains():
    words = ("dataset=iris", "model=softmax", *STEP, "epochs=30")
    run, found = gdrun.train(None, *words), curve(*words)
    np.testing.assert_allclose(
        run.steps["lr"], np.interp(np.ceil(run.steps["epoch"]) - 0.5, found.x, found.y)
    )


def test_a_rate_per_step_is_a_slope_and_drops_at_once():
    """The rate 1 of steps 0 to 4 becomes ½ at step 5: a vertical line, not a ramp."""
    t = np.arange(10.0)
    step = Preview(t, np.where(t < 5, 1.0, 0.5), None, "step", False, 10.0)
    smooth = Preview(t, 1 / (1 + t), None, "step", False, 10.0)
    experiment = load(None, ["schedule=step", "schedule.per=step"])
    drops, falls = (schedule_charts([(experiment, each)])[0].curves[0] for each in (step, smooth))
    assert drops.y[drops.x == 5].tolist() == [1.0, 0.5]
    assert set(drops.y[drops.x < 5]) == {1.0}
    assert set(drops.y[drops.x > 5]) == {0.5}
    assert falls.x.tolist() == t.tolist()


def test_one_epoch_is_one_stair():
    found = curve("schedule=cosine", "lr=0.1", "epochs=1")
    assert (found.x.tolist(), found.y.tolist()) == ([0, 1], [0.1, 0.1])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (STEP, "warm-up (epoch < 3): lr = lr₀ · epoch/3; then t = epoch − 3\n"),
        (
            ("schedule=cosine", "schedule.warmup=5", "schedule.warmup_start=one"),
            "warm-up (epoch < 5): lr = lr₀ · (epoch + 1)/5; then t = epoch − 5, T = 25\n",
        ),
        (
            ("schedule=step", "schedule.warmup=20", "schedule.per=step"),
            "warm-up (step < 20): lr = lr₀ · step/20; then t = step − 20\n",
        ),
    ],
)
def test_the_time_of_the_equation_is_said(words, expected):
    assert expected in page(*words, "epochs=30")


def test_without_a_warm_up_nothing_is_said():
    assert "warm-up" not in page("schedule=step", "epochs=30")
