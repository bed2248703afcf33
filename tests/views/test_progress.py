"""The progress line: its parts, and the parts that it leaves out on a narrow terminal."""

import pytest

from gdrun.cli import running
from gdrun.config.loading import load
from gdrun.engine.listeners import Listener
from gdrun.runs.session import Session
from gdrun.views.numbers import duration
from gdrun.views.progress import Beginning, progress_line


class Lines(Listener):
    """The line after each chunk, two seconds after the start, for a width."""

    def __init__(self, width):
        self.width, self.lines = width, []

    def advanced(self, progress):
        self.lines.append(progress_line(progress, Beginning(10.0), 12.0, self.width))


def lines(width, runs=1):
    first = load(None, ["epochs=3", "lr=0.1"])
    listener = Lines(width)
    Session([first.with_seed(seed) for seed in range(runs)], out=None).run([listener])
    return listener.lines


def test_it_has_all_parts_on_a_wide_terminal():
    last = lines(200, runs=2)[-1]
    # 3 epochs of 23 batches in 2 s: 34.5 steps a second, and nothing left to do.
    assert last.startswith("epoch 3/3  loss 0.")
    assert last.endswith("2 of 2 runs  34 steps/s  0.0 ms left")
    assert "  grad norm 0." in last
    assert "  lr 0." in last


@pytest.mark.parametrize("width", [10, 20, 40, 60, 79])
def test_it_fits_and_keeps_the_epoch(width):
    for line in lines(width, runs=2):
        assert len(line) <= width
        assert line.startswith("epoch ")


def test_the_time_left_outlives_the_rate():
    (*_, last) = lines(60)
    assert "left" in last
    assert "lr" not in last


class Interrupter(Listener):
    """Interrupts a session after the first epoch."""

    epoch = 0.0

    def advanced(self, progress):
        self.epoch = progress.epoch

    def __call__(self):
        return "SIGINT" if self.epoch >= 1 else None


def test_the_speed_of_a_continued_run_counts_the_steps_since_then(tmp_path, monkeypatch):
    """The shown line of 3 epochs of 23 batches, of which a first session took some."""
    interrupter = Interrupter()
    session = Session([load(None, ["epochs=3", "lr=0.1", "engine=numpy"])], out=tmp_path)
    (run,) = session.run([interrupter], interrupter)
    before = run.summary["steps"]
    assert 0 < before < 69
    clock, lines = [1000.0], []
    monkeypatch.setattr(running.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(running.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(running, "_width", lambda: 200)
    (listener,) = running.progress_listeners(quiet=False)
    monkeypatch.setattr(listener, "_write", lines.append)

    first = []

    class Pace(Listener):
        """Lets an hour pass before the first step, and 2 s in each chunk of steps."""

        def started(self, progress):
            clock[0] += 3600

        def advanced(self, progress):
            clock[0] += 2
            first.append(progress.state.step)

    Session.resumed(run.directory).run([Pace(), listener])
    speed, left = (first[0] - before) / 2, 69 - first[0]
    assert f"  {speed:,.0f} steps/s  " in lines[0]
    # What is left takes its number of steps at that speed.
    assert lines[0].endswith(f"{duration(left / speed)} left")
