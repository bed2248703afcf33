"""The rows of the table of evaluations: evenly spaced ones, and those that a reader must see."""

import io

import numpy as np
import pytest
from rich.console import Console

from gdrun.views.evaluation_table import evaluation_table


def epochs(loss):
    count = np.arange(len(loss))
    screen = io.StringIO()
    evals = {"epoch": count.astype(float), "step": count, "train_loss": np.array(loss)}
    Console(file=screen, width=80).print(evaluation_table(evals))
    return [int(line.split()[0]) for line in screen.getvalue().splitlines()[1:]]


EVEN = [0, 9, 18, 27, 36, 45, 55, 64, 73, 82, 91, 100]  # 100 k / 11, rounded
FALLING = 0.9 ** np.arange(101)


@pytest.mark.parametrize(
    ("place", "loss", "more"),
    [(1, 8.0, [1]), (2, 2.1, [2]), (1, 1.9, []), (9, 8.0, []), (50, np.nan, []), (1, np.inf, [1])],
)
def test_the_largest_loss_has_a_row_if_it_is_far_above_the_start(place, loss, more):
    """The loss begins at 1, so that it is far above its start from 2."""
    losses = FALLING.copy()
    losses[place] = loss
    assert epochs(losses) == sorted(EVEN + more)


@pytest.mark.parametrize("loss", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_a_loss_that_is_never_finite_adds_no_row(loss):
    assert epochs(np.full(101, loss)) == EVEN
