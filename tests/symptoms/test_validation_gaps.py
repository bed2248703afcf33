"""Validation losses that settle far above their lowest value."""

import numpy as np
import pytest
from curves import STEADY, curves

from gdrun.symptoms.registry import diagnose


def found(train, validation):
    return {each.name: each for each in diagnose(curves(train, validation))}


SETTLED = 2.26 + 0.5 * 0.7 ** np.arange(19)
"""A validation loss that falls from a peak of 2.76, and settles at 2.26."""

RISEN = [1, 1.2, 1.3, 1.2, *np.linspace(1.1, 0.3, 16)]
"""A training loss that first rose by 3/10, and fell to 0.3 since then."""


@pytest.mark.parametrize(
    ("rise", "overfits"),
    [
        (0.09, False),
        (0.11, True),
        (0.06, False),
    ],
)
def test_a_rise_is_reported_from_a_tenth_of_the_fall_on(rise, overfits):
    """From 1.5 the loss falls to 0.5, a fall of 1."""
    validation = [1.5, 1, 0.5, *np.linspace(0.5, 0.5 + rise, 7), *[0.5 + rise] * 10]
    assert ("overfitting" in found(STEADY, validation)) is overfits


def test_a_loss_that_doubles_overfits_although_it_fell_far():
    """From 3 it falls to 0.1; the rise to 0.25 is 1/19 of this fall, and to 0.19 it is 1/32."""
    for end, overfits in ((0.19, False), (0.25, True)):
        validation = [3, 1, 0.1, *np.linspace(0.1, end, 7), *[end] * 10]
        assert ("overfitting" in found(STEADY, validation)) is overfits


@pytest.mark.parametrize(
    ("train", "validation", "overfits"),
    [
        (RISEN, [0.7, *SETTLED], True),
        (STEADY, [0.7, *SETTLED], True),
        # The training loss ends where the validation loss does.
        ([1, 3, *np.full(18, 2.3)], [0.7, *SETTLED], False),
        # It falls as fast at the end as before.
        (RISEN, [0.7, *np.linspace(2.8, 1.2, 19)], False),
        # It settles far below its start.
        (RISEN, [0.7, *(SETTLED - 2.1)], False),
        # After a jump of the training loss, the validation loss settles above or below its start.
        ([1, 9, *STEADY[:18]], [1, *(3 * SETTLED)], True),
        ([1, 9, *STEADY[:18]], [1, *(SETTLED - 2.1)], False),
    ],
)
def test_a_validation_loss_that_settles_far_above_its_lowest_value(train, validation, overfits):
    assert ("overfitting" in found(train, validation)) is overfits


def test_smaller_steps_are_the_first_remedy_if_the_training_loss_rose_too():
    """The rate is 0.1."""
    first = found(RISEN, [0.7, *SETTLED])["overfitting"].remedies[0]
    assert first.changes["optimizer.lr"] < 0.1
    other = found(STEADY, [0.7, *SETTLED])["overfitting"].remedies[0]
    assert "optimizer.lr" not in other.changes
