"""How good a cure must be: a share of the best improvement, and better than the diagnosed run."""

import math

import pytest

from gdrun.insight.cure_limit import cure_limit
from gdrun.insight.goals import Goal

LOSS = Goal("validation_loss")


def test_a_cure_made_nine_tenths_of_the_best_improvement():
    # From 1 to 0.5 the loss falls by 0.5, and nine tenths of it end at 1 − 0.45.
    limit = cure_limit(LOSS, 1.0, 0.5, math.inf)
    assert (limit.score, limit.close) == (pytest.approx(0.55), True)


def test_losses_that_span_decades_are_compared_by_factors():
    """From 1 to 1e-10 are ten decades, and nine of them end at 1e-9: 24,000 times is no cure."""
    limit = cure_limit(LOSS, 1.0, 1e-10, math.inf)
    assert limit.score == pytest.approx(1e-9)
    assert limit.score < 24_000 * 1e-10


def test_a_cure_is_better_than_the_diagnosed_run():
    limit = cure_limit(LOSS, 1.0, 0.5, 0.52)
    assert (limit.score, limit.close) == (0.52, False)


def test_the_best_of_runs_that_are_all_worse_than_the_start_is_the_limit():
    assert cure_limit(LOSS, 1.0, 2.0, math.inf).score == 2.0
    assert cure_limit(LOSS, math.inf, 2.0, math.inf).score == math.inf
    assert cure_limit(LOSS, 1.0, math.inf, math.inf).score == math.inf


def test_a_larger_accuracy_is_better():
    # From 0.5 to 0.9 the accuracy rises by 0.4, and nine tenths of it end at 0.86.
    limit = cure_limit(Goal("validation_accuracy", larger=True), -0.5, -0.9, math.inf)
    assert (limit.metric, limit.start) == (pytest.approx(0.86), 0.5)
