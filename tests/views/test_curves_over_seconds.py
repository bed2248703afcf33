"""Curves of a comparison over seconds: steps times the seconds per step of each contender."""

from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.errors import GdrunError
from gdrun.views.study_curves import study_curves
from gdrun.views.study_figures import comparison_charts

IRIS = {"dataset": "iris", "model": "softmax"}


@pytest.fixture(scope="module")
def found():
    return gdrun.compare(["bgd", "mbgd"], IRIS, "epochs=3", seeds=2)


@pytest.mark.parametrize("y", [None, "train_loss", "grad_norm"])
def test_each_contender_has_the_seconds_in_which_it_was_timed(found, y):
    chart = study_curves(found, "seconds", y)
    # Iris has 120 training rows: 1 step an epoch with full batches, 2 with batches of 64.
    ends = [steps * row.pace for steps, row in zip((3, 6), found.contenders, strict=True)]
    assert [curve.x[-1] for curve in chart.curves] == pytest.approx(ends)
    assert chart.x_label == "seconds in updates"


def test_both_pictures_of_a_comparison_have_the_same_seconds(found):
    own, usual = study_curves(found, "seconds"), comparison_charts(found, "seconds")[0]
    for one, other in zip(own.curves, usual.curves, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)


def test_a_contender_that_was_not_timed_has_no_seconds(found):
    first, second = found.contenders
    stopped = replace(found, contenders=(first, replace(second, pace=None)))
    with pytest.raises(GdrunError, match="before every contender was timed"):
        study_curves(stopped, "seconds")


def test_a_sweep_has_no_seconds():
    sweep = gdrun.sweep(IRIS, {"lr": [0.1, 0.2]}, "epochs=2", seeds=1)
    with pytest.raises(GdrunError, match="only a comparison times") as raised:
        study_curves(sweep, "seconds")
    assert "choose from epoch, step, gradients" in str(raised.value)
