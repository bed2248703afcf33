"""The progress line: its parts, and the parts that it leaves out on a narrow terminal."""

import pytest

from gdrun.config.loading import load
from gdrun.engine.listeners import Listener
from gdrun.runs.session import Session
from gdrun.views.progress import progress_line


class Lines(Listener):
    """The line after each chunk, two seconds after the start, for a width."""

    def __init__(self, width):
        self.width, self.lines = width, []

    def advanced(self, progress):
        self.lines.append(progress_line(progress, 2.0, self.width))


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
